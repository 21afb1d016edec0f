/** The offer of one round: what is sought, for how much, until when. */
import type { Address } from '../../protocol/ids.ts'
import type { OfferBody, TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import type { JobEntry } from '../journal/entries.ts'
import { signOffer } from '../records.ts'
import { specDigestOf } from '../spec-digest.ts'

export async function makeOffer(
  ctx: Pick<PeerContext, 'clock' | 'card' | 'operator'>,
  job: JobEntry,
  round: number,
  executions: number,
  excluded: readonly Address[]
): Promise<TaskOffer> {
  const { plan } = job
  const { limits } = plan.common
  const now = ctx.clock.now()
  const body: OfferBody = {
    v: 1,
    jobId: job.id,
    round,
    card: ctx.card(),
    specHash: specDigestOf(plan.common),
    class: plan.class,
    needs: {
      engine: plan.common.engine,
      engineVersion: plan.engineVersion,
      gas: limits.gas,
      memoryBytes: limits.memoryBytes,
      diskBytes: plan.diskBytes,
      wallMs: limits.wallMs,
      gpuMemoryBytes: plan.gpuMemoryBytes,
      image: plan.image
    },
    executions,
    ceiling: plan.ceiling,
    wanted: plan.match.bids,
    rule: plan.match.rule,
    tier: plan.tier,
    compare: plan.common.compare,
    region: plan.match.region,
    energy: plan.match.energy,
    excluded: [...excluded],
    opened: now,
    expires: now + plan.match.windowMs,
    deliverSeconds: plan.deliverSeconds,
    challengeSeconds: plan.challengeSeconds
  }
  return await signOffer(body, ctx.operator)
}
