/**
 * What peers deserve, as two numbers that time brings back to 0. Reliability is raised by good conduct and lowered by failures and
 * broken promises; dialling and a person's eye follow it, and it never bans. Standing is lowered by evidence alone, and at its floor
 * is a ban.
 */
import type { Clock, Conduct } from '../../protocol/ports/index.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'

/** What one act weighs for reliability. One broken promise outweighs many small services. */
export const conductWeights: Readonly<Record<Exclude<Conduct, 'invalid'>, number>> = {
  useful: 0.2,
  failed: -1,
  'broken-promise': -5
}

/** Reliability stays between these: no amount of good conduct buys more, and a bad hour is forgotten like a good one. */
export const RELIABILITY_MAX = 20
export const RELIABILITY_MIN = -20
/** One act of evidence, and the floor at which there are enough: four within some minutes. */
export const STRIKE = -25
export const BAN_AT = -80
/** After this a number is half of what it was, ms. */
export const HALF_LIFE_MS = 10 * 60_000
/** A peer that has served us so well, for so long, is well-behaved. */
const WELL_BEHAVED_AT = 1
const WELL_BEHAVED_MS = 60_000
/** Peers remembered. */
const PEERS_MAX = 4_096

interface Entry {
  readonly reliability: number
  readonly standing: number
  readonly at: number
  readonly since: number
}

export class PeerScores {
  readonly #clock: Clock
  readonly #scores: BoundedMap<string, Entry>

  constructor(clock: Clock, max = PEERS_MAX) {
    this.#clock = clock
    this.#scores = new BoundedMap(max)
  }

  get size(): number {
    return this.#scores.size
  }

  /** Both numbers together, for people and for dialling: 0 for a stranger. */
  score(peer: string): number {
    const { reliability, standing } = this.#now(peer)
    return reliability + standing
  }

  /** What gossip goes by: evidence, and what was good. A peer that was only slow, late or gone keeps its place there. */
  gossipScore(peer: string): number {
    const { reliability, standing } = this.#now(peer)
    return Math.max(0, reliability) + standing
  }

  /** Counts one act that needs no evidence. */
  report(peer: string, conduct: Exclude<Conduct, 'invalid'>): void {
    const now = this.#now(peer)
    const reliability = Math.min(
      RELIABILITY_MAX,
      Math.max(RELIABILITY_MIN, now.reliability + conductWeights[conduct])
    )
    this.#scores.set(peer, { ...now, reliability })
  }

  /** Counts one act of evidence; true when there are enough of them for a ban. */
  strike(peer: string): boolean {
    const now = this.#now(peer)
    const standing = Math.max(2 * BAN_AT, now.standing + STRIKE)
    this.#scores.set(peer, { ...now, standing })
    return standing <= BAN_AT
  }

  /** Whether a peer has served us well for some time. */
  wellBehaved(peer: string): boolean {
    const { reliability, since, at } = this.#now(peer)
    return reliability >= WELL_BEHAVED_AT && at - since >= WELL_BEHAVED_MS
  }

  /** Evidence is forgotten; good and bad luck stay. */
  clear(peer: string): void {
    if (this.#scores.has(peer)) this.#scores.set(peer, { ...this.#now(peer), standing: 0 })
  }

  /** Forgets what has decayed to nothing. */
  forget(): void {
    this.#scores.prune((_, peer) => {
      const { reliability, standing } = this.#now(peer)
      return Math.abs(reliability) + Math.abs(standing) < 0.05
    })
  }

  #now(peer: string): Entry {
    const now = this.#clock.monotonic()
    const entry = this.#scores.get(peer)
    if (entry === undefined) return { reliability: 0, standing: 0, at: now, since: now }
    const left = 0.5 ** ((now - entry.at) / HALF_LIFE_MS)
    return { ...entry, reliability: entry.reliability * left, standing: entry.standing * left, at: now }
  }
}
