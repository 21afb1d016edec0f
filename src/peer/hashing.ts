/** Hashes a stream while it passes by. */
import { sha256 } from '@noble/hashes/sha2.js'
import { createHash } from 'node:crypto'
import { toHex } from '../protocol/codec.ts'
import type { Hex32 } from '../protocol/ids.ts'

export interface HashedStream extends AsyncIterable<Uint8Array> {
  /** Of everything yielded so far. */
  digest(): Hex32
  size(): number
}

/** sha-256 (native: bulk data passes here). */
export function hashed(source: AsyncIterable<Uint8Array>): HashedStream {
  const hash = createHash('sha256')
  let size = 0
  return {
    async *[Symbol.asyncIterator]() {
      for await (const chunk of source) {
        hash.update(chunk)
        size += chunk.byteLength
        yield chunk
      }
    },
    digest: () => toHex(hash.copy().digest()) as Hex32,
    size: () => size
  }
}

/** Bytes that several values are bound to: a domain text and the values, hashed. */
export const contextOf = (domain: string, ...parts: (string | number)[]): Uint8Array =>
  sha256(new TextEncoder().encode(['shoal', domain, ...parts].join('\n')))
