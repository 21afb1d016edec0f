import { createCipheriv } from 'node:crypto'

/**
 * The task's random bytes: the ChaCha20 key stream (RFC 8439) whose key is the task's seed, with counter and nonce 0.
 * Equal seeds give equal bytes on every peer, however they are asked for.
 */
export function randomStream(seed: Uint8Array): (n: number) => Uint8Array {
  const cipher = createCipheriv('chacha20', seed, new Uint8Array(16))
  return n => cipher.update(new Uint8Array(n))
}
