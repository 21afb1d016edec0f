/** After Ctrl-C: the network is asked to stop, and the money is waited for, but not for ever. */
import type { ApiClient } from '../../api/adapters/client.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { deadline, within } from '../../protocol/signals.ts'
import { formatDuration } from '../../protocol/units.ts'
import type { Cli } from '../context.ts'
import type { FullJob } from '../ui/job-view.ts'
import { watchJob } from '../ui/watch-job.ts'

/** Providers consent within seconds; an escrow without consent ends only after its own deadline, minutes later. ms. */
export const MONEY_MS = 120_000

/** How long the peer may take to say how far it is, at the end. ms. */
const ASK_MS = 5_000

/** Executions whose escrow still holds money. */
const open = (job: FullJob): number =>
  job.executionList.filter(
    e => e.closing === undefined && !['awarded', 'withdrawn', 'declined'].includes(e.state)
  ).length

/**
 * Cancels and watches until all money is back. SETTLE_TIMEOUT when it is not after `ms`: the job stays cancelled and its
 * peer goes on refunding.
 */
export async function cancelAndWait(
  cli: Cli,
  client: ApiClient,
  id: string,
  ms = MONEY_MS,
  signal?: AbortSignal
): Promise<FullJob> {
  const call = deadline(cli.clock, ms, 'SETTLE_TIMEOUT', 'the peer did not take the cancellation', signal)
  const job = await within(call, s =>
    client.call<FullJob>('POST', `/v1/jobs/${encodeURIComponent(id)}/cancel`, {}, s)
  )
  const message = `the job is cancelled, but after ${formatDuration(ms)} not all of its money is back`
  const limit = deadline(cli.clock, ms, 'SETTLE_TIMEOUT', message, signal)
  try {
    return await within(limit, s => watchJob(cli, client, job.id, s))
  } catch (cause) {
    if (!limit.signal.aborted || signal?.aborted === true) throw cause
    const ask = deadline(cli.clock, ASK_MS, 'SETTLE_TIMEOUT', message, signal)
    // a peer that says nothing leaves what it said before
    const last = await within(ask, s =>
      client.call<FullJob>('GET', `/v1/jobs/${job.id}`, undefined, s)
    ).catch(() => job)
    const short = job.id.slice(0, 10)
    throw new ShoalError('SETTLE_TIMEOUT', `${message} (${open(last)} escrows are open)`, {
      data: { job: job.id, open: open(last) },
      next: `It returns by itself at each escrow's deadline while a peer runs on this home (shoal up). Watch it: shoal attach ${short}`,
      cause
    })
  }
}
