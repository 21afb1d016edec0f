/** Which of this machine is promised to tasks, by the executions that this provider has under way. */
import type { ProviderEntry } from '../journal/entries.ts'
import type { Promised } from '../policy/room.ts'

/** Those that have ended hold nothing, and those of earlier rules are not taken up. */
export const promisedBy = (live: readonly ProviderEntry[]): Promised[] =>
  live.flatMap(({ state, needs }) =>
    needs !== undefined && (state === 'agreed' || state === 'started')
      ? [{ needs, started: state === 'started' }]
      : []
  )
