/** What a provider signs: its own bid under the offered terms; anything else is refused with the term and both values. */
import { expect } from 'chai'
import { gasFor } from '../../../src/market/work.ts'
import { objection, offerObjection, type Terms } from '../../../src/peer/provider/agreements.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import type { Bid } from '../../../src/protocol/records/bid.ts'
import type { OfferBody, TaskOffer } from '../../../src/protocol/records/offer.ts'
import * as r from '../../support/records.ts'

const now = BigInt(r.NOW / 1000)
const terms: Terms = {
  me: r.provider.operator.address,
  beneficiary: r.provider.operator.address,
  arbiters: [r.ARBITER],
  bondMax: 1_000_000_000_000_000n,
  bondLeast: 0n,
  inclusionMs: 1_000,
  now
}
const other = r.stranger.operator.address

describe('what a provider signs', () => {
  let offer: TaskOffer
  let bid: Bid
  before(async () => {
    offer = await r.offer()
    bid = await r.bid(offer)
  })
  const ask = (changes: Partial<Agreement> = {}, t: Terms = terms) =>
    objection(r.agreement(changes), offer, bid, t)

  it('its own bid under the offered terms', () => {
    expect(ask()).to.equal(undefined)
  })

  it('terms at their very limits', () => {
    expect(ask({ openBy: now + 120n, deliverBy: now + 630n })).to.equal(undefined)
    // 80 s for 20 giga of gas at 250 mega a second, and ten to commit
    expect(ask({ deliverBy: now + 90n, openBy: now + 1n })).to.equal(undefined)
  })

  it('a higher price than its bid, whatever the spelling of the addresses', () => {
    const lower = (a: string) => a.toLowerCase() as Address
    const spelled = { provider: lower(terms.me), arbiter: lower(r.ARBITER) }
    expect(ask({ price: bid.price + 1n, ...spelled })).to.equal(undefined)
  })

  it('a lower price, which buys less work, down to a twentieth', () => {
    const rate = () => ({ price: bid.price, gas: offer.needs.gas })
    for (const part of [2n, 10n, 20n]) {
      expect(ask({ price: bid.price / part })).to.equal(undefined)
      expect(gasFor(bid.price / part, rate())).to.equal(offer.needs.gas / part)
    }
    for (const price of [bid.price / 20n - 1n, 1n, 0n])
      expect(ask({ price })).to.include({ code: 'TERMS_REFUSED', term: 'price', given: String(price) })
  })

  const differing: readonly (readonly [keyof Agreement, Partial<Agreement>])[] = [
    ['provider', { provider: other }],
    ['requester', { requester: other }],
    ['beneficiary', { beneficiary: other }],
    ['arbiter', { arbiter: r.requester.operator.address }],
    ['jobId', { jobId: r.hex(0x77) }],
    ['specHash', { specHash: r.hex(0x77) }],
    ['bond', { bond: 0n }],
    ['bond', { bond: 1_000_000_000_000_001n }],
    ['challengeWindow', { challengeWindow: 59 }],
    ['challengeWindow', { challengeWindow: 61 }],
    ['arbitrationWindow', { arbitrationWindow: 3_601 }],
    ['splitBps', { splitBps: 5_000 }]
  ]
  for (const [term, changes] of differing)
    it(`not another ${term} than was offered: both values are said`, () => {
      const refusal = ask(changes)
      expect(refusal).to.include({ code: 'TERMS_DIFFER', term })
      const given = changes[term]
      expect(refusal?.given?.toLowerCase()).to.equal(String(given).toLowerCase())
      expect(refusal?.offered).to.not.equal(refusal?.given)
    })

  const refused: readonly (readonly [string, Partial<Agreement>])[] = [
    ['openBy is not within the next two minutes', { openBy: now }],
    ['openBy is not within the next two minutes', { openBy: now + 121n, deliverBy: now + 620n }],
    ['openBy is not before the deadline', { openBy: now + 100n, deliverBy: now + 100n }],
    ['deadline too near for the work', { openBy: now + 1n, deliverBy: now + 89n }],
    ['deadline later than offered', { deliverBy: now + 631n }]
  ]
  for (const [reason, changes] of refused)
    it(`not: ${reason} (${Object.keys(changes).join(', ')})`, () => {
      expect(ask(changes)?.message).to.equal(reason)
    })

  it('no deadline that a slow chain cannot keep', () => {
    const near = { openBy: now + 1n, deliverBy: now + 100n }
    expect(ask(near)).to.equal(undefined)
    expect(ask(near, { ...terms, inclusionMs: 12_000 })?.code).to.equal('TIME_SHORT')
  })
})

describe('which offers a provider bids on', () => {
  const ask = async (changes: Partial<OfferBody>, t: Terms = terms) =>
    offerObjection(await r.offerBody(r.requester, changes), t)

  it('those whose terms it would sign', async () => {
    expect(await ask({})).to.equal(undefined)
    expect(await ask({ challengeSeconds: 7 * 86_400, arbitrationSeconds: 60 })).to.equal(undefined)
    expect(await ask({ challengeSeconds: 5, arbitrationSeconds: 30 * 86_400 })).to.equal(undefined)
  })

  const refused: readonly (readonly [string, Partial<OfferBody>])[] = [
    ['arbiter not accepted', { arbiter: r.requester.operator.address }],
    ['bond above what this provider gives', { bond: 1_000_000_000_000_001n }],
    ['challenge window too long', { challengeSeconds: 7 * 86_400 + 1 }],
    ['challenge window too short for this chain', { challengeSeconds: 4 }],
    ['arbitration window too long', { arbitrationSeconds: 30 * 86_400 + 1 }],
    ['arbitration window too short', { arbitrationSeconds: 59 }]
  ]
  for (const [reason, changes] of refused)
    it(`not: ${reason}`, async () => {
      expect((await ask(changes))?.message).to.equal(reason)
    })

  it('none without a bond when its owner asks for one: then disputes would be free', async () => {
    const strict = { ...terms, bondLeast: 500n }
    expect(await ask({ bond: 500n }, strict)).to.equal(undefined)
    expect(await ask({ bond: 0n }, strict)).to.include({ term: 'bond', offered: '500', given: '0' })
  })

  it('none whose window is too short to bring a receipt to a slow chain', async () => {
    expect(await ask({ challengeSeconds: 36 }, { ...terms, inclusionMs: 12_000 })).to.equal(undefined)
    expect((await ask({ challengeSeconds: 35 }, { ...terms, inclusionMs: 12_000 }))?.term).to.equal(
      'challengeSeconds'
    )
  })
})
