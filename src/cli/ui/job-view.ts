/** How jobs and executions look in a terminal. */
import type { ExecutionView, JobView } from '../../peer/views.ts'
import { SYMBOL } from '../../protocol/money.ts'
import { ruleText } from '../../peer/compare-text.ts'
import { formatDuration } from '../../protocol/units.ts'
import { clean } from '../command.ts'
import { shortJob, shortPeer, table } from './table.ts'

export type FullJob = JobView & { readonly executionList: readonly ExecutionView[] }

export const jobsTable = (jobs: readonly JobView[]): string =>
  table(
    ['job', 'name', 'state', 'shards', 'spent', 'took', 'result'],
    jobs.map(j => [
      shortJob(j.id),
      j.name,
      j.trouble === undefined ? j.state : `${j.state} (${j.trouble.code})`,
      `${j.shardsDone}/${j.shards}`,
      `${j.spent} ${SYMBOL}`,
      j.ended === undefined ? '' : formatDuration(j.ended - j.created),
      j.out
    ])
  )

const percent = (f: number): string => `${Math.floor(f * 100)} %`

/** How results are checked; nothing when nothing is. */
const checkText = ({ tier, compare }: JobView): string[] =>
  tier === 'none' && compare.by === 'bytes' ? [] : [`Check    ${tier}; results compared ${ruleText(compare)}`]

/** Whose result was refused, and why. */
function refusedText({ executionList }: FullJob): string[] {
  const refused = executionList.filter(e => e.failure?.code === 'RESULT_MISMATCH')
  if (refused.length === 0) return []
  return [
    '',
    ...refused.map(e =>
      clean(
        `Refused  shard ${e.shard} attempt ${e.attempt} of ${shortPeer(e.provider)}: ${e.failure?.message ?? ''}`
      )
    )
  ]
}

/** What a person can do about a result that is not in its place. */
function placeText({ id, state, trouble, kept, shards, ended, open }: FullJob): string[] {
  const short = shortJob(id)
  const waits =
    trouble === undefined || state !== 'gathering'
      ? []
      : [
          `Waiting  ${clean(trouble.message)}`,
          `         It is tried again until the deadline. Elsewhere: shoal get ${short} --out DIR`
        ]
  const keeps =
    kept === undefined || waits.length > 0
      ? []
      : [
          `Kept     what ${kept} of ${shards} shards wrote is paid for and kept: shoal get ${short} --raw --out DIR`
        ]
  const out =
    ended === undefined || open === 0
      ? []
      : [`Open     ${open} escrows still hold money; they are followed while a peer runs on this home`]
  return [...waits, ...keeps, ...out]
}

export function jobText(job: FullJob): string {
  // the reason of a failure comes first
  const head = job.failure === undefined ? [] : [`Failed   ${job.failure.code}: ${job.failure.message}`]
  const lines = [
    ...head,
    `Job      ${job.id}`,
    `Name     ${job.name}`,
    `State    ${job.state}${job.desired === 'cancel' && job.state !== 'cancelled' ? ' (cancel asked for)' : ''}`,
    `Shards   ${job.shardsDone} of ${job.shards} done, ${job.executions} executions, ${job.resumed} resumed`,
    `Price    ${job.spent} of at most ${job.maxPrice} ${SYMBOL}`,
    ...checkText(job),
    `Result   ${job.out}`,
    ...placeText(job),
    '',
    table(
      ['shard', 'attempt', 'state', 'provider', 'progress', 'price', 'paid', 'refunded', 'note'],
      job.executionList.map(e => [
        e.copy > 0 ? `${e.shard}+${e.copy}` : e.shard,
        e.attempt,
        e.state,
        shortPeer(e.provider),
        percent(e.progress),
        e.price,
        e.closing?.paid ?? '',
        e.closing?.refunded ?? '',
        [
          e.resumedFrom === undefined ? '' : `resumed at ${percent(e.resumedFrom.progress)}`,
          e.failure?.code ?? '',
          (e.closing?.burned ?? '0') === '0' ? '' : `${e.closing?.burned ?? ''} to nobody: no arbiter spoke`
        ]
          .filter(s => s !== '')
          .join(', ')
      ])
    )
  ]
  return [...lines, ...refusedText(job)].join('\n')
}
