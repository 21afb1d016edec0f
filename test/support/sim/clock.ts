/**
 * Time that jumps: when no real work is under way and nothing has happened for a millisecond, the clock moves to the next timer.
 * The peers' own code runs as it is; waits cost nothing, work costs what it costs.
 */
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import { StillClock } from '../still-clock.ts'
import type { Busy } from './busy.ts'

/** Timers that fall due within this many milliseconds run in one jump. */
const GRAIN_MS = 25
/** Real work that takes longer than this is stuck. */
const STUCK_MS = 30_000

const realPause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export class JumpingClock extends StillClock {
  readonly #busy: Busy
  #running = false
  #ended: Promise<void> = Promise.resolve()

  constructor(busy: Busy, time: number) {
    super(time)
    this.#busy = busy
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

  async #run(): Promise<void> {
    while (this.#running) {
      await this.#quiet()
      const due = Math.min(...[...this.timers.values()].map(t => t.at))
      if (due !== Infinity) this.#jump(Math.ceil(Math.max(due, this.time) / GRAIN_MS) * GRAIN_MS)
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
    const due = this.due(to)
    this.time = to
    for (const [id, timer] of due) {
      if (!this.timers.has(id)) continue
      if (timer.every === undefined) this.timers.delete(id)
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
