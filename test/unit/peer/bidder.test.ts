/** Offers that wait for a slot of this provider, and what it does when one is free. */
import { expect } from 'chai'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import type { AdvertBook } from '../../../src/peer/advert-book.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { Advertiser } from '../../../src/peer/provider/advertiser.ts'
import { Bidder } from '../../../src/peer/provider/bidder.ts'
import { offerDigest } from '../../../src/peer/records.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Verdict } from '../../../src/protocol/ports/network.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

type Hear = (data: Uint8Array) => Promise<Verdict>

async function make(reachable = true, dead: readonly number[] = []) {
  const clock = new ManualClock(r.NOW)
  const offers: TaskOffer[] = []
  for (let i = 0; i < 5; i++) offers.push(await r.offer({ jobId: r.hex(0x20 + i), windowMs: 30_000 }))
  const advert = await r.advert(r.provider)
  const state = { free: 0 }
  const names = new Map(offers.map((o, i) => [offerDigest(o), i]))
  const [bids, provided]: [number[], number[]] = [[], []]
  let hear: Hear = async () => 'ignore'
  const network = {
    handle: () => () => undefined,
    onPeer: () => () => undefined,
    subscribe: (_: string, judge: Hear) => ((hear = judge), () => undefined),
    peers: () => [{ peer: r.requester.identity.peerId }],
    request: async (_: unknown, _m: string, { bid }: { bid: { offer: string } }) => {
      if (!reachable) throw new ShoalError('PEER_UNREACHABLE', 'gone')
      const n = names.get(bid.offer as never) ?? -1
      bids.push(n)
      return { accepted: !dead.includes(n) }
    },
    provide: async (digest: string) => void provided.push(names.get(digest as never) ?? -1)
  }
  const ctx = {
    clock,
    network,
    typed: r.typed,
    identities: identityVerifier,
    log: noLog,
    operator: r.provider.operator,
    card: () => advert.card,
    chainNow: () => BigInt(Math.floor(clock.now() / 1000)),
    config: { provider: { bond: 10n ** 18n, bondLeast: 0n, arbiters: [] } },
    settlement: { network: { arbiter: r.ARBITER }, inclusionMs: () => 1_000 },
    journal: { lied: async () => false }
  }
  const advertiser = { classes: ['general'], body: () => ({ ...advert, slotsFree: state.free }) }
  const book = { list: () => [advert] }
  const bidder = new Bidder(
    ctx as unknown as PeerContext,
    book as unknown as AdvertBook,
    advertiser as unknown as Advertiser
  )
  await bidder.start()
  const hearAll = async (): Promise<void> => {
    for (const o of offers) {
      expect(await hear(encode(o))).to.equal('accept')
      await clock.advance(10)
    }
    await settle()
  }
  const free = async (slots: number): Promise<void> => {
    state.free = slots
    bidder.reconsider()
    for (let i = 0; i < 5; i++) await settle()
  }
  return { clock, offers, state, bids, provided, bidder, hearAll, free }
}

describe('offers that wait for a slot', () => {
  it('get it in the order in which they came, one offer for each slot', async () => {
    const { bids, hearAll, free, bidder } = await make()
    await hearAll()
    expect(bids).to.deep.equal([])
    await free(2)
    expect(bids).to.deep.equal([0, 1])
    await free(2)
    expect(bids).to.deep.equal([0, 1])
    await bidder.stop()
  })

  it('when the first does not want it any more, the next gets it a moment later', async () => {
    const { clock, bids, hearAll, free, bidder } = await make()
    await hearAll()
    await free(1)
    await clock.advance(1_600)
    for (let i = 0; i < 5; i++) await settle()
    expect(bids).to.deep.equal([0, 1])
    await bidder.stop()
  })

  it('those whose bidding is over by then are passed over at once', async () => {
    const { bids, hearAll, free, bidder } = await make(true, [0, 1, 2])
    await hearAll()
    await free(1)
    expect(bids).to.deep.equal([0, 1, 2, 3])
    await bidder.stop()
  })

  it('new ones get a bid at once, two for each free slot, and those beyond wait their turn', async () => {
    const { clock, state, bids, hearAll, bidder } = await make()
    state.free = 1
    await hearAll()
    for (let i = 0; i < 5; i++) await settle()
    expect(bids).to.deep.equal([0, 1])
    await clock.advance(1_600)
    for (let i = 0; i < 5; i++) await settle()
    expect(bids).to.deep.equal([0, 1, 2])
    await bidder.stop()
  })

  it('an agreement takes the slot, and the next that is free goes to the next in line at once', async () => {
    const { offers, state, bids, hearAll, free, bidder } = await make()
    await hearAll()
    await free(1)
    state.free = 0
    bidder.agreed(offerDigest(offers[0] as TaskOffer))
    await free(1)
    expect(bids).to.deep.equal([0, 1])
    await bidder.stop()
  })

  it('one that has expired gets nothing, and a stop leaves nothing behind', async () => {
    const { clock, bids, hearAll, free, bidder } = await make()
    await hearAll()
    await free(1)
    await clock.advance(31_000)
    await free(3)
    expect(bids[0]).to.equal(0)
    const before = bids.length
    await free(5)
    expect(bids).to.have.length(before)
    await bidder.stop()
    expect(clock.pending).to.equal(0)
  })
})

describe('the two ways of a bid', () => {
  it('one that its requester has is not announced in the DHT as well; one that could not be handed over is', async () => {
    for (const reachable of [true, false]) {
      const { bids, provided, hearAll, free, bidder } = await make(reachable)
      await hearAll()
      await free(1)
      expect([bids, provided]).to.deep.equal(reachable ? [[0], []] : [[], [0]])
      await bidder.stop()
    }
  })
})
