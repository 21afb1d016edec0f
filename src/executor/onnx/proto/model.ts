/** ONNX's ModelProto as far as it decides whether a model may run (onnx/onnx.proto3 of the ONNX project; field numbers from there). */
import type { Table } from './message.ts'
import type { Field } from './wire.ts'
import { eachField, numbersOf } from './message.ts'
import { Budget, invalid, signed, textOf } from './wire.ts'

/** Fields of all messages of one model together: an unpacked list of a million numbers is more than any exporter writes. */
const FIELDS_MAX = 1_000_000
const RANK_MAX = 8

export interface TensorInfo {
  readonly name: string
  readonly dims: readonly number[]
  /** TensorProto.DataType */
  readonly type: number
  /** Bytes of `raw_data`; undefined when the values stand in a typed list. */
  readonly raw: Uint8Array | undefined
}

/** A graph's input or output. */
export interface ValueInfo {
  readonly name: string
  readonly type: number
  /** A fixed size, or undefined where it is open. */
  readonly shape: readonly (number | undefined)[]
}

export interface NodeInfo {
  readonly op: string
  readonly domain: string
  readonly name: string
}

export interface ModelInfo {
  readonly irVersion: number
  readonly opset: number
  readonly nodes: readonly NodeInfo[]
  readonly weights: readonly TensorInfo[]
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
}

const MODEL: Table = {
  1: 'one-number', // ir_version
  2: 'one-bytes', // producer_name
  3: 'one-bytes', // producer_version
  4: 'one-bytes', // domain
  5: 'one-number', // model_version
  6: 'one-bytes', // doc_string
  7: 'one-bytes', // graph
  8: 'many-bytes', // opset_import
  14: 'many-bytes' // metadata_props
}
const GRAPH: Table = {
  1: 'many-bytes', // node
  2: 'one-bytes', // name
  5: 'many-bytes', // initializer
  10: 'one-bytes', // doc_string
  11: 'many-bytes', // input
  12: 'many-bytes', // output
  13: 'many-bytes', // value_info
  16: 'many-bytes' // metadata_props
}
const NODE: Table = {
  1: 'many-bytes', // input
  2: 'many-bytes', // output
  3: 'one-bytes', // name
  4: 'one-bytes', // op_type
  5: 'many-bytes', // attribute
  6: 'one-bytes', // doc_string
  7: 'one-bytes', // domain
  9: 'many-bytes' // metadata_props
}
/** Without graphs (6, 11), types (14, 15), references (21) and sparse tensors (22, 23): those are refused by absence. */
const ATTRIBUTE: Table = {
  1: 'one-bytes', // name
  2: 'one-float', // f
  3: 'one-number', // i
  4: 'one-bytes', // s
  5: 'one-bytes', // t
  7: 'many-floats', // floats
  8: 'many-numbers', // ints
  9: 'many-bytes', // strings
  10: 'many-bytes', // tensors
  13: 'one-bytes', // doc_string
  20: 'one-number' // type
}
/** Without segment (3), strings (6) and external data (13). */
const TENSOR: Table = {
  1: 'many-numbers', // dims
  2: 'one-number', // data_type
  4: 'many-floats', // float_data
  5: 'many-numbers', // int32_data
  7: 'many-numbers', // int64_data
  8: 'one-bytes', // name
  9: 'one-bytes', // raw_data
  10: 'many-doubles', // double_data
  11: 'many-numbers', // uint64_data
  12: 'one-bytes', // doc_string
  14: 'one-number' // data_location
}
const VALUE: Table = { 1: 'one-bytes', 2: 'one-bytes', 3: 'one-bytes', 4: 'many-bytes' }
/** A type is a tensor's: sequences, maps and optional values are refused. */
const TYPE: Table = { 1: 'one-bytes', 6: 'one-bytes' }
const TENSOR_TYPE: Table = { 1: 'one-number', 2: 'one-bytes' }
const SHAPE: Table = { 1: 'many-bytes' }
const DIMENSION: Table = { 1: 'one-number', 2: 'one-bytes', 3: 'one-bytes' }
const OPSET: Table = { 1: 'one-bytes', 2: 'one-number' }

/** What the fields are called whose refusal a person should understand. */
const REFUSED: readonly (readonly [table: Table, number: number, what: string])[] = [
  [MODEL, 20, 'has training information; give the training step as an ordinary graph'],
  [MODEL, 25, 'defines functions of its own'],
  [GRAPH, 15, 'holds sparse weights'],
  [ATTRIBUTE, 6, 'holds a graph inside a node (If, Loop, Scan are not taken)'],
  [ATTRIBUTE, 11, 'holds a graph inside a node (If, Loop, Scan are not taken)'],
  [TENSOR, 13, 'points to data outside the model'],
  [TENSOR, 6, 'holds text']
]

/** Bytes of one element by TensorProto.DataType; other types (text, complex, 4 and 8 bit floats) are refused. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2 }
}

class ModelReader {
  readonly #budget = new Budget(FIELDS_MAX, 'fields')

  model(bytes: Uint8Array): ModelInfo {
    let irVersion = 0
    let opset = 0
    let graph: Uint8Array | undefined
    this.#each(bytes, MODEL, 'the model', f => {
      if (f.number === 1) irVersion = Number(f.value)
      else if (f.number === 7) graph = f.bytes
      else if (f.number === 8) {
        if (opset > 0) throw invalid('the model', 'imports more than one set of operators')
        opset = this.#opset(f.bytes)
      }
    })
    if (graph === undefined) throw invalid('the model', 'has no graph')
    return { irVersion, opset, ...this.#graph(graph) }
  }

  #each(bytes: Uint8Array, table: Table, where: string, take: (field: Field) => void): void {
    const refused = REFUSED.filter(r => r[0] === table)
    const all = refused.length === 0 ? table : { ...table, ...lists(refused) }
    eachField(bytes, all, where, this.#budget, field => {
      const no = refused.find(r => r[1] === field.number)
      if (no !== undefined) throw invalid(where, no[2])
      take(field)
    })
  }

  #opset(bytes: Uint8Array): number {
    let version = 0
    this.#each(bytes, OPSET, 'an opset import', f => {
      if (f.number === 2) version = Number(f.value)
      else {
        const domain = textOf(f, 'an opset import')
        if (domain !== '' && domain !== 'ai.onnx')
          throw invalid(
            'the model',
            `uses the operators of '${domain.slice(0, 40)}'; only those of ONNX run here`
          )
      }
    })
    return version
  }

  #graph(bytes: Uint8Array): Pick<ModelInfo, 'nodes' | 'weights' | 'inputs' | 'outputs'> {
    const nodes: NodeInfo[] = []
    const weights: TensorInfo[] = []
    const inputs: ValueInfo[] = []
    const outputs: ValueInfo[] = []
    this.#each(bytes, GRAPH, 'the graph', f => {
      if (f.number === 1) nodes.push(this.#node(f.bytes, nodes.length))
      else if (f.number === 5) weights.push(this.#tensor(f.bytes, `weight ${weights.length}`))
      else if (f.number === 11) inputs.push(this.#value(f.bytes, `input ${inputs.length}`))
      else if (f.number === 12) outputs.push(this.#value(f.bytes, `output ${outputs.length}`))
    })
    return { nodes, weights, inputs, outputs }
  }

  #node(bytes: Uint8Array, index: number): NodeInfo {
    const node = { op: '', domain: '', name: '' }
    const where = (): string => `node ${index}${node.op === '' ? '' : ` (${node.op.slice(0, 40)})`}`
    this.#each(bytes, NODE, where(), f => {
      if (f.number === 3) node.name = textOf(f, where())
      else if (f.number === 4) node.op = textOf(f, where())
      else if (f.number === 7) node.domain = textOf(f, where())
      else if (f.number === 5) this.#attribute(f.bytes, where())
      else if (f.number <= 2) textOf(f, where())
    })
    return node
  }

  #attribute(bytes: Uint8Array, where: string): void {
    this.#each(bytes, ATTRIBUTE, where, f => {
      if (f.number === 1) textOf(f, where)
      else if (f.number === 5 || f.number === 10) this.#tensor(f.bytes, where)
    })
  }

  #tensor(bytes: Uint8Array, at: string): TensorInfo {
    const tensor = { name: '', dims: [] as number[], type: 0, raw: undefined as Uint8Array | undefined }
    const where = (): string => (tensor.name === '' ? at : `tensor '${tensor.name.slice(0, 60)}'`)
    this.#each(bytes, TENSOR, where(), f => {
      if (f.number === 1)
        for (const d of numbersOf(f, where(), this.#budget)) tensor.dims.push(size(signed(d), where()))
      else if (f.number === 2) tensor.type = Number(f.value)
      else if (f.number === 8) tensor.name = textOf(f, where())
      else if (f.number === 9) tensor.raw = f.bytes
      else if (f.number === 14 && f.value !== 0n) throw invalid(where(), 'points to data outside the model')
    })
    checkTensor(tensor, where())
    return tensor
  }

  #value(bytes: Uint8Array, at: string): ValueInfo {
    const value = { name: '', type: 0, shape: [] as (number | undefined)[] }
    const where = (): string => (value.name === '' ? at : `'${value.name.slice(0, 60)}'`)
    this.#each(bytes, VALUE, at, f => {
      if (f.number === 1) value.name = textOf(f, at)
      if (f.number !== 2) return
      this.#each(f.bytes, TYPE, where(), t => {
        if (t.number !== 1) return
        this.#each(t.bytes, TENSOR_TYPE, where(), u => {
          if (u.number === 1) value.type = Number(u.value)
          else value.shape = this.#shape(u.bytes, where())
        })
      })
    })
    if (value.name === '') throw invalid(at, 'has no name')
    if (ELEMENT_BYTES[value.type] === undefined) throw invalid(where(), 'is no tensor of numbers')
    return value
  }

  #shape(bytes: Uint8Array, where: string): (number | undefined)[] {
    const shape: (number | undefined)[] = []
    this.#each(bytes, SHAPE, where, f => {
      let dim: number | undefined
      this.#each(f.bytes, DIMENSION, where, d => {
        if (d.number === 1) dim = size(signed(d.value), where)
      })
      shape.push(dim)
      if (shape.length > RANK_MAX) throw invalid(where, `has more than ${RANK_MAX} dimensions`)
    })
    return shape
  }
}

const lists = (refused: typeof REFUSED): Table =>
  Object.fromEntries(refused.map(([, number]) => [number, 'many-bytes' as const]))

function size(n: bigint, where: string): number {
  if (n < 0n || n > 0x7fffffffn) throw invalid(where, 'has a size that is out of range')
  return Number(n)
}

function checkTensor(t: TensorInfo, where: string): void {
  const bytes = ELEMENT_BYTES[t.type]
  if (bytes === undefined) throw invalid(where, `has elements of the type ${t.type}, which is not taken`)
  if (t.dims.length > RANK_MAX) throw invalid(where, `has more than ${RANK_MAX} dimensions`)
  const count = t.dims.reduce((n, d) => n * d, 1)
  if (!Number.isSafeInteger(count * bytes)) throw invalid(where, 'has a size that is out of range')
  if (t.raw !== undefined && t.raw.length !== count * bytes)
    throw invalid(where, `has ${t.raw.length} bytes of data where its shape needs ${count * bytes}`)
}

/** Reads a model; nothing of it is copied. MODULE_INVALID says what is wrong and where. */
export const readModel = (bytes: Uint8Array): ModelInfo => new ModelReader().model(bytes)
