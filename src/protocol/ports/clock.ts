/** Time comes from here, so that the real code also runs on a simulated clock. */

/** Ends a timer; calling it twice is harmless. */
export type Cancel = () => void

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `fn` once after `ms`. Does not keep the process alive. */
  timer(ms: number, fn: () => void): Cancel
  /** Calls `fn` every `ms` until cancelled. Does not keep the process alive. */
  every(ms: number, fn: () => void): Cancel
}
