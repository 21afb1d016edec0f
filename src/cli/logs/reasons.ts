/** Why a job, or an execution of it, did not do what it should: said before any log line. */
import type { FullJob } from '../ui/job-view.ts'
import { shortPeer } from '../ui/table.ts'

export interface Reason {
  readonly shard?: number
  readonly attempt?: number
  readonly provider?: string
  readonly code: string
  readonly message: string
}

/** The job's own failure first, then each failed execution, newest attempt first. */
export const reasonsOf = (job: FullJob): Reason[] => [
  ...(job.failure === undefined ? [] : [job.failure]),
  ...job.executionList
    .flatMap(e => (e.failure === undefined ? [] : [{ ...e, ...e.failure }]))
    .sort((a, b) => b.attempt - a.attempt || a.shard - b.shard)
    .map(({ shard, attempt, provider, code, message }) => ({ shard, attempt, provider, code, message }))
]

/** Failed executions beyond these are summed up: a job of many retries must not bury its own reason. */
const SHOWN = 8

/** One line each; nothing when nothing failed. */
export function reasonLines(reasons: readonly Reason[], jobId: string): string[] {
  const line = (r: Reason): string =>
    r.shard === undefined
      ? `job failed  ${r.code}: ${r.message}`
      : `shard ${r.shard} attempt ${r.attempt} on ${shortPeer(r.provider ?? '')}  ${r.code}: ${r.message}`
  const more = reasons.length - SHOWN
  return [
    ...reasons.slice(0, SHOWN).map(line),
    ...(more > 0 ? [`and ${more} more; see: shoal job ${jobId.slice(0, 10)}`] : [])
  ]
}
