/**
 * `network`: sends a seeded stream, then takes one. Only to and from the peer whose challenge was accepted, once, and not more than it
 * announced; what all of them may cost is bounded by the bytes of an hour.
 */
import { flowOf } from '../../../market/flow.ts'
import { digestOf } from '../../../protocol/codec.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { FLOW_MAX, MiB, PIECE } from '../../../protocol/limits.ts'
import type { Allowance } from '../allowance.ts'
import type { Answerer } from './answer.ts'

/** Until the slowest of a group has come as far, ms. */
const KEEP_MS = 30_000

/** `bytes`: what this peer sends and takes for challenges. */
export const flowAnswerer =
  (bytes: Allowance): Answerer =>
  async ({ seed, size, steps }) => {
    if (size < 1 || size > FLOW_MAX || steps !== undefined)
      throw new ShoalError('RECORD_INVALID', `no such stream: ${size} MiB`)
    if (bytes.left <= 0) throw new ShoalError('QUOTA_EXCEEDED', 'enough was sent for challenges for now')
    bytes.spend(2 * size * MiB)
    let [sent, left] = [false, size * MiB]
    return {
      keepMs: KEEP_MS,
      flow: async function* (signal) {
        for (const data of flowOf(seed, size * MiB)) {
          signal.throwIfAborted()
          yield { data }
        }
        sent = true
      },
      pour: async data => {
        if (!sent || data.byteLength !== PIECE || left < PIECE)
          throw new ShoalError('QUOTA_EXCEEDED', 'not what was announced')
        left -= data.byteLength
        return { digest: digestOf(data), last: left === 0 }
      },
      drop: async () => undefined
    }
  }
