/** `run --estimate`: one shard is bought, run and measured; the rest is not. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { JobFile } from '../../peer/jobfile/schema.ts'
import type { Cli } from '../context.ts'
import { currentOffers } from '../offers/show.ts'
import type { Session } from '../peer-session.ts'
import type { FullJob } from '../ui/job-view.ts'
import { estimate, type Estimate, type Past } from './estimate.ts'

/** Runs the probe to its end; its result is thrown away. TASK_FAILED tells why when it fails: so would the job. */
export async function probeJob(
  cli: Cli,
  s: Session,
  job: JobFile,
  what: object,
  watch: (job: FullJob) => Promise<FullJob>,
  signal: AbortSignal
): Promise<Estimate> {
  const folder = await cli.files.temporaryFolder(join(tmpdir(), 'shoal-probe-'))
  try {
    const { offers } = await currentOffers(cli, s.client, s.own !== undefined, signal)
    const slots = offers.reduce((n, o) => n + o.slotsFree, 0)
    const body = { ...what, out: join(folder, 'out'), probe: true }
    const sent = await s.client.call<FullJob>('POST', '/v1/jobs', body, signal)
    const probe = await watch(sent)
    if (probe.state !== 'settled')
      throw new ShoalError(
        'TASK_FAILED',
        `the probe ended as ${probe.state}: ${probe.failure?.message ?? 'no reason given'}`,
        {
          next: `See: shoal logs ${probe.id.slice(0, 10)}`
        }
      )
    const { history } = await s.client.call<{ history: Past[] }>(
      'GET',
      `/v1/jobs/${probe.id}/history`,
      undefined,
      signal
    )
    const copies = job.verify.tier === 'replicas' ? job.verify.copies : 1
    return estimate({ probe, history, count: job.count, copies, maxPrice: job.price.max, slots })
  } finally {
    await cli.files.remove(folder)
  }
}
