/** A light requester finds bids of providers that it is not connected to, through the DHT. Real libp2p peers on loopback. */
import { expect } from 'chai'
import { ARBITER, needs } from '../../support/records.ts'
import { identityFromSeed, identityVerifier } from '../../../src/p2p/identity.ts'
import { createPeerNetwork, type P2PNetwork } from '../../../src/p2p/network.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { signBid, signCard, signOffer, offerDigest } from '../../../src/peer/records.ts'
import { BidBook } from '../../../src/peer/requester/bid-book.ts'
import { toHex } from '../../../src/protocol/codec.ts'
import type { Address, Hex32 } from '../../../src/protocol/ids.ts'
import type { Logger } from '../../../src/protocol/ports/log.ts'
import type { PeerCard } from '../../../src/protocol/records/card.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import { createOperatorKey } from '../../../src/settlement/keys/operator.ts'
import { typedDataVerifier } from '../../../src/settlement/keys/typed.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const domain = {
  name: 'Shoal',
  version: '1',
  chainId: 31337n,
  verifyingContract: '0x00000000000000000000000000000000000000e5' as Address
} as const
const bytes32 = (): Hex32 => toHex(systemRandom.bytes(32)) as Hex32

async function party(profile: 'full' | 'light', bootstrap: string[]) {
  const seed = systemRandom.bytes(32)
  const network = await createPeerNetwork({
    profile,
    networkId: 'dht-bids',
    seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap,
    // nobody dials more than its bootstrap peer, so the bidder stays a stranger
    targets: { min: 1, max: 50 },
    clock: systemClock,
    random: systemRandom,
    log: quiet
  })
  await network.start()
  const operator = createOperatorKey(systemRandom.bytes(32), domain)
  const card = await signCard(
    {
      v: 1,
      peer: network.peerId,
      operator: operator.address,
      beneficiary: operator.address,
      recipient: systemRandom.bytes(32),
      profile,
      addresses: network.addresses(),
      seq: 1,
      expires: systemClock.now() + 3_600_000
    },
    operator,
    identityFromSeed(seed)
  )
  return { network, operator, card }
}

async function makeOffer(card: PeerCard, operator: ReturnType<typeof createOperatorKey>): Promise<TaskOffer> {
  const now = systemClock.now()
  return await signOffer(
    {
      v: 2,
      jobId: bytes32(),
      round: 1,
      card,
      specHash: bytes32(),
      class: 'general',
      needs,
      executions: 1,
      ceiling: 100n,
      wanted: 1,
      rule: 'best-value/1',
      tier: 'none',
      region: 'any',
      energy: 'any',
      excluded: [],
      issued: now,
      windowMs: 15_000,
      bond: 0n,
      arbiter: ARBITER,
      deliverSeconds: 60,
      challengeSeconds: 60,
      arbitrationSeconds: 3_600
    },
    operator
  )
}

describe('bids through the DHT', function () {
  this.timeout(60_000)
  const running: P2PNetwork[] = []
  afterEach(async () => {
    for (const n of running.splice(0).reverse()) await n.stop()
  })

  it('reach a light requester that nobody can dial and that does not know the bidder', async () => {
    const hub = await party('full', [])
    running.push(hub.network)
    const bidder = await party('full', hub.network.addresses())
    running.push(bidder.network)
    const requester = await party('light', hub.network.addresses())
    running.push(requester.network)
    const offer = await makeOffer(requester.card, requester.operator)
    const digest = offerDigest(offer)
    const now = systemClock.now()
    const bid = await signBid(
      {
        v: 2,
        offer: digest,
        card: bidder.card,
        price: 60n,
        slots: 1,
        speed: 1_000n,
        engineVersion: '1',
        region: 'unknown',
        energy: 'unknown',
        issued: now,
        validMs: 60_000
      },
      bidder.operator
    )
    bidder.network.handle('bids', async ({ offer: asked }) => ({ bids: asked === digest ? [bid] : [] }))
    await bidder.network.provide(digest)
    const book = new BidBook({
      network: requester.network,
      clock: systemClock,
      typed: typedDataVerifier(domain),
      identities: identityVerifier,
      log: quiet
    })
    const bids = await book.collect(offer, found => found.length > 0, new AbortController().signal)
    expect(requester.network.addresses()).to.deep.equal([])
    expect(bids.map(b => b.card.operator)).to.deep.equal([bidder.operator.address])
  })
})
