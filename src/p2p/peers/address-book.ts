/** Peers that could be dialled, with what is known of them: bounded, the least promising go first. */
import { ADDRESSES_MAX } from '../../protocol/limits.ts'
import type { Clock, Random } from '../../protocol/ports/index.ts'
import { backoffMs } from './backoff.ts'

export interface Candidate {
  readonly peer: string
  readonly addresses: readonly string[]
}

interface Entry {
  addresses: readonly string[]
  failures: number
  /** Monotonic time of the next attempt. */
  nextTry: number
  seen: number
}

/** Candidates kept: enough to refill a full set of connections many times. */
export const BOOK_MAX = 1_024
/** A score so far below 0 counts like one failed dial. */
const SCORE_A_FAILURE = 5
/** A candidate that has failed this often in a row is forgotten. */
const FAILURES_MAX = 8

export class AddressBook {
  readonly #clock: Clock
  readonly #random: Random
  readonly #max: number
  readonly #entries = new Map<string, Entry>()

  constructor(parts: { clock: Clock; random: Random }, max = BOOK_MAX) {
    this.#clock = parts.clock
    this.#random = parts.random
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** Remembers where a peer says it can be dialled. Nothing to dial, nothing to remember. */
  learn(peer: string, addresses: readonly string[]): void {
    if (addresses.length === 0) return
    const old = this.#entries.get(peer)
    if (old === undefined && this.#entries.size >= this.#max) this.#forgetWorst()
    const kept = addresses.slice(0, ADDRESSES_MAX)
    const now = this.#clock.monotonic()
    this.#entries.set(peer, {
      addresses: kept,
      failures: old?.failures ?? 0,
      nextTry: old?.nextTry ?? now,
      seen: now
    })
  }

  failed(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    entry.failures++
    entry.nextTry = this.#clock.monotonic() + backoffMs(entry.failures, this.#random)
    if (entry.failures >= FAILURES_MAX) this.#entries.delete(peer)
  }

  succeeded(peer: string): void {
    const entry = this.#entries.get(peer)
    if (entry !== undefined) entry.failures = 0
  }

  forget(peer: string): void {
    this.#entries.delete(peer)
  }

  /** Up to `n` candidates that may be tried now, in random order among equals, the reliable (of a high score) first. */
  pick(n: number, usable: (peer: string) => boolean, score: (peer: string) => number = () => 0): Candidate[] {
    const now = this.#clock.monotonic()
    return [...this.#entries]
      .filter(([peer, e]) => e.nextTry <= now && usable(peer))
      .map(([peer, e]) => ({
        peer,
        addresses: e.addresses,
        rank: e.failures - Math.min(0, score(peer)) / SCORE_A_FAILURE + this.#random.fraction()
      }))
      .sort((a, b) => a.rank - b.rank)
      .slice(0, n)
  }

  #forgetWorst(): void {
    let worst: string | undefined
    let rank = -1
    const now = this.#clock.monotonic()
    for (const [peer, e] of this.#entries) {
      const own = e.failures * 3_600_000 + (now - e.seen)
      if (own > rank) [worst, rank] = [peer, own]
    }
    if (worst !== undefined) this.#entries.delete(worst)
  }
}
