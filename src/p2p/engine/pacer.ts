/**
 * Our own turns at others' budgets. Each peer allows so much of a kind in a window (Quotas); an honest program that is busy waits here
 * for its turn instead of being refused there, so that what exceeds a budget by far is no honest program's doing.
 */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import type { Clock } from '../../protocol/ports/index.ts'
import type { Quota } from './quota.ts'

/** Part of a budget that we use: what is left is for lines that hold back and then deliver all at once. */
export const SHARE = 0.8
/** Peers and kinds remembered; one that is forgotten begins with a full budget again. */
const TURNS_MAX = 10_000

export class Pacer {
  readonly #clock: Clock
  /** When everything that was let through would have gone out at an even pace (monotonic). */
  readonly #paid: BoundedMap<string, number>

  constructor(clock: Clock, max = TURNS_MAX) {
    this.#clock = clock
    this.#paid = new BoundedMap(max)
  }

  /** Resolves when it is our turn; in the order of asking. Rejects with the signal's reason. */
  async turn(key: string, quota: Quota, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const burst = Math.max(1, Math.floor(quota.count * SHARE))
    const each = quota.windowMs / burst
    const now = this.#clock.monotonic()
    const paid = Math.max(now, this.#paid.get(key) ?? now) + each
    this.#paid.set(key, paid)
    const wait = paid - now - quota.windowMs
    if (wait > 0) await this.#clock.sleep(wait, signal)
  }
}
