import type { LimitName } from '../../protocol/ports/engine.ts'

/** How a task ended, as its runner says it: without what it used, which is told beside it. */
export type ProgramOutcome =
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly exitCode: number; readonly reason: string }
  | { readonly status: 'limit'; readonly limit: LimitName; readonly reason: string }
