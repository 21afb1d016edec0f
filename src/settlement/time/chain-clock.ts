/**
 * The chain's time, from blocks that were seen to come: a block that appeared between two looks, at its own time. The wall clock of this
 * machine has no part in it. Looks that others take serve as well; some are taken only for this.
 */
import type { ChainClock, ChainTime } from '../../protocol/ports/chain-clock.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { idle } from '../idle.ts'
import type { Rpc } from '../rpc/reliable.ts'
import type { Span, Witness } from './sightings.ts'

/** Samples that are kept, and without which nothing is said. */
const SAMPLES_MAX = 9
const SAMPLES_MIN = 3
/** A block that appeared within a longer span than this tells too little, milliseconds. */
const SPAN_MAX = 5_000
/** No new block for so many intervals, and for so long, milliseconds: the chain stands still. */
const STILL_INTERVALS = 10
const STILL_MS = 120_000
/** Two samples in a row that agree with each other and not with those before: time was stepped, or this machine slept. Milliseconds. */
const STEP_MS = 3_000
/** Heads below one that was seen, for so long, are the chain's own, milliseconds. */
const LOW_MS = 30_000
/** Times of blocks from which their interval is reckoned. */
const TIMES_MAX = 64
/** Block times are whole seconds: a block's may be so much older than its making, milliseconds. */
const RESOLUTION_MS = 1_000
/** Looks of our own: how often they are taken, how close together, and for how long at most. Milliseconds. */
const MEASURE_MS = 600_000
const LOOK_LEAST_MS = 100
const LOOK_MOST_MS = 2_000
const LOOKS_MAX_MS = 60_000
/** Looks within one interval. */
const LOOKS = 10

interface Sample {
  /** Chain time minus monotonic time at the block's coming, milliseconds. */
  readonly offset: number
  /** Half of the span within which it came, milliseconds. */
  readonly half: number
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

export class BlockClock implements ChainClock, Witness {
  readonly #clock: Clock
  /** Where the newest look found the head. */
  #head: { readonly block: number; readonly askedAt: number } | undefined
  /** A block that was seen to come and whose time is not known yet. */
  #fresh: { readonly block: number; readonly span: Span } | undefined
  #samples: Sample[] = []
  readonly #times = new Map<number, number>()
  #movedAt = -Infinity
  /** Since when every look has found a lower head, monotonic ms. */
  #lowSince: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  sawHead(block: number, span: Span): void {
    const last = this.#head
    // a node that lags behind says nothing of when the next block comes
    if (last !== undefined && block < last.block) return this.#sawLower(block, span)
    this.#lowSince = undefined
    this.#head = { block, askedAt: Math.max(span.from, last?.block === block ? last.askedAt : span.from) }
    if (last?.block === block) return
    if (last === undefined) return
    this.#movedAt = span.to
    const came = { from: last.askedAt, to: span.to }
    if (came.to - came.from <= SPAN_MAX) this.#fresh = { block, span: came }
  }

  /** The chain went back, or the higher head was never there: what was learnt from it is forgotten. */
  #sawLower(block: number, span: Span): void {
    this.#lowSince ??= span.to
    if (span.to - this.#lowSince < LOW_MS) return
    this.#lowSince = this.#fresh = undefined
    this.#head = { block, askedAt: span.from }
    this.#times.clear()
    this.#samples = []
  }

  sawTime(block: number, seconds: number): void {
    this.#times.set(block, seconds)
    if (this.#times.size > TIMES_MAX) {
      const [oldest] = [...this.#times.keys()].sort((a, b) => a - b)
      if (oldest !== undefined) this.#times.delete(oldest)
    }
    if (this.#fresh?.block !== block) return
    const { from, to } = this.#fresh.span
    this.#fresh = undefined
    this.#add({ offset: seconds * 1000 - (from + to) / 2, half: (to - from) / 2 })
  }

  #add(sample: Sample): void {
    const last = this.#samples.at(-1)
    const middle = median(this.#samples.map(s => s.offset))
    const far = (s: Sample): boolean => Math.abs(s.offset - middle) > STEP_MS + s.half
    const stepped =
      last !== undefined &&
      this.#samples.length > 1 &&
      far(sample) &&
      far(last) &&
      Math.abs(sample.offset - last.offset) <= STEP_MS + sample.half
    this.#samples = (stepped && last !== undefined ? [last, sample] : [...this.#samples, sample]).slice(
      -SAMPLES_MAX
    )
  }

  /** Mean time between blocks by their own times, milliseconds, rather too long than too short; undefined until two are known. */
  interval(): number | undefined {
    const blocks = [...this.#times.keys()].sort((a, b) => a - b)
    const [first, last] = [blocks[0], blocks.at(-1)]
    if (first === undefined || last === undefined || last === first) return undefined
    const seconds = (this.#times.get(last) ?? 0) - (this.#times.get(first) ?? 0)
    return Math.max(0, (seconds * 1000 + RESOLUTION_MS) / (last - first))
  }

  #standsStill(): boolean {
    const patience = Math.max(STILL_MS, STILL_INTERVALS * (this.interval() ?? 0))
    return this.#clock.monotonic() - this.#movedAt > patience
  }

  now(): ChainTime | undefined {
    if (this.#samples.length < SAMPLES_MIN || this.#standsStill()) return undefined
    const offset = median(this.#samples.map(s => s.offset))
    const off = this.#samples.map(s => Math.abs(s.offset - offset) + s.half).sort((a, b) => a - b)
    // the worst third may be blocks that were late to be seen
    const worst = off[Math.ceil((off.length * 2) / 3) - 1] ?? 0
    return { seconds: (this.#clock.monotonic() + offset) / 1000, error: (worst + RESOLUTION_MS) / 1000 }
  }

  behind(): ChainTime | undefined {
    const now = this.now()
    return now === undefined ? undefined : { ...now, seconds: now.seconds - this.#clock.now() / 1000 }
  }

  /** Looks at the chain often for a moment, now and every ten minutes, until the signal aborts. Its failures are no trouble of anybody's. */
  async measure(rpc: Rpc, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#lookOften(rpc, signal)
      } catch {
        // the chain is away: the next time comes
      }
      await idle(this.#clock, MEASURE_MS, signal)
    }
  }

  /** Until enough blocks were seen to come. */
  async #lookOften(rpc: Rpc, signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + LOOKS_MAX_MS
    let [seen, newest] = [0, this.#head?.block ?? -1]
    while (seen <= SAMPLES_MIN && this.#clock.monotonic() < end && !signal.aborted) {
      await rpc.call('eth_getBlockByNumber', ['latest', false], { signal, patienceMs: 0 })
      const head = this.#head?.block ?? -1
      if (head > newest) seen++
      newest = head
      const ms = (this.interval() ?? 0) / LOOKS
      await idle(this.#clock, Math.min(LOOK_MOST_MS, Math.max(LOOK_LEAST_MS, ms)), signal)
    }
  }
}
