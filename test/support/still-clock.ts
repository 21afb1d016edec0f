/** What clocks of tests have in common: a time that stands still until it is moved, and timers in a list. */
import type { Cancel, Clock } from '../../src/protocol/ports/clock.ts'
import { abortReason } from '../../src/protocol/signals.ts'

export interface Timer {
  at: number
  readonly fn: () => void
  readonly every: number | undefined
}

/** A sleep by a clock's timers; ends early with its signal. */
export async function sleepBy(timer: Clock['timer'], ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      cancel()
      reject(abortReason(signal))
    }
    const cancel = timer(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

export abstract class StillClock implements Clock {
  protected time: number
  protected readonly timers = new Map<number, Timer>()
  #next = 0

  constructor(time: number) {
    this.time = time
  }

  now = (): number => this.time
  monotonic = (): number => this.time
  timer = (ms: number, fn: () => void): Cancel => this.#add(ms, fn, undefined)
  every = (ms: number, fn: () => void): Cancel => this.#add(ms, fn, ms)

  sleep = (ms: number, signal?: AbortSignal): Promise<void> => sleepBy(this.timer, ms, signal)

  /** Timers that are due up to `end`, the earliest first. */
  protected due(end: number): [number, Timer][] {
    return [...this.timers].filter(([, t]) => t.at <= end).sort(([, a], [, b]) => a.at - b.at)
  }

  #add(ms: number, fn: () => void, every: number | undefined): Cancel {
    const id = this.#next++
    this.timers.set(id, { at: this.time + Math.max(0, ms), fn, every })
    return () => void this.timers.delete(id)
  }
}
