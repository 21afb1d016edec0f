import type { LimitName } from '../../../protocol/ports/engine.ts'

/** Thrown through the guest when a limit is reached in a host call. */
export class TaskStop extends Error {
  readonly limit: LimitName

  constructor(limit: LimitName, reason: string) {
    super(reason)
    this.limit = limit
  }
}

/** Thrown through the guest by `proc_exit`. */
export class TaskExit extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}
