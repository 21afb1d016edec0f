/** Frames: an unsigned varint (at most 4 bytes) with the length, then that many bytes. The length is judged before the bytes are kept. */
import { concatBytes } from '../../protocol/byte-source.ts'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import { FRAME_MAX } from '../../protocol/methods.ts'

/** 4 groups of 7 bits: lengths up to 2^28, far above FRAME_MAX. */
const PREFIX_MAX = 4

/** Prefix and body as one array. FRAME_TOO_LARGE above `max` bytes of body. */
export function encodeFrame(body: Uint8Array, max: number): Uint8Array {
  if (body.byteLength > Math.min(max, FRAME_MAX)) throw tooLarge(body.byteLength, max)
  const prefix: number[] = []
  let rest = body.byteLength
  for (; rest >= 0x80; rest >>>= 7) prefix.push((rest & 0x7f) | 0x80)
  prefix.push(rest)
  const frame = new Uint8Array(prefix.length + body.byteLength)
  frame.set(prefix)
  frame.set(body, prefix.length)
  return frame
}

const tooLarge = (size: number, max: number): ShoalError =>
  new ShoalError('FRAME_TOO_LARGE', `A frame of ${size} bytes, at most ${max}.`, { data: { size, max } })

const EMPTY = new Uint8Array(0)

/** Takes bytes in any split and gives whole frames. Holds at most one frame and what came with it. */
export class FrameDecoder {
  readonly #max: number
  #body: Uint8Array | undefined
  #filled = 0
  /** Bytes that belong to no frame yet. */
  #rest: Uint8Array = EMPTY
  #failure: ShoalError | undefined

  /** `max`: largest body in bytes. */
  constructor(max: number) {
    this.#max = Math.min(max, FRAME_MAX)
  }

  /** Bytes held and not yet given out. */
  get buffered(): number {
    return this.#filled + this.#rest.byteLength
  }

  /** Takes more bytes. They are copied. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined || chunk.byteLength === 0) return
    this.#rest = this.#rest.byteLength === 0 ? chunk : concatBytes([this.#rest, chunk])
    this.#advance()
    this.#rest = this.#rest.byteLength === 0 ? EMPTY : this.#rest.slice()
  }

  /** The next whole frame, or undefined when more bytes are needed. FRAME_TOO_LARGE, RECORD_INVALID; no frame follows an error. */
  next(): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#body === undefined || this.#filled < this.#body.byteLength) return undefined
    const frame = this.#body
    this.#body = undefined
    this.#filled = 0
    this.#advance()
    return frame
  }

  #advance(): void {
    try {
      this.#body ??= this.#begin()
    } catch (cause) {
      this.#failure = asShoalError(cause, 'RECORD_INVALID')
      this.#rest = EMPTY
    }
    if (this.#body === undefined) return
    const part = this.#rest.subarray(0, this.#body.byteLength - this.#filled)
    this.#body.set(part, this.#filled)
    this.#filled += part.byteLength
    this.#rest = this.#rest.subarray(part.byteLength)
  }

  /** Reads a prefix and makes room for its frame; undefined when the prefix is not whole yet. */
  #begin(): Uint8Array | undefined {
    let length = 0
    for (let i = 0; i < PREFIX_MAX; i++) {
      const byte = this.#rest[i]
      if (byte === undefined) return undefined
      length |= (byte & 0x7f) << (7 * i)
      if ((byte & 0x80) !== 0) continue
      if (byte === 0 && i > 0)
        throw new ShoalError('RECORD_INVALID', 'A length prefix that is not the shortest.')
      if (length > this.#max) throw tooLarge(length, this.#max)
      this.#rest = this.#rest.subarray(i + 1)
      return new Uint8Array(length)
    }
    throw new ShoalError('FRAME_TOO_LARGE', `A length prefix of more than ${PREFIX_MAX} bytes.`)
  }
}
