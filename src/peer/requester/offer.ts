/** The offer of one round: what is sought, for how much, under which terms, for how long. */
import type { Address } from '../../protocol/ids.ts'
import type { OfferBody, TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import type { JobEntry } from '../journal/entries.ts'
import { signOffer } from '../records.ts'
import { specDigestOf } from '../spec-digest.ts'
import { ARBITRATION_SECONDS } from './agree.ts'

/** Time for agreeing, opening and delivering, and the least window for objections, in transactions' times. */
const INCLUSIONS = 6

type Ports = Pick<PeerContext, 'clock' | 'card' | 'settlement' | 'config'>

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
  const { settlement, config } = ctx
  const chainSeconds = Math.ceil((INCLUSIONS * settlement.inclusionMs()) / 1000)
  return {
    v: 2,
    jobId: job.id,
    round,
    card: ctx.card(),
    specHash: specDigestOf(plan.common),
    class: plan.class,
    needs: plan.common.needs,
    executions,
    ceiling: plan.ceiling,
    wanted: plan.match.bids,
    rule: plan.match.rule,
    tier: plan.tier,
    region: plan.match.region,
    energy: plan.match.energy,
    excluded: [...excluded],
    issued: ctx.clock.now(),
    // lengths of our monotonic clock have fractions
    windowMs: Math.ceil(windowMs),
    bond: config.provider.bond,
    arbiter: settlement.network.arbiter,
    deliverSeconds: plan.deliverSeconds + chainSeconds,
    // a provider takes none in which a receipt could not reach the chain
    challengeSeconds: Math.max(plan.challengeSeconds, chainSeconds),
    arbitrationSeconds: ARBITRATION_SECONDS
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
