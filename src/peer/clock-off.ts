/** Whether this machine's clock is wrong, as the chain's blocks and the records of others tell, in words. */
import { BoundedMap } from '../protocol/bounded-map.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import { CLOCK_SKEW } from '../protocol/limits.ts'
import type { ChainTime } from '../protocol/ports/chain-clock.ts'
import type { Clock } from '../protocol/ports/clock.ts'

/** From this difference on others refuse what this machine signs, and it what they sign, seconds. */
export const CLOCK_BAD_S = CLOCK_SKEW / 1_000

const size = (seconds: number): string => {
  const off = Math.abs(seconds)
  return `${off < 10 ? off.toFixed(1) : Math.round(off)} s`
}

/** As in `this machine's clock is 41 s behind the chain's`. */
export const behindSaid = ({ seconds }: ChainTime): string =>
  `this machine's clock is ${size(seconds)} ${seconds > 0 ? 'behind' : 'ahead of'} the chain's`

/** What others' records say of our clock: from how many peers they were refused for their time, and by how much they differ in the middle. */
export interface PeersTime {
  readonly peers: number
  /** Ours is behind by so much (negative: ahead). */
  readonly seconds: number
}

/** The reason against dealing that lies in the clock; undefined when there is none, or nobody can tell. */
export function clockOff(chain: ChainTime | undefined, others: PeersTime | undefined): string | undefined {
  if (chain !== undefined)
    return Math.abs(chain.seconds) - chain.error > CLOCK_BAD_S
      ? `${behindSaid(chain)}: others refuse what it signs`
      : undefined
  if (others === undefined) return undefined
  const { peers, seconds } = others
  return `this machine's clock is about ${size(seconds)} ${seconds > 0 ? 'behind' : 'ahead of'} those of ${peers} peers: their offers cannot be taken`
}

/** Peers whose time is remembered, and for how long, ms. */
const PEERS_MAX = 256
const KEEP_MS = 5 * 60_000
/** One peer's clock may itself be wrong. */
const PEERS_LEAST = 2

/** Remembers whose records were refused for their time. Only words follow from it, so that nobody gains by lying here. */
export class PeersClock {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #off = new BoundedMap<PeerIdString, { readonly ms: number; readonly at: number }>(PEERS_MAX)

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** A record of this peer was made `ms` from now by our clock (negative: ago), too far to be taken. */
  refused(peer: PeerIdString, ms: number): void {
    this.#off.set(peer, { ms, at: this.#clock.monotonic() })
  }

  /** A record of this peer was taken. */
  taken(peer: PeerIdString): void {
    this.#off.delete(peer)
  }

  /** Undefined unless more peers disagree with our clock than the `agreeing` that do not. */
  told(agreeing: number): PeersTime | undefined {
    const since = this.#clock.monotonic() - KEEP_MS
    const off = [...this.#off.entries()].filter(([, o]) => o.at >= since).map(([, o]) => o.ms)
    if (off.length < PEERS_LEAST || off.length <= agreeing) return undefined
    off.sort((a, b) => a - b)
    return { peers: off.length, seconds: (off[Math.floor(off.length / 2)] ?? 0) / 1_000 }
  }
}
