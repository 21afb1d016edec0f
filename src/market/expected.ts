/** Whose bids a requester may wait for: the providers that it knows of and that have no reason against its offer. Pure. */
import type { Address } from '../protocol/ids.ts'
import type { CapacityAdvert } from '../protocol/records/advert.ts'
import type { OfferBody } from '../protocol/records/offer.ts'
import { serves } from './classes.ts'
import { refusal, type Refusal } from './eligibility.ts'

/** Operators in lower case, each once. Adverts of lower classes count for nothing; the caller has seen to it that classes are proven and nothing has expired. */
export function expectedBidders(
  offer: OfferBody,
  adverts: readonly CapacityAdvert[],
  rules: readonly string[]
): Set<Address> {
  const able = adverts.filter(
    a =>
      serves(a.class, offer.class) &&
      refusal(offer, { operator: a.card.operator, advert: a, rules }) === undefined
  )
  return new Set(able.map(a => a.card.operator.toLowerCase() as Address))
}

/** How many of the adverts have which first reason against an offer, `none` for those without; most first. The requester's own does not count. */
export function reasonsAgainst(
  offer: OfferBody,
  adverts: readonly CapacityAdvert[],
  rules: readonly string[]
): ReadonlyMap<Refusal | 'none', number> {
  const counts = new Map<Refusal | 'none', number>()
  for (const advert of adverts) {
    const reason = refusal(offer, {
      operator: advert.card.operator,
      advert,
      rules
    })
    if (reason !== 'own-offer') counts.set(reason ?? 'none', (counts.get(reason ?? 'none') ?? 0) + 1)
  }
  return new Map([...counts].sort(([, a], [, b]) => b - a))
}
