/** Waiting for whatever comes first: time, a change, or the end. */
import type { Clock } from '../protocol/ports/clock.ts'

export class Waiter {
  readonly #clock: Clock
  readonly #wakers = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Something changed: whoever pauses goes on. */
  wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }

  /** Resolves after `ms`, at the next `wake`, or when the signal aborts; true when only time has passed. Never rejects. */
  async pause(ms: number, signal: AbortSignal): Promise<boolean> {
    return await new Promise<boolean>(resolve => {
      const done = (byTime: boolean) => {
        cancel()
        this.#wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve(byTime)
      }
      const wake = () => done(false)
      const cancel = this.#clock.timer(ms, () => done(true))
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
      if (signal.aborted) wake()
    })
  }
}
