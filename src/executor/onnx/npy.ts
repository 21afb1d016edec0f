/** NumPy's .npy files, versions 1 to 3 (numpy.lib.format): plain numbers, little endian, rows first. Nothing is ever unpickled. */
import { ShoalError } from '../../protocol/errors.ts'
import { countOf, type Tensor, type TensorData } from './tensor.ts'

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const HEADER_MAX = 4096
const RANK_MAX = 8

type Maker = new (buffer: ArrayBuffer) => TensorData
const KINDS: Readonly<Record<string, readonly [bytes: number, make: Maker]>> = {
  '<f4': [4, Float32Array],
  '<f8': [8, Float64Array],
  '<i4': [4, Int32Array],
  '<i8': [8, BigInt64Array],
  '|u1': [1, Uint8Array],
  '|b1': [1, Uint8Array],
  '|i1': [1, Int8Array]
}

const refuse = (name: string, what: string): never => {
  throw new ShoalError('LIMIT_INPUT', `${name.slice(0, 100)} ${what}.`, {
    next: 'Write it with numpy.save as float32, float64, int32, int64, uint8 or int8, in C order.'
  })
}

/** What an array's first bytes say of the rest. */
export interface NpyHead {
  readonly dims: readonly number[]
  /** NumPy's name of the type, such as `<f4`. */
  readonly kind: string
  /** Of one value, in bytes. */
  readonly size: number
}

/** Bytes that tell how long the head is. */
export const NPY_START = 12

/** Bytes of the whole head, from its first NPY_START. LIMIT_INPUT. */
export function npyHeadSize(bytes: Uint8Array, name: string): number {
  if (bytes.length < 10 || MAGIC.some((m, i) => bytes[i] !== m)) return refuse(name, 'is no .npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const major = bytes[6] ?? 0
  if (major < 1 || major > 3) return refuse(name, `has the unknown .npy version ${major}`)
  if (major > 1 && bytes.length < NPY_START) return refuse(name, 'is cut off')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > HEADER_MAX) return refuse(name, 'has a broken header')
  return (major === 1 ? 10 : NPY_START) + length
}

/** Reads the head of a file of `total` bytes, which must hold as many values as its shape says. LIMIT_INPUT. */
export function parseNpyHead(head: Uint8Array, total: number, name: string): NpyHead {
  const text = new TextDecoder('latin1').decode(head.subarray(head[6] === 1 ? 10 : NPY_START))
  const kind = /'descr'\s*:\s*'([^']{1,8})'/.exec(text)?.[1] ?? ''
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(([\d, ]{0,100})\)/.exec(text)?.[1]
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (known === undefined) return refuse(name, `holds values of the type '${kind}'`)
  if (order !== 'False' || shape === undefined) return refuse(name, 'is not in C order')
  const dims = shape.split(',').flatMap(s => (s.trim() === '' ? [] : [Number(s)]))
  if (dims.length > RANK_MAX || dims.some(d => !Number.isSafeInteger(d)))
    return refuse(name, 'has a broken shape')
  const [size] = known
  const left = total - head.length
  if (left !== countOf(dims) * size)
    return refuse(name, `has ${left} bytes of data where its shape needs ${countOf(dims) * size}`)
  return { dims, kind, size }
}

/** Values of a type that a head names, copied: the bytes may lie anywhere. */
export const npyValues = (kind: string, bytes: Uint8Array): TensorData => {
  const known = KINDS[kind]
  if (known === undefined) return refuse('An array', `holds values of the type '${kind}'`)
  // a Buffer's own slice() would be a view of its pool
  return new known[1](new Uint8Array(bytes).buffer)
}

/** Reads one array. LIMIT_INPUT for anything else; `name` is for the message. */
export function parseNpy(bytes: Uint8Array, name: string): Tensor {
  const from = npyHeadSize(bytes, name)
  if (from > bytes.length) return refuse(name, 'has a broken header')
  const { dims, kind } = parseNpyHead(bytes.subarray(0, from), bytes.length, name)
  return { dims, data: npyValues(kind, bytes.subarray(from)) }
}

function kindOf(data: TensorData): string {
  if (data instanceof Float32Array) return '<f4'
  if (data instanceof Float64Array) return '<f8'
  if (data instanceof Int32Array) return '<i4'
  if (data instanceof BigInt64Array) return '<i8'
  return data instanceof Int8Array ? '|i1' : '|u1'
}

/** The bytes that numpy.save would write, up to the padding. */
export function formatNpy(t: Tensor): Uint8Array {
  const shape = t.dims.length === 1 ? `${t.dims[0]},` : t.dims.join(', ')
  const text = `{'descr': '${kindOf(t.data)}', 'fortran_order': False, 'shape': (${shape}), }`
  const padded = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11) + '\n'
  const out = new Uint8Array(10 + padded.length + t.data.byteLength)
  out.set([...MAGIC, 1, 0, padded.length & 0xff, padded.length >> 8])
  out.set(new TextEncoder().encode(padded), 10)
  out.set(new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength), 10 + padded.length)
  return out
}
