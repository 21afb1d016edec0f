/** Whose bids a requester may wait for: the providers that it knows of and that have no reason against its offer. Pure. */
import type { Address } from '../protocol/ids.ts'
import type { CapacityAdvert } from '../protocol/records/advert.ts'
import type { OfferBody } from '../protocol/records/offer.ts'
import { serves } from './classes.ts'
import { refusal } from './eligibility.ts'

/** Operators in lower case, each once. Adverts of lower classes count for nothing; the caller has seen to it that classes are proven. */
export function expectedBidders(
  offer: OfferBody,
  adverts: readonly CapacityAdvert[],
  rules: readonly string[],
  now: number
): Set<Address> {
  const able = adverts.filter(
    a =>
      serves(a.class, offer.class) &&
      a.expires > now &&
      refusal(offer, { operator: a.card.operator, advert: a, rules, now }) === undefined
  )
  return new Set(able.map(a => a.card.operator.toLowerCase() as Address))
}
