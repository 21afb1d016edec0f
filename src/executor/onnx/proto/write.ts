/** Writes ONNX models: for graphs that are built by a program, and for weights that go into a model. */
import { concatBytes } from '../../../protocol/byte-source.ts'
import { WireReader, Budget, textOf } from './wire.ts'
import { readModel } from './model.ts'

type Part = readonly [number: number, value: number | bigint | string | Uint8Array]

function varint(n: bigint): Uint8Array {
  const out: number[] = []
  let rest = BigInt.asUintN(64, n)
  for (; rest >= 0x80n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80)
  out.push(Number(rest))
  return Uint8Array.from(out)
}

/** One message. Numbers become varints; text and bytes are length-delimited. */
export function message(parts: readonly Part[]): Uint8Array {
  return concatBytes(
    parts.flatMap(([number, value]) => {
      if (typeof value === 'number' || typeof value === 'bigint')
        return [varint(BigInt(number) << 3n), varint(BigInt(value))]
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
      return [varint((BigInt(number) << 3n) | 2n), varint(BigInt(bytes.length)), bytes]
    })
  )
}

export const FLOAT = 1
export const INT64 = 7

const raw = (data: ArrayBufferView): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** A weight; its values in little endian, as typed arrays hold them on all systems that Node runs on. */
export const tensor = (
  name: string,
  dims: readonly number[],
  data: Float32Array | BigInt64Array
): Uint8Array =>
  message([
    ...dims.map((d): Part => [1, d]),
    [2, data instanceof Float32Array ? FLOAT : INT64],
    [8, name],
    [9, raw(data)]
  ])

/** An input or output; a text is the name of an open size. */
export function value(name: string, shape: readonly (number | string)[], type: number = FLOAT): Uint8Array {
  const dims = shape.map((d): Part => [1, message([typeof d === 'string' ? [2, d] : [1, d]])])
  return message([
    [1, name],
    [
      2,
      message([
        [
          1,
          message([
            [1, type],
            [2, message(dims)]
          ])
        ]
      ])
    ]
  ])
}

const ATTRIBUTE_INT = 2
const ATTRIBUTE_INTS = 7

/** A node of ONNX's own domain with whole-number attributes. */
export const node = (
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, number | readonly number[]>> = {}
): Uint8Array =>
  message([
    ...inputs.map((name): Part => [1, name]),
    ...outputs.map((name): Part => [2, name]),
    [4, op],
    ...Object.entries(attributes).map(([name, v]): Part => [
      5,
      typeof v === 'number'
        ? message([
            [1, name],
            [3, v],
            [20, ATTRIBUTE_INT]
          ])
        : message([[1, name], ...v.map((n): Part => [8, n]), [20, ATTRIBUTE_INTS]])
    ])
  ])

export interface GraphParts {
  readonly name: string
  readonly nodes: readonly Uint8Array[]
  readonly weights: readonly Uint8Array[]
  readonly inputs: readonly Uint8Array[]
  readonly outputs: readonly Uint8Array[]
}

/** A model of opset 13, in which ReduceSum takes its axes as an input. */
export function model({ name, nodes, weights, inputs, outputs }: GraphParts, opset = 13): Uint8Array {
  const all = (number: number, list: readonly Uint8Array[]): Part[] => list.map(b => [number, b])
  const graph = message([
    ...all(1, nodes),
    [2, name],
    ...all(5, weights),
    ...all(11, inputs),
    ...all(12, outputs)
  ])
  return message([
    [1, 8],
    [2, 'shoal'],
    [7, graph],
    [
      8,
      message([
        [1, ''],
        [2, opset]
      ])
    ]
  ])
}

const BUDGET = 1_000_000
const GRAPH = 7
const INITIALIZER = 5
const INPUT = 11

/** The parts of a message as they stand, some of them changed (`undefined`: left out). */
function rewrite(
  bytes: Uint8Array,
  change: (number: number, bytes: Uint8Array) => Uint8Array | undefined
): Part[] {
  const reader = new WireReader(bytes, 'the model', new Budget(BUDGET, 'fields'))
  const out: Part[] = []
  for (let f = reader.next(); f !== undefined; f = reader.next()) {
    if (f.wire === 0) out.push([f.number, f.value])
    else {
      const changed = change(f.number, f.bytes)
      if (changed !== undefined) out.push([f.number, changed])
    }
  }
  return out
}

function nameOf(value: Uint8Array): string {
  const reader = new WireReader(value, 'an input', new Budget(16, 'fields'))
  for (let f = reader.next(); f !== undefined; f = reader.next())
    if (f.number === 1) return textOf(f, 'an input')
  return ''
}

export interface Weight {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array
}

/**
 * A model in which inputs have become weights: of an inference graph, which takes its weights as inputs, and trained weights, the
 * model that can be used. Inputs without a weight of their name stay, weights without an input are left out.
 * @throws MODULE_INVALID when the template is no model
 */
export function withWeights(template: Uint8Array, weights: readonly Weight[]): Uint8Array {
  const wanted = new Set(readModel(template).inputs.map(i => i.name))
  const used = weights.filter(w => wanted.has(w.name))
  const names = new Set(used.map(w => w.name))
  const fill = (graph: Uint8Array): Uint8Array =>
    message([
      ...rewrite(graph, (number, b) => (number === INPUT && names.has(nameOf(b)) ? undefined : b)),
      ...used.map((w): Part => [INITIALIZER, tensor(w.name, w.dims, w.data)])
    ])
  return message(rewrite(template, (number, b) => (number === GRAPH ? fill(b) : b)))
}
