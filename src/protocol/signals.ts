/** AbortSignals that carry named reasons and timeouts on the port clock. */
import { ShoalError, type ErrorCode } from './errors.ts'
import type { Clock } from './ports/clock.ts'

/** A signal with its own end: `using` or call `[Symbol.dispose]` to release timer and listeners. */
export interface ScopedSignal extends Disposable {
  readonly signal: AbortSignal
  abort(reason: Error): void
}

/** Aborts with the parents, or with `code` after `ms`. */
export function deadline(
  clock: Clock,
  ms: number,
  code: ErrorCode,
  message: string,
  ...parents: (AbortSignal | undefined)[]
): ScopedSignal {
  const scope = linked(...parents)
  const cancel = clock.timer(ms, () => scope.abort(new ShoalError(code, message, { data: { ms } })))
  return {
    signal: scope.signal,
    abort: reason => scope.abort(reason),
    [Symbol.dispose]: () => {
      cancel()
      scope[Symbol.dispose]()
    }
  }
}

/** Aborts when any parent does; can be aborted by itself. */
export function linked(...parents: (AbortSignal | undefined)[]): ScopedSignal {
  const controller = new AbortController()
  const undo: (() => void)[] = []
  for (const parent of parents) {
    if (parent === undefined) continue
    if (parent.aborted) {
      controller.abort(parent.reason)
      break
    }
    const on = () => controller.abort(parent.reason)
    parent.addEventListener('abort', on, { once: true })
    undo.push(() => parent.removeEventListener('abort', on))
  }
  return {
    signal: controller.signal,
    abort: reason => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const f of undo) f()
    }
  }
}

/** Why a signal was aborted, always as an Error. */
export const abortReason = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new ShoalError('CANCELLED', 'cancelled')

/** The promise, or the signal's reason, whichever comes first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  signal.throwIfAborted()
  let off = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    const on = () => reject(abortReason(signal))
    signal.addEventListener('abort', on, { once: true })
    off = () => signal.removeEventListener('abort', on)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    off()
  }
}

/** Runs with a scope's signal and releases the scope at the end. (Node 22 does not know `using`.) */
export async function within<T>(scope: ScopedSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await run(scope.signal)
  } finally {
    scope[Symbol.dispose]()
  }
}
