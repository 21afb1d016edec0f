import { expect } from 'chai'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import {
  signCard,
  verifyAdvert,
  verifyBid,
  verifyCard,
  verifyDelivery,
  verifyOffer,
  type Verifiers
} from '../../../src/peer/records.ts'
import type { ErrorCode } from '../../../src/protocol/errors.ts'
import { ADVERT_TTL_MAX, CARD_TTL_MAX, CLOCK_SKEW, OFFER_TTL_MAX } from '../../../src/protocol/limits.ts'
import { ManualClock } from '../../support/clock.ts'
import { rejection } from '../../support/failures.ts'
import * as r from '../../support/records.ts'

const v: Verifiers = { typed: r.typed, identities: identityVerifier, clock: new ManualClock(r.NOW) }
const at = (now: number): Verifiers => ({ ...v, clock: new ManualClock(now) })
const refused = (p: Promise<void>, code: ErrorCode, words: string): Promise<void> =>
  rejection(p, code).then(e => expect(e.message).to.contain(words) && undefined)

describe('what nobody could read', () => {
  it('is not signed: lengths have no fractions, amounts no sign', async () => {
    await rejection(r.offer({ windowMs: 2_500.5 }), 'RECORD_INVALID')
    await rejection(r.bid(await r.offer(), r.provider, { validMs: 60_000.25 }), 'RECORD_INVALID')
    await rejection(r.bid(await r.offer(), r.provider, { price: -1n }), 'RECORD_INVALID')
  })
})

describe('cards', () => {
  it('an honest card passes up to its last moment, and not at it', async () => {
    const card = await r.card(r.provider)
    await verifyCard(card, v)
    // clocks may differ by as much
    await verifyCard(card, at(card.expires + CLOCK_SKEW - 1))
    await refused(verifyCard(card, at(card.expires + CLOCK_SKEW)), 'RECORD_INVALID', 'expired')
  })

  it('a card that claims more than a day is refused', async () => {
    await verifyCard(await r.card(r.provider, { expires: r.NOW + CARD_TTL_MAX + CLOCK_SKEW }), v)
    const long = await r.card(r.provider, { expires: r.NOW + CARD_TTL_MAX + CLOCK_SKEW + 1 })
    await refused(verifyCard(long, v), 'RECORD_INVALID', 'too far ahead')
  })

  it('nobody can bind another’s operator key or another’s peer id to itself', async () => {
    const body = r.cardBody(r.provider)
    const asOperator = await signCard(body, r.stranger.operator, r.provider.identity)
    await refused(verifyCard(asOperator, v), 'SIGNATURE_INVALID', 'operator')
    const asPeer = await signCard(body, r.provider.operator, r.stranger.identity)
    await refused(verifyCard(asPeer, v), 'SIGNATURE_INVALID', 'peer')
  })

  it('no field can be changed after signing', async () => {
    const card = await r.card(r.provider)
    const other = r.cardBody(r.stranger)
    const changes = [
      { beneficiary: other.beneficiary },
      { recipient: r.filled(1) },
      { addresses: ['/ip4/127.0.0.1/tcp/9'] },
      { seq: card.seq + 1 },
      { expires: card.expires + 1 },
      { profile: 'light' as const },
      { operator: other.operator },
      { peer: other.peer }
    ]
    for (const change of changes) await rejection(verifyCard({ ...card, ...change }, v), 'SIGNATURE_INVALID')
  })

  it('an operator signature that is none has no signer', async () => {
    const card = await r.card(r.provider)
    for (const operatorSignature of ['0x' + '00'.repeat(65), '0x' + 'ff'.repeat(65), '0x' + '11'.repeat(70)])
      await rejection(
        verifyCard({ ...card, operatorSignature: operatorSignature as typeof card.operatorSignature }, v),
        'SIGNATURE_INVALID'
      )
  })
})

describe('adverts', () => {
  it('an honest advert passes', async () => verifyAdvert(await r.advert(r.provider), v))

  it('an expired one, one from the future and one that lasts too long are refused', async () => {
    const over = await r.advert(r.provider, {
      issued: r.NOW - CLOCK_SKEW - 2,
      expires: r.NOW - CLOCK_SKEW - 1
    })
    await refused(verifyAdvert(over, v), 'RECORD_INVALID', 'is over, since 30 s')
    const future = await r.advert(r.provider, { issued: r.NOW + CLOCK_SKEW + 1 })
    await refused(verifyAdvert(future, v), 'RECORD_INVALID', 'future')
    const long = await r.advert(r.provider, { issued: r.NOW, expires: r.NOW + ADVERT_TTL_MAX + 1 })
    await refused(verifyAdvert(long, v), 'RECORD_INVALID', 'longer than it may')
  })

  it('one signed by another peer, altered, or with another peer’s card is refused', async () => {
    const honest = await r.advert(r.provider)
    await refused(verifyAdvert({ ...honest, slotsFree: 999 }, v), 'SIGNATURE_INVALID', 'advert')
    const theirs = await r.advert(r.stranger)
    await refused(verifyAdvert({ ...honest, signature: theirs.signature }, v), 'SIGNATURE_INVALID', 'advert')
    await refused(verifyAdvert({ ...honest, card: theirs.card }, v), 'SIGNATURE_INVALID', 'advert')
    const old = await r.advert(r.provider, {
      card: await r.card(r.provider, { expires: r.NOW - CLOCK_SKEW - 1 })
    })
    await refused(verifyAdvert(old, v), 'RECORD_INVALID', 'card has expired')
  })
})

describe('offers', () => {
  it('an honest offer passes', async () => verifyOffer(await r.offer(), v))

  it('an expired one, one from the future and one that stays open too long are refused', async () => {
    await refused(
      verifyOffer(await r.offer({ issued: r.NOW - 2_501 - CLOCK_SKEW }), v),
      'RECORD_INVALID',
      'is over, since 30 s'
    )
    await refused(
      verifyOffer(await r.offer({ issued: r.NOW + CLOCK_SKEW + 1 }), v),
      'RECORD_INVALID',
      'from the future, by 30 s'
    )
    const long = await r.offer({ windowMs: OFFER_TTL_MAX })
    await verifyOffer(long, v)
    const longer = { ...long, windowMs: OFFER_TTL_MAX + 1 }
    await refused(verifyOffer(longer, v), 'RECORD_INVALID', 'longer than it may')
    for (const off of [-CLOCK_SKEW, CLOCK_SKEW]) await verifyOffer(await r.offer({ issued: r.NOW + off }), v)
  })

  it('one in another’s name, or altered, is refused', async () => {
    const honest = await r.offer()
    const forged = await r.offer({ card: honest.card }, r.stranger)
    await refused(verifyOffer(forged, v), 'SIGNATURE_INVALID', 'offer')
    await refused(verifyOffer({ ...honest, ceiling: honest.ceiling * 2n }, v), 'SIGNATURE_INVALID', 'offer')
    await refused(verifyOffer({ ...honest, specHash: r.hex(9) }, v), 'SIGNATURE_INVALID', 'offer')
    await refused(
      verifyOffer({ ...honest, card: (await r.offer({}, r.stranger)).card }, v),
      'SIGNATURE_INVALID',
      'offer'
    )
  })
})

describe('bids', () => {
  it('an honest bid passes', async () => {
    const offer = await r.offer()
    await verifyBid(await r.bid(offer), offer, v)
    await verifyBid(await r.bid(offer, r.provider, { price: offer.ceiling }), offer, v)
  })

  it('one for another offer, above the ceiling, of nothing, or by an excluded operator is refused', async () => {
    const offer = await r.offer()
    const other = await r.offer({ round: 2 })
    const bid = (changes: Parameters<typeof r.bid>[2]) => r.bid(offer, r.provider, changes)
    await refused(verifyBid(await r.bid(other), offer, v), 'RECORD_INVALID', 'another offer')
    await refused(verifyBid(await bid({ price: offer.ceiling + 1n }), offer, v), 'RECORD_INVALID', 'ceiling')
    await refused(verifyBid(await bid({ slots: 0 }), offer, v), 'RECORD_INVALID', 'nothing')
    await refused(verifyBid(await bid({ speed: 0n }), offer, v), 'RECORD_INVALID', 'nothing')
    const without = await r.offer({ excluded: [r.provider.operator.address] })
    await refused(verifyBid(await r.bid(without), without, v), 'RECORD_INVALID', 'excluded')
  })

  it('an expired one, one from the future and one that lasts too long are refused', async () => {
    const offer = await r.offer()
    const bid = (changes: Parameters<typeof r.bid>[2]) => r.bid(offer, r.provider, changes)
    await refused(
      verifyBid(await bid({ issued: r.NOW - CLOCK_SKEW - 60_001 }), offer, v),
      'RECORD_INVALID',
      'over'
    )
    await refused(
      verifyBid(await bid({ issued: r.NOW + CLOCK_SKEW + 1 }), offer, v),
      'RECORD_INVALID',
      'future'
    )
    for (const off of [-CLOCK_SKEW, CLOCK_SKEW]) await verifyBid(await bid({ issued: r.NOW + off }), offer, v)
  })

  it('one in another’s name, or altered, is refused', async () => {
    const offer = await r.offer()
    const honest = await r.bid(offer)
    const forged = await r.bid(offer, r.stranger, { card: honest.card })
    await refused(verifyBid(forged, offer, v), 'SIGNATURE_INVALID', 'bid')
    await refused(verifyBid({ ...honest, price: 1n }, offer, v), 'SIGNATURE_INVALID', 'bid')
    await refused(verifyBid({ ...honest, speed: honest.speed * 9n }, offer, v), 'SIGNATURE_INVALID', 'bid')
  })
})

describe('checkpoints and results', () => {
  const expected = { agreement: r.agreementId(), peer: r.provider.identity.peerId }

  it('honest ones pass', async () => {
    await verifyDelivery('checkpoint', await r.checkpoint(), expected, v)
    await verifyDelivery('result', await r.result(), expected, v)
  })

  it('one of another agreement, by another peer or altered is refused', async () => {
    const other = await r.checkpoint(r.provider, { agreement: r.hex(1) })
    await refused(verifyDelivery('checkpoint', other, expected, v), 'RECORD_INVALID', 'another agreement')
    await refused(
      verifyDelivery('result', await r.result(r.stranger), expected, v),
      'SIGNATURE_INVALID',
      'result'
    )
    const honest = await r.checkpoint()
    for (const change of [
      { progress: 9_999 },
      { sequence: 9 },
      { digest: r.hex(7) },
      { wrapped: r.filled(1, 80) }
    ])
      await refused(
        verifyDelivery('checkpoint', { ...honest, ...change }, expected, v),
        'SIGNATURE_INVALID',
        'checkpoint'
      )
  })

  it('a checkpoint’s signature does not pass as a result’s', async () => {
    const { signature: _, ...body } = await r.result()
    const { signature } = await r.checkpoint()
    await refused(
      verifyDelivery('result', { ...body, signature }, expected, v),
      'SIGNATURE_INVALID',
      'result'
    )
    // the very same body, signed as the other kind
    const { signature: own } = await r.result()
    await refused(
      verifyDelivery('checkpoint', { ...body, signature: own }, expected, v),
      'SIGNATURE_INVALID',
      'checkpoint'
    )
  })
})
