/** Disputes: for the sides, and for arbiters. */
import { buildCommand } from '@stricli/core'
import type { Cli } from '../context.ts'
import { docs } from './docs.ts'
import { arg, homeFlags, jsonFlag, needed, text } from './flags.ts'
import type { CommonFlags } from './jobs.ts'

const common = { ...homeFlags, ...jsonFlag }
const disputes = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/disputes.ts')).list,
  parameters: { flags: common },
  docs: docs(
    'Disputes of your jobs and work, and those before you as an arbiter',
    [
      'An arbiter (arbiter.enabled) hears both sides, runs the task again, compares by the rule of the job and rules by itself.',
      'What it cannot judge is left to a person: see shoal rule --help. What nobody decides in time is paid to nobody.'
    ],
    ['shoal disputes', "shoal disputes --json | jq '.disputes[].state'"]
  )
})

export interface RuleFlags extends CommonFlags {
  readonly provider: string
  readonly slash?: string
}
const rule = buildCommand<RuleFlags, [id: string], Cli>({
  loader: async () => (await import('../commands/disputes.ts')).rule,
  parameters: {
    flags: {
      ...common,
      provider: needed('Share of what is claimed that goes to the provider', 'PERCENT'),
      slash: text('Share of its bond that the provider loses (default 0%)', 'PERCENT')
    },
    positional: { kind: 'tuple', parameters: [arg('The dispute, or a beginning that is unique', 'ID')] }
  },
  docs: docs(
    'Decide a dispute as its arbiter',
    [
      'Only on the peer that the agreement names as its arbiter, and only once. The rest goes back to the requester.'
    ],
    ['shoal rule 0x1234567890 --provider 100%', 'shoal rule 0x1234567890 --provider 0% --slash 50%']
  )
})

export const disputeRoutes = { disputes, rule }
