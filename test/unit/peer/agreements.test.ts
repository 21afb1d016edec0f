import { expect } from 'chai'
import { objection, type Terms } from '../../../src/peer/provider/agreements.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import type { Bid } from '../../../src/protocol/records/bid.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import * as r from '../../support/records.ts'

const now = BigInt(r.NOW / 1000)
const terms: Terms = {
  me: r.provider.operator.address,
  beneficiary: r.provider.operator.address,
  arbiters: [r.ARBITER],
  bondMax: 1_000_000_000_000_000n,
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
  const ask = (changes: Partial<Agreement> = {}, resume = 0, t: Terms = terms) =>
    objection(r.deal(changes), offer, bid, resume, t)

  it('its own bid under the offered terms', () => {
    expect(ask()).to.equal(undefined)
  })

  it('terms at their very limits', () => {
    expect(
      ask({ bond: terms.bondMax, openBy: now + 600n, deliverBy: now + 630n, challengeWindow: 60 })
    ).to.equal(undefined)
    expect(ask({ deliverBy: now + 120n, openBy: now + 1n })).to.equal(undefined)
    expect(ask({ challengeWindow: 5, arbitrationWindow: 60 })).to.equal(undefined)
    expect(ask({ arbitrationWindow: 30 * 86_400 })).to.equal(undefined)
  })

  it('a higher price than its bid, whatever the spelling of the addresses', () => {
    const lower = (a: string) => a.toLowerCase() as Address
    expect(ask({ price: bid.price + 1n, provider: lower(terms.me), arbiter: lower(r.ARBITER) })).to.equal(
      undefined
    )
  })

  const refused: readonly (readonly [string, Partial<Agreement>])[] = [
    ['not addressed to this provider', { provider: other }],
    ['not from the requester of the offer', { requester: other }],
    ['wrong beneficiary', { beneficiary: other }],
    ['arbiter not accepted', { arbiter: r.requester.operator.address }],
    ['not the offered job', { jobId: r.hex(0x77) }],
    ['not the offered job', { specHash: r.hex(0x77) }],
    ['price below the bid', { price: 3_999_999_999_999_999n }],
    ['price below the bid', { price: 0n }],
    ['bond above what this provider gives', { bond: 1_000_000_000_000_001n }],
    ['openBy is not within the next ten minutes', { openBy: now }],
    ['openBy is not within the next ten minutes', { openBy: now + 601n, deliverBy: now + 620n }],
    ['openBy is not before the deadline', { openBy: now + 500n, deliverBy: now + 500n }],
    ['deadline too near for the work', { deliverBy: now + 119n }],
    ['deadline later than offered', { deliverBy: now + 631n }],
    ['challenge window too long', { challengeWindow: 61 }],
    ['arbitration window too long', { arbitrationWindow: 30 * 86_400 + 1 }],
    ['arbitration window too short', { arbitrationWindow: 59 }],
    ['challenge window too short', { challengeWindow: 4 }],
    ['a split, which the contract does not take', { splitBps: 1 }]
  ]
  for (const [reason, changes] of refused) {
    it(`not: ${reason} (${Object.keys(changes).join(', ')})`, () => {
      expect(ask(changes)).to.equal(reason)
    })
  }

  it('no challenge window above a week, even when it was offered', async () => {
    offer = await r.offer({ challengeSeconds: 30 * 86_400 })
    bid = await r.bid(offer)
    expect(ask({ challengeWindow: 7 * 86_400 })).to.equal(undefined)
    expect(ask({ challengeWindow: 7 * 86_400 + 1 })).to.equal('challenge window too long')
  })

  it('a resumed attempt costs the rest of the bid and no less', () => {
    expect(ask({ price: (bid.price * 6n) / 10n }, 4_000)).to.equal(undefined)
    expect(ask({ price: (bid.price * 6n) / 10n - 1n }, 4_000)).to.equal('price below the bid')
    expect(ask({ price: 1n }, 10_000)).to.equal('nothing left to do')
    expect(ask({ price: 0n }, 10_000)).to.equal('price below the bid')
  })

  it('nothing without an arbiter it knows', () => {
    expect(ask({}, 0, { ...terms, arbiters: [] })).to.equal('arbiter not accepted')
  })
})
