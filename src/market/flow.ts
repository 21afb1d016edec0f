/** The stream of a network challenge: bytes that nothing makes smaller and that both ends can make. */
import { createCipheriv, createHash } from 'node:crypto'
import { PIECE } from '../protocol/limits.ts'

/** AES-256-CTR under a key of the seed, in pieces. */
export function* flowOf(seed: Uint8Array, length: number): Generator<Uint8Array> {
  const key = createHash('sha256').update('shoal/flow\n').update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  for (let at = 0; at < length; at += PIECE)
    yield new Uint8Array(cipher.update(new Uint8Array(Math.min(PIECE, length - at))))
}
