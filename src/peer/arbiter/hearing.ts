/** Whether what a side brings may be taken: from a party, about a dispute before this arbiter, signed by who must have signed it. */
import { ShoalError } from '../../protocol/errors.ts'
import type { AgreementId, Hex32 } from '../../protocol/ids.ts'
import type { Evidence } from '../../protocol/records/evidence.ts'
import type { PeerContext } from '../context.ts'
import { sameAddress, verifyCard, verifyDelivery } from '../records.ts'

export type Party = 'requester' | 'provider'

type Ports = Pick<PeerContext, 'operator' | 'typed' | 'identities' | 'clock'>

export interface Heard {
  readonly id: AgreementId
  readonly party: Party
}

const refuse = (message: string): never => {
  throw new ShoalError('RECORD_INVALID', `evidence: ${message}`)
}

/** RECORD_INVALID or SIGNATURE_INVALID says what is wrong. `from`: the peer that sent it. */
export async function hear(ctx: Ports, e: Evidence, from: string): Promise<Heard> {
  const { agreement, card, handover } = e
  const id = ctx.typed.digest('Agreement', agreement) as AgreementId
  if (!sameAddress(agreement.arbiter, ctx.operator.address)) refuse('another arbiter is named')
  await verifyCard(card, ctx)
  if (card.peer !== from) refuse("not from the card's peer")
  const party = sameAddress(card.operator, agreement.requester)
    ? 'requester'
    : sameAddress(card.operator, agreement.provider)
      ? 'provider'
      : refuse('from no party of the agreement')
  if (handover !== undefined) {
    const signer = ctx.typed.signer('Handover', handover.handover, handover.signature)
    if (
      handover.handover.agreement !== id ||
      signer === undefined ||
      !sameAddress(signer, agreement.requester)
    )
      throw new ShoalError('SIGNATURE_INVALID', 'evidence: the handover is not signed by the requester')
  }
  await hearDeliveries(ctx, e, id, party)
  return { id, party }
}

async function hearDeliveries(ctx: Ports, e: Evidence, id: Hex32, party: Party): Promise<void> {
  const { agreement, card, result, failure, doubted } = e
  const own = { agreement: id, peer: card.peer }
  if (party === 'provider') {
    if (result !== undefined) await verifyDelivery('result', result.result, own, ctx)
    if (failure !== undefined) await verifyDelivery('failure', failure, own, ctx)
    return
  }
  if (doubted === undefined) return
  if (!sameAddress(doubted.by.operator, agreement.provider)) refuse("the checkpoint is another provider's")
  // a card may have expired since the bid: that it was signed is what counts
  await verifyCard(doubted.by, { ...ctx, clock: { ...ctx.clock, now: () => doubted.by.expires - 1 } })
  await verifyDelivery('checkpoint', doubted.checkpoint, { agreement: id, peer: doubted.by.peer }, ctx)
}
