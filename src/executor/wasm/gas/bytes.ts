import { ShoalError } from '../../../protocol/errors.ts'

export const badModule = (message: string): ShoalError => new ShoalError('MODULE_INVALID', message)

/** Reads the bytes of a module in order; MODULE_INVALID past the end. */
export class ModuleReader {
  readonly bytes: Uint8Array
  pos = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get done(): boolean {
    return this.pos >= this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.pos]
    if (value === undefined) throw badModule('The module ends too early.')
    this.pos++
    return value
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const b = this.byte()
      value += (b & 127) * 2 ** shift
      if (b < 128) return value
    }
    throw badModule('The module holds a number that is too long.')
  }

  /** Steps over a LEB128 of any kind. */
  skipLeb(): void {
    for (let n = 0; n < 10; n++) if (this.byte() < 128) return
    throw badModule('The module holds a number that is too long.')
  }

  take(n: number): Uint8Array {
    if (this.pos + n > this.bytes.length) throw badModule('The module ends too early.')
    this.pos += n
    return this.bytes.subarray(this.pos - n, this.pos)
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.pos)
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()))
  }
}

/** Collects bytes; grows by doubling. */
export class ModuleWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array | readonly number[]): this {
    const needed = this.#length + bytes.length
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = needed
    return this
  }

  u32(value: number): this {
    return this.add(leb(value))
  }

  /** A length and then the bytes. */
  sized(bytes: Uint8Array): this {
    return this.u32(bytes.length).add(bytes)
  }

  clear(): void {
    this.#length = 0
  }

  /** A view: good until the next change. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const out: number[] = []
  for (let rest = value; ;) {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0) return [...out, low]
    out.push(low | 128)
  }
}

/** Signed LEB128 of a number from 0 up, as `i64.const` takes it. */
export function signedLeb(value: number): number[] {
  const out: number[] = []
  for (let rest = value; ;) {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0 && low < 64) return [...out, low]
    out.push(low | 128)
  }
}
