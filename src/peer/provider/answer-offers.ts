/** The answer to peers that missed the gossip of offers. */
import type { TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import { offerDigest } from '../records.ts'
import type { Requester } from '../requester/requester.ts'
import type { Bidder } from './bidder.ts'

/** Answers the pull repair of offers with our own open ones and those we heard. */
export const answerOffers = (
  ctx: PeerContext,
  requester: Requester,
  bidder: Bidder | undefined
): (() => void) =>
  ctx.network.handle('offers', async ({ known }) => {
    const heard = bidder?.openOffers() ?? []
    const open = new Map<string, TaskOffer>(
      [...heard, ...requester.book.openOffers()].map(o => [o.signature, o])
    )
    return { offers: [...open.values()].filter(o => !known.includes(offerDigest(o))).slice(0, 32) }
  })
