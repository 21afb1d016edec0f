/** Randomness from a seed (xorshift128): the same seed, the same keys. */
import type { Random } from '../../../src/protocol/ports/random.ts'

export function seededRandom(seed: number): Random {
  let [x, y, z, w] = [seed >>> 0 || 1, 0x9e3779b9, 0x7f4a7c15, 0x2545f491]
  const next = (): number => {
    const t = x ^ (x << 11)
    ;[x, y, z] = [y, z, w]
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    return w >>> 0
  }
  for (let i = 0; i < 16; i++) next()
  return {
    bytes: n => Uint8Array.from({ length: n }, () => next() & 0xff),
    fraction: () => next() / 2 ** 32
  }
}
