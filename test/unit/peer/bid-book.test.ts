import { expect } from 'chai'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { BidBook, type Expected } from '../../../src/peer/requester/bid-book.ts'
import { LIST_MAX } from '../../../src/protocol/limits.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'
import type { PeerNetwork } from '../../../src/protocol/ports/network.ts'
import type { Bid } from '../../../src/protocol/records/bid.ts'
import { refuse } from '../../../src/protocol/records/refusal.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import {
  bid,
  domain,
  NOW,
  offer,
  person,
  provider,
  type Person,
  requester,
  stranger,
  typed
} from '../../support/records.ts'
import { createHash } from 'node:crypto'
import { createOperatorKey } from '../../../src/settlement/keys/operator.ts'

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet
}
/** The part of the network that the book uses: a DHT with the given bids under every key. */
function dht(bids: readonly Bid[]) {
  const asked: string[] = []
  const network = {
    peerId: requester.identity.peerId,
    async *findProviders() {
      for (const b of bids) yield { peer: b.card.peer, addresses: b.card.addresses }
    },
    request: async (to: { peer: string }) => {
      asked.push(to.peer)
      return { bids: bids.filter(b => b.card.peer === to.peer) }
    }
  }
  return { network: network as unknown as PeerNetwork, asked }
}

describe('the book of bids', () => {
  let clock: ManualClock
  let open: TaskOffer
  beforeEach(async () => {
    clock = new ManualClock(NOW)
    open = await offer()
  })
  const book = (found: readonly Bid[] = [], expected?: Expected) => {
    const { network, asked } = dht(found)
    const ports = { network, clock, typed, identities: identityVerifier, log: quiet }
    return { asked, book: new BidBook(ports, expected) }
  }
  const signal = new AbortController().signal
  /** Lets the whole bidding window pass. */
  const passWindow = async (): Promise<void> => {
    for (let i = 0; i < 25; i++) await clock.advance(100)
  }

  it('takes honest bids while the offer is open, and none before or after', async () => {
    const { book: b } = book()
    const mine = await bid(open)
    expect(await b.accept(mine)).to.deep.equal({
      accepted: false,
      refusal: refuse('NOT_FOUND', 'no such open offer')
    })
    const collecting = b.collect(open, () => false, signal)
    expect(await b.accept(mine)).to.deep.equal({ accepted: true })
    await passWindow()
    expect(await collecting).to.deep.equal([mine])
    expect((await b.accept(await bid(open, stranger))).refusal?.message).to.equal('no such open offer')
    expect(b.openOffers()).to.deep.equal([])
    expect(clock.pending).to.equal(0)
  })

  it('one bid per operator: the first stands, however cheap the second', async () => {
    const { book: b } = book()
    const collecting = b.collect(open, () => false, signal)
    const first = await bid(open)
    await b.accept(first)
    await b.accept(await bid(open, provider, { price: 1n }))
    await passWindow()
    expect(await collecting).to.deep.equal([first])
  })

  it('a bid on another offer, above the ceiling or forged is refused with the reason', async () => {
    const { book: b } = book()
    const collecting = b.collect(open, () => false, signal)
    const honest = await bid(open)
    expect((await b.accept({ ...honest, price: 1n })).refusal?.message).to.contain('not signed')
    expect(
      (await b.accept(await bid(open, provider, { price: open.ceiling + 1n }))).refusal?.message
    ).to.contain('ceiling')
    expect((await b.accept(await bid(await offer({ round: 9 })))).accepted).to.equal(false)
    await passWindow()
    expect(await collecting).to.deep.equal([])
  })

  it('stays bounded under a flood of operators, also when all arrive at once', async () => {
    const { book: b } = book()
    const collecting = b.collect(open, () => false, signal)
    const flood = await Promise.all(
      Array.from({ length: LIST_MAX + 20 }, (_, i) => {
        const secret = new Uint8Array(createHash('sha256').update(`operator ${i}`).digest())
        return bid(open, { operator: createOperatorKey(secret, domain), identity: provider.identity })
      })
    )
    const answers = await Promise.all(flood.map(f => b.accept(f)))
    expect(answers.filter(a => a.accepted).length).to.equal(LIST_MAX)
    expect(answers.filter(a => a.refusal?.message === 'enough bids').length).to.equal(20)
    await passWindow()
    expect((await collecting).length).to.equal(LIST_MAX)
  })

  it('a bid whose check ends after the bidding is refused, not silently dropped', async () => {
    const checked = Promise.withResolvers<boolean>()
    const identities = { verify: () => checked.promise }
    const b = new BidBook({ network: dht([]).network, clock, typed, identities, log: quiet })
    const collecting = b.collect(open, () => false, signal)
    const answer = b.accept(await bid(open))
    await passWindow()
    expect(await collecting).to.deep.equal([])
    checked.resolve(true)
    expect(await answer).to.deep.equal({
      accepted: false,
      refusal: refuse('NOT_FOUND', 'no such open offer')
    })
  })

  it('a cancelled round ends at once and takes no more bids', async () => {
    const { book: b } = book()
    const stop = new AbortController()
    const collecting = b.collect(open, () => false, stop.signal)
    stop.abort(new Error('cancelled'))
    expect(await collecting.catch((e: Error) => e.message)).to.equal('cancelled')
    expect((await b.accept(await bid(open, person(5)))).accepted).to.equal(false)
    expect(clock.pending).to.equal(0)
  })

  it('ends early when there is enough, but not before half of the window', async () => {
    const { book: b } = book()
    const collecting = b.collect(open, bids => bids.length >= 1, signal)
    await b.accept(await bid(open))
    const half = NOW + open.windowMs / 2
    let ended = 0
    void collecting.then(() => (ended = clock.now()))
    await passWindow()
    expect((await collecting).length).to.equal(1)
    expect(ended).to.be.within(half, half + 200)
  })

  const operators = (...people: Person[]) =>
    new Set(people.map(p => p.operator.address.toLowerCase() as Address))

  it('ends at once when everyone who is known to be able to bid has done so', async () => {
    const { book: b } = book([], () => operators(provider, stranger))
    const collecting = b.collect(open, bids => bids.length >= 1, signal)
    let ended = false
    void collecting.then(() => (ended = true))
    await b.accept(await bid(open))
    await clock.advance(100)
    expect(ended, 'one is missing').to.equal(false)
    await b.accept(await bid(open, stranger))
    expect((await collecting).length).to.equal(2)
    expect(clock.now()).to.be.below(NOW + open.windowMs / 2)
  })

  it('an advert of a peer that never bids costs half of the window, not a bid', async () => {
    const { book: b } = book([], () => operators(provider, person(9)))
    const collecting = b.collect(open, bids => bids.length >= 1, signal)
    const honest = await bid(open)
    await b.accept(honest)
    let ended = 0
    void collecting.then(() => (ended = clock.now()))
    await passWindow()
    expect(await collecting).to.deep.equal([honest])
    expect(ended).to.be.at.least(NOW + open.windowMs / 2)
  })

  it('who knows too little of the network, or of nobody able to bid, waits for half of the window', async () => {
    for (const known of [undefined, operators()]) {
      const { book: b } = book([], () => known)
      const collecting = b.collect(open, bids => bids.length >= 1, signal)
      await b.accept(await bid(open))
      let ended = false
      void collecting.then(() => (ended = true))
      await clock.advance(300)
      expect(ended).to.equal(false)
      await passWindow()
      await collecting
      clock = new ManualClock(NOW)
    }
  })

  it('finds through the DHT what never reached it, asks each peer once, and checks it all the same', async () => {
    const honest = await bid(open)
    const forged = { ...(await bid(open, stranger)), price: 1n }
    const { book: b, asked } = book([honest, forged])
    const collecting = b.collect(open, () => false, signal)
    await settle()
    await passWindow()
    expect(await collecting).to.deep.equal([honest])
    expect(asked).to.deep.equal([provider.identity.peerId, stranger.identity.peerId])
  })
})
