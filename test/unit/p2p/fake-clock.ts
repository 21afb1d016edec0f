import type { Cancel, Clock, Random } from '../../../src/protocol/ports/index.ts'

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  time = 1_000_000
  readonly #timers = new Map<number, { at: number; fn: () => void; every: number | undefined }>()
  #next = 0

  now(): number {
    return this.time
  }
  monotonic(): number {
    return this.time
  }
  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.timer(ms, resolve))
  }
  timer(ms: number, fn: () => void): Cancel {
    return this.#add(ms, fn, undefined)
  }
  every(ms: number, fn: () => void): Cancel {
    return this.#add(ms, fn, ms)
  }

  /** Timers not yet run or cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  /** Goes on by `ms`, running what falls due. */
  advance(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (due === undefined) break
      const [id, timer] = due
      this.time = timer.at
      if (timer.every === undefined) this.#timers.delete(id)
      else timer.at += timer.every
      timer.fn()
    }
    this.time = end
  }

  #add(ms: number, fn: () => void, every: number | undefined): Cancel {
    const id = this.#next++
    this.#timers.set(id, { at: this.time + ms, fn, every })
    return () => this.#timers.delete(id)
  }
}

/** Always the same fraction. */
export const steady = (fraction: number): Random => ({
  bytes: n => new Uint8Array(n),
  fraction: () => fraction
})
