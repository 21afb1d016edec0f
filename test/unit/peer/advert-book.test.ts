import { expect } from 'chai'
import { AdvertBook } from '../../../src/peer/advert-book.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { ManualClock } from '../../support/clock.ts'
import { advert, card, NOW, provider, stranger } from '../../support/records.ts'

describe('the book of adverts', () => {
  const made = () => {
    const clock = new ManualClock(NOW)
    return { clock, book: new AdvertBook({ clock } as unknown as PeerContext) }
  }

  it('the newest advert of a provider counts, in whatever order they come', async () => {
    const { book } = made()
    for (const seq of [5, 4, 6, 6]) book.add(await advert(provider, { seq, ask: BigInt(seq) }))
    expect(book.list().map(a => [a.seq, a.ask])).to.deep.equal([[6, 6n]])
    expect(book.of(provider.identity.peerId)?.seq).to.equal(6)
  })

  it('an advert is gone in the moment in which it expires', async () => {
    const { book, clock } = made()
    book.add(await advert(provider, { expires: NOW + 1_000 }))
    book.add(await advert(stranger, { expires: NOW + 60_000 }))
    await clock.advance(999)
    expect(book.list()).to.have.length(2)
    await clock.advance(1)
    expect(book.list().map(a => a.card.peer)).to.deep.equal([stranger.identity.peerId])
  })

  it('a peer is dialled first where its newest advert says, then where it was', async () => {
    const { book } = made()
    const peer = provider.identity.peerId
    book.add(await advert(provider, { card: await card(provider, { addresses: ['/ip4/127.0.0.1/tcp/2'] }) }))
    expect(book.locate({ peer, addresses: ['/ip4/127.0.0.1/tcp/1'] }).addresses).to.deep.equal([
      '/ip4/127.0.0.1/tcp/2',
      '/ip4/127.0.0.1/tcp/1'
    ])
  })
})
