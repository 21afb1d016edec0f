/** The offer of one round: what is sought, for how much, until when. */
import type { Address } from '../../protocol/ids.ts'
import type { OfferBody, TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import type { JobEntry } from '../journal/entries.ts'
import { signOffer } from '../records.ts'
import { specDigestOf } from '../spec-digest.ts'

type Ports = Pick<PeerContext, 'clock' | 'card'>

/** What is sought in a round, unsigned: also what known adverts are held against before anything is offered. */
export function offerBody(
  ctx: Ports,
  job: JobEntry,
  round: number,
  executions: number,
  excluded: readonly Address[],
  windowMs = job.plan.match.windowMs
): OfferBody {
  const { plan } = job
  const { limits } = plan.common
  const now = ctx.clock.now()
  return {
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
    expires: now + windowMs,
    deliverSeconds: plan.deliverSeconds,
    challengeSeconds: plan.challengeSeconds
  }
}

export async function makeOffer(
  ctx: Ports & Pick<PeerContext, 'operator'>,
  job: JobEntry,
  round: number,
  executions: number,
  excluded: readonly Address[],
  windowMs?: number
): Promise<TaskOffer> {
  return await signOffer(offerBody(ctx, job, round, executions, excluded, windowMs), ctx.operator)
}
