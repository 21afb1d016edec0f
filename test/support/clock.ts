/** A clock that stands still until a test moves it; sleeps end early with their signal. */
import type { Cancel, Clock } from '../../src/protocol/ports/clock.ts'
import { abortReason } from '../../src/protocol/signals.ts'

interface Timer {
  at: number
  readonly fn: () => void
  readonly every: number | undefined
}

export class ManualClock implements Clock {
  #time: number
  #next = 0
  readonly #timers = new Map<number, Timer>()

  constructor(time = 1_800_000_000_000) {
    this.#time = time
  }

  now = (): number => this.#time
  monotonic = (): number => this.#time
  /** Timers not yet run or cancelled: 0 when nothing was left behind. */
  get pending(): number {
    return this.#timers.size
  }

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

  /** Lets `ms` pass at once, running what falls due; then lets promises settle. */
  async advance(ms: number): Promise<void> {
    const end = this.#time + ms
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (due === undefined) break
      const [id, timer] = due
      this.#time = timer.at
      if (timer.every === undefined) this.#timers.delete(id)
      else timer.at += timer.every
      timer.fn()
      await settle()
    }
    this.#time = end
    await settle()
  }

  #add(ms: number, fn: () => void, every: number | undefined): Cancel {
    const id = this.#next++
    this.#timers.set(id, { at: this.#time + ms, fn, every })
    return () => void this.#timers.delete(id)
  }
}

/** One turn of the event loop: everything that is ready runs. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
