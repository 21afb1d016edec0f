/** Runs tasks one after another, in the order in which they came. */
export interface Lane {
  run<T>(task: () => Promise<T>): Promise<T>
  /** Resolves when all that is queued has ended. */
  idle(): Promise<void>
}

/** A failed task fails its caller, not the next task. */
export function lane(): Lane {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    run: async task => {
      const turn = tail.then(task, task)
      tail = turn.catch(() => undefined) // the caller of run() sees the error
      return await turn
    },
    idle: async () => {
      await tail
    }
  }
}
