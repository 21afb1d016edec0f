import { ShoalError } from './errors.ts'

/** Reads exact amounts from a stream of chunks, whatever their sizes are. Never holds more than one chunk of the source. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** The next bytes, at most `max` and at least one; undefined at the end. */
  async some(max: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      if (this.#ended) return undefined
      const next = await this.#chunks.next()
      if (next.done === true) this.#ended = true
      else this.#rest = next.value
    }
    const part = this.#rest.subarray(0, max)
    this.#rest = this.#rest.subarray(part.length)
    return part
  }

  /** Exactly `n` bytes; RECORD_INVALID when the source ends before. */
  async exactly(n: number): Promise<Uint8Array> {
    const first = n === 0 ? new Uint8Array(0) : await this.some(n)
    if (first?.length === n) return first
    const whole = new Uint8Array(n)
    let at = 0
    for (let part = first; ; part = await this.some(n - at)) {
      if (part === undefined) throw new ShoalError('RECORD_INVALID', 'The bytes end too early.')
      whole.set(part, at)
      at += part.length
      if (at === n) return whole
    }
  }

  /** Tells the source that no more will be read. Harmless twice. */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#chunks.return?.()
  }
}

/** All bytes of a source as one array; CONTENT_TOO_LARGE as soon as there are more than `max`. */
export async function collectBytes(source: AsyncIterable<Uint8Array>, max: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of source) {
    size += part.length
    if (size > max)
      throw new ShoalError('CONTENT_TOO_LARGE', `The content is larger than ${max} bytes.`, { data: { max } })
    parts.push(part)
  }
  return concatBytes(parts)
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
