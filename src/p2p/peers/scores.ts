/** What peers deserve: a number that good conduct raises, bad conduct lowers and time brings back to 0. Bans below a floor. */
import type { Clock, Conduct } from '../../protocol/ports/index.ts'
import { BoundedMap } from '../bounded-map.ts'

/**
 * What one act weighs. One broken promise outweighs many small services; a stranger may break the protocol four times before it
 * is banned, a good peer a few times more.
 */
export const conductWeights: Readonly<Record<Conduct, number>> = {
  useful: 0.2,
  failed: -1,
  spam: -2,
  'broken-promise': -20,
  invalid: -25
}

/** No amount of good conduct buys more than this. */
export const SCORE_MAX = 20
const SCORE_MIN = -200
/** At or below this a peer is banned. */
export const BAN_AT = -80
/** After this a score is half of what it was. */
export const HALF_LIFE_MS = 10 * 60_000
/** How long a ban lasts. */
export const BAN_MS = 30 * 60_000
/** Peers remembered. */
const PEERS_MAX = 4_096
const BANS_MAX = 1_024

interface Entry {
  score: number
  at: number
}

export class PeerScores {
  readonly #clock: Clock
  readonly #scores: BoundedMap<string, Entry>
  readonly #bans: BoundedMap<string, number>

  constructor(clock: Clock, max = PEERS_MAX) {
    this.#clock = clock
    this.#scores = new BoundedMap(max)
    this.#bans = new BoundedMap(Math.min(max, BANS_MAX))
  }

  get size(): number {
    return this.#scores.size
  }

  /** The score now: 0 for a stranger. */
  score(peer: string): number {
    const entry = this.#scores.get(peer)
    if (entry === undefined) return 0
    return entry.score * 0.5 ** ((this.#clock.monotonic() - entry.at) / HALF_LIFE_MS)
  }

  /** Counts one act; true when it brought a ban. */
  report(peer: string, conduct: Conduct): boolean {
    const score = Math.min(SCORE_MAX, Math.max(SCORE_MIN, this.score(peer) + conductWeights[conduct]))
    this.#scores.set(peer, { score, at: this.#clock.monotonic() })
    if (score > BAN_AT || this.banned(peer)) return false
    this.#bans.set(peer, this.#clock.monotonic() + BAN_MS)
    return true
  }

  banned(peer: string): boolean {
    const until = this.#bans.get(peer)
    if (until === undefined) return false
    if (until > this.#clock.monotonic()) return true
    this.#bans.delete(peer)
    return false
  }

  /** Forgets ended bans and scores that have decayed to nothing. */
  forget(): void {
    const now = this.#clock.monotonic()
    this.#bans.prune(until => until <= now)
    this.#scores.prune((_, peer) => Math.abs(this.score(peer)) < 0.05)
  }
}
