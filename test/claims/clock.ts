/** Simulated time for sessions: it moves to the next timer exactly when every request of the session waits for a simulated machine. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cancel, Clock } from '../../src/protocol/ports/clock.ts'
import { abortReason } from '../../src/protocol/signals.ts'

interface Timer {
  readonly at: number
  readonly fn: () => void
}

export class SessionClock implements Clock {
  readonly #inside = new AsyncLocalStorage<{ waits: number }>()
  readonly #timers = new Map<number, Timer>()
  #time: number
  #next = 0
  #sessions = 0
  #requests = 0
  #waiting = 0
  #looking = false

  constructor(time: number) {
    this.#time = time
  }

  now = (): number => Math.floor(this.#time)
  monotonic = (): number => this.#time

  /** Real work goes on in here, except while all its requests wait. */
  session = <T>(work: () => Promise<T>): Promise<T> => this.#count(work, n => (this.#sessions += n))
  request = <T>(work: () => Promise<T>): Promise<T> =>
    this.#inside.run({ waits: 0 }, () => this.#count(work, n => (this.#requests += n)))
  /** A request that is held up by a simulated machine, at one place or at many. */
  waiting = <T>(work: () => Promise<T>): Promise<T> => {
    const request = this.#inside.getStore() ?? { waits: 0 }
    return this.#count(work, n => {
      const before = request.waits > 0
      request.waits += n
      return (this.#waiting += Number(request.waits > 0) - Number(before))
    })
  }

  timer = (ms: number, fn: () => void): Cancel => {
    if (ms <= 0) {
      const now = setImmediate(fn)
      return () => clearImmediate(now)
    }
    const id = this.#next++
    this.#timers.set(id, { at: this.#time + ms, fn })
    this.#look()
    return () => void this.#timers.delete(id)
  }

  every = (): Cancel => () => undefined

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const cancel = this.timer(ms, resolve)
      signal?.addEventListener('abort', () => (cancel(), reject(abortReason(signal))), { once: true })
    })
  }

  async #count<T>(work: () => Promise<T>, add: (n: number) => number): Promise<T> {
    add(1)
    this.#look()
    try {
      return await work()
    } finally {
      add(-1)
      this.#look()
    }
  }

  get #idle(): boolean {
    return this.#requests > 0 ? this.#requests === this.#waiting : this.#sessions === 0
  }

  /** What is ready runs first: then, if there is nothing but waiting, one timer. */
  #look(): void {
    if (this.#looking) return
    this.#looking = true
    setImmediate(() => {
      this.#looking = false
      if (!this.#idle || this.#timers.size === 0) return
      const [first] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at)
      if (first === undefined) return
      const [id, timer] = first
      this.#timers.delete(id)
      this.#time = Math.max(this.#time, timer.at)
      timer.fn()
      this.#look()
    })
  }
}
