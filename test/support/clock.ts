/** A clock that stands still until a test moves it. */
import { StillClock } from './still-clock.ts'

export class ManualClock extends StillClock {
  constructor(time = 1_800_000_000_000) {
    super(time)
  }

  /** Timers not yet run or cancelled: 0 when nothing was left behind. */
  get pending(): number {
    return this.timers.size
  }

  /** Lets `ms` pass at once, running what falls due; then lets promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    for (;;) {
      const [due] = this.due(end)
      if (due === undefined) break
      const [id, timer] = due
      this.time = timer.at
      if (timer.every === undefined) this.timers.delete(id)
      else timer.at += timer.every
      timer.fn()
      await settle()
    }
    this.time = end
    await settle()
  }
}

/** One turn of the event loop: everything that is ready runs. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
