/** Ends of an escrow that its rules must not bring about, written down once more beside its table. */
import type { Caller } from '../../../src/protocol/machines/escrow-rules.ts'
import { claimOf, disputeBondOf, type Slot } from '../../../src/protocol/machines/escrow.ts'
import type { GameCall } from './calls.ts'
import type { Ending } from './chain.ts'
import type { DuelTerms } from './terms.ts'

/** Whether an end is one that this call of this caller may bring about, by rules that are written down here once more. */
export function unjust(
  t: DuelTerms,
  slot: Slot,
  end: Ending | undefined,
  caller: Caller,
  c: GameCall
): string | undefined {
  if (end === undefined) return undefined
  const { acknowledged } = slot
  const claim = claimOf(slot, t)
  const claimed = claim > acknowledged ? claim : acknowledged
  switch (end.outcome) {
    case 'ruled':
      if (caller !== 'arbiter') return `the ${caller} ruled in its own case`
      if (end.gross > claimed) return 'a ruling paid more than was claimed'
      return c.kind === 'rule' && end.lost !== (disputeBondOf(t) * c.providerBps) / 10_000n
        ? `a ruling of ${c.providerBps} for the provider cost ${end.lost} of the dispute bond`
        : undefined
    case 'split':
      if (end.gross !== acknowledged) return `silence paid ${end.gross}, acknowledged was ${acknowledged}`
      return end.requesterLoss === claimed ? undefined : 'disputing paid, because nobody ruled'
    case 'released':
      return end.gross === claimed ? undefined : `${end.gross} was released of a claim of ${claim}`
    case 'accepted':
      return end.gross < t.price && caller !== 'requester'
        ? `the ${caller} closed it below the price, before the requester could dispute`
        : undefined
    default:
      return undefined
  }
}
