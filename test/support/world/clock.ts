/**
 * Time for a world that is all in memory: it jumps to the next timer as soon as nothing is ready to run any more, which one turn of the
 * event loop shows. No real milliseconds pass in between.
 */
import { StillClock } from '../still-clock.ts'
import { hops } from '../sim/hub.ts'

/** Turns of the event loop in which something is still sent and no time passes; more are an endless exchange. */
const TURNS_MAX = 20_000
/** Timers that fall due within this many milliseconds run in one jump. */
const GRAIN_MS = 50
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export class EagerClock extends StillClock {
  /** Jumps that were made: what a run costs. */
  jumps = 0
  readonly #start: number
  #reads = 0

  constructor(time: number) {
    super(time)
    this.#start = time - 1_000_000
  }

  /**
   * From another start than `now`, and never twice the same, nor whole: as of real machines. Whoever takes one for the other, or sends a
   * difference of two as it is, is found.
   */
  override monotonic = (): number => this.time - this.#start + 1 - 1 / (++this.#reads + 2)

  /** Lets time pass until `done`, or until `end`; false when `end` came first. */
  async run(done: () => boolean, end: number): Promise<boolean> {
    for (;;) {
      await this.#quiet()
      if (done()) return true
      if (this.time >= end) return false
      const due = Math.min(...[...this.timers.values()].map(t => t.at))
      if (due === Infinity) return false
      this.#jump(Math.max(this.time, Math.ceil(due / GRAIN_MS) * GRAIN_MS))
    }
  }

  /** Until a turn of the event loop passes in which nobody sent anything. */
  async #quiet(): Promise<void> {
    let before = -1
    for (let turns = 0; before !== hops.count; turns++) {
      if (turns > TURNS_MAX) throw new Error('messages go back and forth without end, and no time passes')
      before = hops.count
      await turn()
    }
  }

  #jump(to: number): void {
    this.jumps++
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
