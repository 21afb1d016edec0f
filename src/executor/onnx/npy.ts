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

/** Reads one array. LIMIT_INPUT for anything else; `name` is for the message. */
export function parseNpy(bytes: Uint8Array, name: string): Tensor {
  if (bytes.length < 10 || MAGIC.some((m, i) => bytes[i] !== m)) return refuse(name, 'is no .npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const major = bytes[6] ?? 0
  if (major < 1 || major > 3) return refuse(name, `has the unknown .npy version ${major}`)
  if (major > 1 && bytes.length < 12) return refuse(name, 'is cut off')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const from = (major === 1 ? 10 : 12) + length
  if (length > HEADER_MAX || from > bytes.length) return refuse(name, 'has a broken header')
  const header = new TextDecoder('latin1').decode(bytes.subarray(from - length, from))
  const kind = /'descr'\s*:\s*'([^']{1,8})'/.exec(header)?.[1] ?? ''
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1]
  const shape = /'shape'\s*:\s*\(([\d, ]{0,100})\)/.exec(header)?.[1]
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (known === undefined) return refuse(name, `holds values of the type '${kind}'`)
  if (order !== 'False' || shape === undefined) return refuse(name, 'is not in C order')
  const dims = shape.split(',').flatMap(s => (s.trim() === '' ? [] : [Number(s)]))
  if (dims.length > RANK_MAX || dims.some(d => !Number.isSafeInteger(d)))
    return refuse(name, 'has a broken shape')
  const [size, make] = known
  if (bytes.length - from !== countOf(dims) * size)
    return refuse(
      name,
      `has ${bytes.length - from} bytes of data where its shape needs ${countOf(dims) * size}`
    )
  return { dims, data: new make(bytes.slice(from).buffer) }
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
