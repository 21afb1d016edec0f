/**
 * Strangers that come again and again without saying who they are in this network: after each visit they wait a little longer. It is
 * no offence (they may be slow, or at home in another network), nothing is written down, and a peer that does say who it is starts anew.
 */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import type { Clock } from '../../protocol/ports/index.ts'

/** The first rest, ms; each further one twice as long. */
export const REST_MS = 10_000
export const REST_MAX_MS = 5 * 60_000
const PEERS_MAX = 4_096

export class Rests {
  readonly #clock: Clock
  readonly #rests = new BoundedMap<string, { readonly until: number; readonly times: number }>(PEERS_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(peer: string): void {
    const times = (this.#rests.get(peer)?.times ?? 0) + 1
    const ms = Math.min(REST_MAX_MS, REST_MS * 2 ** (times - 1))
    this.#rests.set(peer, { until: this.#clock.monotonic() + ms, times })
  }

  has(peer: string): boolean {
    return (this.#rests.get(peer)?.until ?? 0) > this.#clock.monotonic()
  }

  /** It has said who it is. */
  end(peer: string): void {
    this.#rests.delete(peer)
  }

  /** Forgets whose rest ended long ago. */
  forget(): void {
    const now = this.#clock.monotonic()
    this.#rests.prune(rest => rest.until + REST_MAX_MS <= now)
  }
}
