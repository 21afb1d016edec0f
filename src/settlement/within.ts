/** Runs work under a scoped signal and releases it afterwards (`using` is not in the pinned Node). */
import type { ScopedSignal } from '../protocol/signals.ts'

export async function within<T>(scope: ScopedSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await work(scope.signal)
  } finally {
    scope[Symbol.dispose]()
  }
}
