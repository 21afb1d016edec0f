import { expect } from 'chai'
import { ruleIds } from '../../../src/market/award.ts'
import { expectedBidders } from '../../../src/market/expected.ts'
import { advert, offerBody, provider, requester, stranger } from '../../support/records.ts'

describe('whose bids may be waited for', () => {
  const low = (p: { operator: { address: string } }) => p.operator.address.toLowerCase()

  it('those whose advert fits the offer', async () => {
    const offer = await offerBody()
    const found = expectedBidders(offer, [await advert(provider), await advert(stranger)], ruleIds)
    expect([...found].sort()).to.deep.equal([low(provider), low(stranger)].sort())
  })

  it('not the full, the excluded, another class, or the requester itself', async () => {
    const offer = await offerBody(requester, { excluded: [stranger.operator.address] })
    const adverts = [
      await advert(provider, { slotsFree: 0 }),
      await advert(stranger),
      await advert(requester),
      await advert(provider, { class: 'storage' })
    ]
    expect(expectedBidders(offer, adverts, ruleIds).size).to.equal(0)
  })
})
