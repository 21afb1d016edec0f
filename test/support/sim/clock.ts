/**
 * Time that jumps: when no real work is under way and nothing has happened for a millisecond, the clock moves to the next timer.
 * The peers' own code runs as it is; waits cost nothing, work costs what it costs.
 */
import type { Cancel, Clock } from '../../../src/protocol/ports/clock.ts'
import { abortReason } from '../../../src/protocol/signals.ts'
import type { Busy } from './busy.ts'

interface Timer {
  at: number
  readonly fn: () => void
  readonly every: number | undefined
}

/** Timers that fall due within this many milliseconds run in one jump. */
const GRAIN_MS = 25
/** Real work that takes longer than this is stuck. */
const STUCK_MS = 30_000

const realPause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export class JumpingClock implements Clock {
  readonly #busy: Busy
  readonly #timers = new Map<number, Timer>()
  #time: number
  #next = 0
  #running = false
  #ended: Promise<void> = Promise.resolve()

  constructor(busy: Busy, time: number) {
    this.#busy = busy
    this.#time = time
  }

  now = (): number => this.#time
  monotonic = (): number => this.#time
  timer = (ms: number, fn: () => void): Cancel => this.#add(ms, fn, undefined)
  every = (ms: number, fn: () => void): Cancel => this.#add(ms, fn, ms)

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        cancel()
        reject(abortReason(signal))
      }
      const cancel = this.timer(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#ended = this.#run()
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#ended
  }

  #add(ms: number, fn: () => void, every: number | undefined): Cancel {
    const id = this.#next++
    this.#timers.set(id, { at: this.#time + Math.max(0, ms), fn, every })
    return () => void this.#timers.delete(id)
  }

  async #run(): Promise<void> {
    while (this.#running) {
      await this.#quiet()
      const due = Math.min(...[...this.#timers.values()].map(t => t.at))
      if (due !== Infinity) this.#jump(Math.ceil(Math.max(due, this.#time) / GRAIN_MS) * GRAIN_MS)
    }
  }

  /** A real millisecond in which nothing began or ended. */
  async #quiet(): Promise<void> {
    const begun = performance.now()
    for (;;) {
      const before = this.#busy.changes
      await realPause(1)
      if (this.#busy.count === 0 && this.#busy.changes === before) return
      if (performance.now() - begun > STUCK_MS && this.#busy.count > 0)
        throw new Error(`${this.#busy.count} calls of a port do not end`)
    }
  }

  #jump(to: number): void {
    const due = [...this.#timers].filter(([, t]) => t.at <= to).sort(([, a], [, b]) => a.at - b.at)
    this.#time = to
    for (const [id, timer] of due) {
      if (!this.#timers.has(id)) continue
      if (timer.every === undefined) this.#timers.delete(id)
      else timer.at = to + timer.every
      timer.fn()
    }
  }
}

/** The clock of one life of a peer: after `dead` none of its timers runs. */
export function mortalClock(clock: Clock, dead: () => boolean): Clock {
  const alive = (fn: () => void) => () => {
    if (!dead()) fn()
  }
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    timer: (ms, fn) => clock.timer(ms, alive(fn)),
    every: (ms, fn) => clock.every(ms, alive(fn)),
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal)
      if (dead()) await new Promise<never>(() => undefined)
    }
  }
}
