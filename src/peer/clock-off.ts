/** Whether this machine's wall clock is off by more than others allow: its records are refused then, and nothing else would tell why. */
import { BoundedMap } from '../protocol/bounded-map.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import { CLOCK_SKEW } from '../protocol/limits.ts'
import type { ChainTime } from '../protocol/ports/chain-clock.ts'
import type { Clock } from '../protocol/ports/clock.ts'

/** Peers whose clocks are remembered, for how long, and how many must be heard before they are believed. Milliseconds. */
const PEERS_MAX = 256
const KEEP_MS = 10 * 60_000
const PEERS_LEAST = 3

interface Seen {
  readonly aheadMs: number
  /** Monotonic. */
  readonly at: number
}

/** What peers' records say of the time in which they were made, held against our clock. */
export class PeerClocks {
  readonly #clock: Clock
  readonly #seen = new BoundedMap<PeerIdString, Seen>(PEERS_MAX)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A record of this peer that has just come was made at this moment of its own clock. */
  note(peer: PeerIdString, issued: number): void {
    this.#seen.set(peer, { aheadMs: issued - this.#clock.now(), at: this.#clock.monotonic() })
  }

  /** By how much the peers' clocks are ahead of ours (negative: behind), ms: the median of those lately heard; undefined of fewer than three. */
  aheadMs(): number | undefined {
    const since = this.#clock.monotonic() - KEEP_MS
    const list = [...this.#seen.entries()].filter(([, s]) => s.at >= since).map(([, s]) => s.aheadMs)
    if (list.length < PEERS_LEAST) return undefined
    return list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
  }
}

const said = (aheadMs: number, whose: string): string =>
  `this machine's clock is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} ${whose}: ` +
  `beyond ${CLOCK_SKEW / 1000} s others refuse what it signs`

/**
 * In words, with the length; undefined when the clock is good enough, or when nothing tells. `behind`: by the chain's blocks, which are
 * believed before peers are. `peers`: by how much peers' clocks are ahead of ours, ms.
 */
export function clockOff(behind: ChainTime | undefined, peers: number | undefined): string | undefined {
  if (behind !== undefined) {
    const ms = behind.seconds * 1000
    return Math.abs(ms) - behind.error * 1000 > CLOCK_SKEW ? said(ms, "the chain's") : undefined
  }
  return peers !== undefined && Math.abs(peers) > CLOCK_SKEW ? said(peers, 'that of its peers') : undefined
}
