/**
 * Protocol buffers on the wire, as far as ONNX needs them: varints, fixed 32 and 64 bit values, and length-delimited fields
 * (protobuf.dev, "Encoding"). Groups and everything else are refused. Stricter than a common parser on purpose: what two readers
 * could understand in two ways does not pass.
 */
import { ShoalError } from '../../../protocol/errors.ts'

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

export interface Field {
  readonly number: number
  readonly wire: number
  /** Of a varint; 0n for the others. */
  readonly value: bigint
  /** Of all others: the field's bytes, a view and no copy. */
  readonly bytes: Uint8Array
}

const NONE = new Uint8Array(0)

export const invalid = (where: string, what: string): ShoalError =>
  new ShoalError('MODULE_INVALID', `ONNX model: ${where} ${what}.`, { data: { where: where.slice(0, 120) } })

/** Counts what a whole model may hold, so that a small file cannot be endless work. */
export class Budget {
  #left: number
  readonly #what: string

  constructor(max: number, what: string) {
    this.#left = max
    this.#what = what
  }

  /** MODULE_INVALID when it is used up. */
  use(n = 1): void {
    this.#left -= n
    if (this.#left < 0) throw invalid('it', `has more ${this.#what} than are taken`)
  }
}

/** One message's bytes, field by field. Errors: MODULE_INVALID. */
export class WireReader {
  readonly #bytes: Uint8Array
  readonly #where: string
  readonly #budget: Budget
  #at = 0

  constructor(bytes: Uint8Array, where: string, budget: Budget) {
    this.#bytes = bytes
    this.#where = where
    this.#budget = budget
  }

  /** The next field; undefined at the end. */
  next(): Field | undefined {
    if (this.#at === this.#bytes.length) return undefined
    this.#budget.use()
    const key = this.#varint()
    const number = Number(key >> 3n)
    const wire = Number(key & 7n)
    if (key > 0xffffffffn || number === 0) throw invalid(this.#where, 'has a field without a number')
    if (wire === VARINT) return { number, wire, value: this.#varint(), bytes: NONE }
    if (wire === BYTES) return { number, wire, value: 0n, bytes: this.#take(this.#length()) }
    if (wire === FIXED32) return { number, wire, value: 0n, bytes: this.#take(4) }
    if (wire === FIXED64) return { number, wire, value: 0n, bytes: this.#take(8) }
    throw invalid(this.#where, `has a field of the wire type ${wire}`)
  }

  #length(): number {
    const length = this.#varint()
    if (length > BigInt(this.#bytes.length)) throw invalid(this.#where, 'is cut off')
    return Number(length)
  }

  #take(n: number): Uint8Array {
    if (this.#at + n > this.#bytes.length) throw invalid(this.#where, 'is cut off')
    this.#at += n
    return this.#bytes.subarray(this.#at - n, this.#at)
  }

  /** Small values take the quick way: keys and lengths nearly always are. */
  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw invalid(this.#where, 'is cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value >= 2n ** 64n) break
        return value
      }
    }
    throw invalid(this.#where, 'holds a number of more than 64 bits')
  }
}

/** A varint as the signed 64 bit number that protobuf means by `int64`. */
export const signed = (value: bigint): bigint => BigInt.asIntN(64, value)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** MODULE_INVALID when it is no UTF-8 or longer than `max` bytes. */
export function textOf(field: Field, where: string, max = 512): string {
  if (field.bytes.length > max) throw invalid(where, `has a name of more than ${max} bytes`)
  try {
    return utf8.decode(field.bytes)
  } catch {
    throw invalid(where, 'has a name that is no UTF-8')
  }
}
