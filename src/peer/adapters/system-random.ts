/** The machine's cryptographic randomness. */
import { randomBytes } from 'node:crypto'
import type { Random } from '../../protocol/ports/random.ts'

export const systemRandom: Random = {
  bytes: n => new Uint8Array(randomBytes(n)),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48
}
