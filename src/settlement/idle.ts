/** A wait that keeps no process alive, unlike `Clock.sleep`. */
import type { Clock } from '../protocol/ports/clock.ts'

/** Resolves after `ms`, or when the signal aborts. */
export async function idle(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const done = (): void => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.timer(ms, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
