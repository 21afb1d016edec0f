/**
 * What the engine and its runner say to each other over pipes. A frame is a u32 length (of what follows the type), a type byte and
 * the payload; big endian. Frames from the runner begin their payload with the gas used so far (u64) once the task runs.
 */
import { ShoalError } from '../../protocol/errors.ts'

/** Largest payload in either direction. */
export const MAX_PAYLOAD = 256 * 1024

/** To the runner, in this order; each of the streams ends with its `end` frame. The byte after them (`GO`) starts the task. */
export const TO_RUNNER = { config: 1, module: 2, input: 3, checkpoint: 4, end: 5 } as const
/** Not frames: one byte each, read by the runner's second thread. `GO` starts the task, `NEXT` announces another one of the same job. */
export const GO = 0x47
export const NEXT = 0x4e

/** From the runner. */
export const FROM_RUNNER = {
  /** It gave up its rights and waits for the task. */
  hello: 16,
  /** The task can be started. */
  ready: 17,
  /** The task was refused: JSON { code, message, next }. */
  refused: 18,
  /** gas, stream (0 out, 1 err), text. */
  log: 19,
  /** gas, f64, note. */
  progress: 20,
  /** gas, u32 size of the bundle, which follows in `checkpointData`. */
  checkpoint: 21,
  checkpointData: 22,
  /** gas, JSON outcome. */
  result: 23,
  /** /out as a bundle, in pieces, then `outputEnd`. */
  output: 24,
  outputEnd: 25
} as const

/** What the runner is told first, as JSON. */
export interface RunnerConfig {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly shard: number
  readonly shards: number
  /** 64 hex digits. */
  readonly seed: string
  /** Decimal. */
  readonly gas: string
  readonly memoryBytes: number
  readonly outputBytes: number
  readonly logBytes: number
  readonly moduleBytes: number
  readonly inputBytes: number
  /** Stay for another task of the same job when this one is done. */
  readonly keep: boolean
}

export interface Frame {
  readonly type: number
  readonly payload: Uint8Array
}

export const HEADER_BYTES = 5

export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD) throw new Error(`A frame of ${payload.length} bytes is too large.`)
  const frame = new Uint8Array(HEADER_BYTES + payload.length)
  new DataView(frame.buffer).setUint32(0, payload.length)
  frame[4] = type
  frame.set(payload, HEADER_BYTES)
  return frame
}

/** FRAME_TOO_LARGE above the limit. */
export function decodeHeader(header: Uint8Array): { type: number; length: number } {
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES)
  const length = view.getUint32(0)
  if (length > MAX_PAYLOAD)
    throw new ShoalError('FRAME_TOO_LARGE', `A frame of ${length} bytes is too large.`)
  return { type: view.getUint8(4), length }
}

/** Cuts bytes into payloads; nothing for no bytes. */
export function* cut(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let i = 0; i < bytes.length; i += MAX_PAYLOAD) yield bytes.subarray(i, i + MAX_PAYLOAD)
}

/** A payload that begins with the gas used so far. */
export function withGas(gas: bigint, ...parts: readonly Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(8 + parts.reduce((n, p) => n + p.length, 0))
  new DataView(payload.buffer).setBigUint64(0, gas)
  let at = 8
  for (const part of parts) {
    payload.set(part, at)
    at += part.length
  }
  return payload
}

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decodeText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
