/** What a provider lays before the arbiter: the handover that it was given, and what it committed on the chain. */
import type { PeerCard } from '../../protocol/records/card.ts'
import type { Evidence } from '../../protocol/records/evidence.ts'
import { contexts } from '../contexts.ts'
import type { LiveProvision } from './live-provision.ts'

/** Wraps the key of the sealed result to the arbiter. CONTENT_CORRUPT when our own copy of the key cannot be opened. */
export async function providerEvidence(live: LiveProvision, arbiter: PeerCard): Promise<Evidence> {
  const { ctx, entry } = live
  const { agreementId, agreement, task, result, resultOwn, taskFailure } = entry
  const own =
    resultOwn === undefined ? undefined : await ctx.recipient.unwrap(resultOwn, contexts.result(agreementId))
  const shown =
    result === undefined || own === undefined
      ? undefined
      : { result, wrapped: await ctx.wrap(own, arbiter.recipient, contexts.evidence(agreementId)) }
  return {
    v: 1,
    card: ctx.card(),
    agreement,
    handover: task?.handover,
    result: shown,
    failure: taskFailure,
    addresses: ctx.network.addresses()
  }
}
