/** What peers deserve: a number that good conduct raises, bad conduct lowers and time brings back to 0. Bans below a floor. */
import type { Clock, Conduct } from '../../protocol/ports/index.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'

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
/** How long a first ban lasts; each further one of the same peer twice as long, up to BAN_MAX_MS. */
export const BAN_MS = 30 * 60_000
export const BAN_MAX_MS = 24 * 60 * 60_000
/** Peers remembered. */
const PEERS_MAX = 4_096
/** Bans remembered. */
export const BANS_MAX = 1_024

interface Entry {
  score: number
  at: number
}

/** A ban and how many there were: kept for a while after its end, so that the next is longer. */
export interface Ban {
  readonly until: number
  readonly times: number
}

export class PeerScores {
  readonly #clock: Clock
  readonly #scores: BoundedMap<string, Entry>
  readonly #bans: BoundedMap<string, Ban>

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
    this.ban(peer)
    return true
  }

  /** Bans at once, whatever the score. `ms`: of the first ban. */
  ban(peer: string, ms = BAN_MS): void {
    if (this.banned(peer)) return
    const times = this.#bans.get(peer)?.times ?? 0
    const until = this.#clock.monotonic() + Math.min(BAN_MAX_MS, ms * 2 ** times)
    this.#bans.set(peer, { until, times: times + 1 })
  }

  banned(peer: string): boolean {
    const ban = this.#bans.get(peer)
    return ban !== undefined && ban.until > this.#clock.monotonic()
  }

  /** Bans in force: what is left of each, ms, and how many there were. */
  bans(): { peer: string; left: number; times: number }[] {
    const now = this.#clock.monotonic()
    return [...this.#bans.entries()]
      .filter(([, b]) => b.until > now)
      .map(([peer, b]) => ({ peer, left: b.until - now, times: b.times }))
  }

  /** Takes up a ban of an earlier run. */
  restore(peer: string, left: number, times: number): void {
    this.#bans.set(peer, { until: this.#clock.monotonic() + Math.min(left, BAN_MAX_MS), times })
  }

  /** Forgets bans that ended long ago and scores that have decayed to nothing. */
  forget(): void {
    const now = this.#clock.monotonic()
    this.#bans.prune(ban => ban.until + BAN_MAX_MS <= now)
    this.#scores.prune((_, peer) => Math.abs(this.score(peer)) < 0.05)
  }
}
