/**
 * A checkpoint of training: one file, written whole. Layout: `SHTR`, version 1, u32 length of the head (big endian), the head as JSON, the
 * weights one after another as 32 bit floats in little endian, and the sha-256 of all before it.
 */
import { createHash } from 'node:crypto'
import { concatBytes } from '../../protocol/byte-source.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Weight } from './proto/write.ts'

export interface TrainState {
  /** Steps done. */
  readonly step: number
  readonly seed: number
  readonly weights: readonly Weight[]
}

const MAGIC = Uint8Array.of(0x53, 0x48, 0x54, 0x52, 1)
const HEAD_MAX = 4 * 1024 * 1024
const DIGEST = 32

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

export function encodeState({ step, seed, weights }: TrainState): Uint8Array {
  const head = new TextEncoder().encode(
    JSON.stringify({ step, seed, weights: weights.map(({ name, dims }) => ({ name, dims })) })
  )
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, head.length)
  const data = weights.map(w => new Uint8Array(w.data.buffer, w.data.byteOffset, w.data.byteLength))
  const body = concatBytes([MAGIC, length, head, ...data])
  return concatBytes([body, sha256(body)])
}

const invalid = (what: string): ShoalError =>
  new ShoalError('LIMIT_INPUT', `The checkpoint ${what}.`, {
    next: 'Start the job again from the beginning.'
  })

interface Head {
  readonly step: number
  readonly seed: number
  readonly weights: readonly { readonly name: string; readonly dims: readonly number[] }[]
}

const isCount = (n: unknown, max: number): n is number =>
  Number.isSafeInteger(n) && Number(n) >= 0 && Number(n) <= max

function headOf(bytes: Uint8Array): Head {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalid('has a broken head')
  }
  const head = value as Partial<Head> | null
  if (typeof head !== 'object' || head === null || !Array.isArray(head.weights))
    throw invalid('has a broken head')
  const good = (w: unknown): boolean => {
    const { name, dims } = (w ?? {}) as { name?: unknown; dims?: unknown }
    return (
      typeof name === 'string' &&
      Array.isArray(dims) &&
      dims.length <= 8 &&
      dims.every(d => isCount(d, 0x7fffffff))
    )
  }
  if (!isCount(head.step, 2 ** 40) || !isCount(head.seed, 2 ** 32) || !head.weights.every(good))
    throw invalid('has a broken head')
  return head as Head
}

/** LIMIT_INPUT for anything that `encodeState` would not have written. */
export function decodeState(bytes: Uint8Array): TrainState {
  const from = MAGIC.length + 4
  if (bytes.length < from + DIGEST || MAGIC.some((m, i) => bytes[i] !== m))
    throw invalid('is none of this engine')
  const end = bytes.length - DIGEST
  const digest = sha256(bytes.subarray(0, end))
  if (digest.some((b, i) => b !== bytes[end + i])) throw invalid('is damaged')
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length)
  if (length > HEAD_MAX || from + length > end) throw invalid('has a broken head')
  const head = headOf(bytes.subarray(from, from + length))
  let at = from + length
  const weights = head.weights.map(({ name, dims }) => {
    const size = 4 * dims.reduce((n, d) => n * d, 1)
    if (!(at + size <= end)) throw invalid('is cut off')
    at += size
    return { name, dims, data: new Float32Array(bytes.slice(at - size, at).buffer) }
  })
  if (at !== end) throw invalid('has bytes that belong to nothing')
  return { step: head.step, seed: head.seed, weights }
}
