/** The machine's own time. */
import { abortReason } from '../../protocol/signals.ts'
import type { Cancel, Clock } from '../../protocol/ports/clock.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        clearTimeout(timer)
        reject(abortReason(signal))
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  },
  timer: (ms, fn): Cancel => {
    const t = setTimeout(fn, ms)
    t.unref()
    return () => clearTimeout(t)
  },
  every: (ms, fn): Cancel => {
    const t = setInterval(fn, ms)
    t.unref()
    return () => clearInterval(t)
  }
}
