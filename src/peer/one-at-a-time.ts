/** Comparisons queue up: two large results are read at once, never those of all jobs. */
import type { ResultComparer } from '../protocol/ports/compare.ts'
import { Mutex } from './mutex.ts'

export function oneAtATime(comparer: ResultComparer): ResultComparer {
  const mutex = new Mutex()
  return {
    compare: (a, b, rule, signal) =>
      mutex.run(async () => {
        signal.throwIfAborted()
        return await comparer.compare(a, b, rule, signal)
      }),
    fingerprint: (result, step, signal) =>
      mutex.run(async () => {
        signal.throwIfAborted()
        return await comparer.fingerprint(result, step, signal)
      })
  }
}
