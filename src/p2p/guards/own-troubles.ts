/**
 * Our own troubles: a loop that was late, a machine that slept, a clock that leapt, no descriptors, a full disk, no line. What others
 * seem to have done meanwhile (silence, a burst) is explained by them and held against nobody.
 */
import { troubleOf } from '../../protocol/own-trouble.ts'
import type { Clock } from '../../protocol/ports/index.ts'

/** How often the loop shows that it runs, ms. */
const BEAT_MS = 250
/** A beat that is later than this is a trouble, ms: two busy cores are now and then 100 ms late. */
const LATE_MS = 400
/** Wall clock and monotonic clock may drift apart by this between two beats, ms: a stepped clock, a machine that slept. */
const LEAP_MS = 1_000
/** Lateness beyond this is not credited, ms. */
const CREDIT_MAX_MS = 60_000
/** How long a trouble explains what is seen after it, ms: what waited is read, and others find us again. */
const AFTER_MS = 10_000
/** How long a trouble is shown, ms. */
const SHOWN_MS = 60_000
/** Entries kept of late beats. */
const BEATS_MAX = 128

interface Trouble {
  /** Monotonic: when it was over. */
  readonly at: number
  /** How long it lasted, ms. */
  readonly ms: number
}

export class OwnTroubles {
  readonly #clock: Clock
  #late: Trouble[] = []
  /** What the system refused us, by its words, with the last time. */
  readonly #refused = new Map<string, number>()
  #beat: { readonly at: number; readonly wall: number } | undefined
  #cancel: () => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#cancel()
    this.#look()
    this.#cancel = this.#clock.every(BEAT_MS, () => this.#look())
  }

  stop(): void {
    this.#cancel()
    this.#beat = undefined
  }

  /** An error may speak of this machine: then it is noted, and the answer is true. */
  note(error: unknown): boolean {
    const trouble = troubleOf(error)
    if (trouble === undefined) return false
    this.#refused.set(trouble, this.#clock.monotonic()) // as many as there are words above
    return true
  }

  /** How long this program was not listening within the last `within` ms, the beat that is overdue now included; ms. */
  lateMs(within: number): number {
    const now = this.#clock.monotonic()
    let late = this.#overdue(now)
    for (let i = this.#late.length - 1; i >= 0; i--) {
      const trouble = this.#late[i]
      if (trouble === undefined || trouble.at < now - within) break
      late += trouble.ms
    }
    return Math.min(CREDIT_MAX_MS, late)
  }

  /** Whether what others seem to have left undone in the last `ms` may be our own doing. */
  excuses(ms: number): boolean {
    const since = this.#clock.monotonic() - ms - AFTER_MS
    return this.lateMs(ms + AFTER_MS) > 0 || [...this.#refused.values()].some(at => at >= since)
  }

  /** Troubles of the last minute, in words. */
  view(): string[] {
    const now = this.#clock.monotonic()
    const late = this.lateMs(SHOWN_MS)
    const words = late === 0 ? [] : [`this program was late by ${Math.round(late)} ms in the last minute`]
    for (const [what, at] of this.#refused) if (at >= now - SHOWN_MS) words.push(what)
    return words
  }

  /** Time that the next beat is late already: what is read in the same turn of the loop comes before it. */
  #overdue(now: number): number {
    if (this.#beat === undefined) return 0
    const late = now - this.#beat.at - BEAT_MS
    return late > LATE_MS ? late : 0
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const wall = this.#clock.now()
    if (this.#beat !== undefined) {
      const passed = now - this.#beat.at
      const slept = Math.abs(wall - this.#beat.wall - passed)
      const ms = Math.max(this.#overdue(now), slept > LEAP_MS ? slept : 0)
      if (ms > 0) this.#late = [...this.#late, { at: now, ms: Math.min(ms, CREDIT_MAX_MS) }].slice(-BEATS_MAX)
      this.#late = this.#late.filter(t => t.at >= now - SHOWN_MS - AFTER_MS)
    }
    this.#beat = { at: now, wall }
  }
}
