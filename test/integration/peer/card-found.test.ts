/** The card of a peer that was started before everybody else reaches the others. Real libp2p peers on loopback. */
import { expect } from 'chai'
import { identityFromSeed } from '../../../src/p2p/identity.ts'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { CardKeeper } from '../../../src/peer/card-keeper.ts'
import { configSchema } from '../../../src/peer/home/config-schema.ts'
import { encode } from '../../../src/protocol/codec.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import { createOperatorKey } from '../../../src/settlement/keys/operator.ts'
import { createRecipientKey } from '../../../src/storage/hpke.ts'
import {
  addressOf,
  isConnected,
  MemoryLog,
  startPeer,
  stopAll,
  systemClock,
  systemRandom,
  until
} from '../p2p/fixtures.ts'

const domain = {
  name: 'Shoal',
  version: '1',
  chainId: 31337n,
  verifyingContract: '0x00000000000000000000000000000000000000e5' as Address
} as const

interface Datastore {
  query(q: { prefix: string }): AsyncIterable<unknown>
}

/** DHT records that a peer keeps for others and itself. */
async function recordsAt(peer: P2PNetwork): Promise<number> {
  const { datastore } = (peer.libp2p as unknown as { components: { datastore: Datastore } }).components
  let n = 0
  for await (const _ of datastore.query({ prefix: '/dht/record' })) n++
  return n
}

async function keeperOf(network: P2PNetwork, seed: Uint8Array, log = new MemoryLog()): Promise<CardKeeper> {
  return new CardKeeper({
    clock: systemClock,
    random: systemRandom,
    operator: createOperatorKey(systemRandom.bytes(32), domain),
    identity: identityFromSeed(seed),
    recipient: await createRecipientKey(systemRandom.bytes(32)),
    network,
    log,
    config: configSchema.parse({})
  })
}

describe('the card of a fresh peer', function () {
  this.timeout(40_000)
  const keepers: CardKeeper[] = []
  afterEach(async () => {
    await Promise.all(keepers.splice(0).map(k => k.stop()))
    await stopAll()
  })

  it('made while nobody was there is stored by the first peer that comes, and found when its maker is gone', async () => {
    const seed = systemRandom.bytes(32)
    const first = await startPeer({ seed })
    const log = new MemoryLog()
    const keeper = await keeperOf(first, seed, log)
    keepers.push(keeper)
    await keeper.start()
    await until('it has tried alone', () => log.lines.some(l => l.message.includes('stored by nobody')))
    const second = await startPeer({ bootstrap: [addressOf(first)] })
    await until('the second holds the card', async () => (await recordsAt(second)) === 1)
    await keeper.stop()
    await first.stop()
    await until('the first is gone', () => !isConnected(second, first))
    expect(await second.getCard(first.peerId)).to.deep.equal(encode(keeper.card))
  })

  it('stops trying when the peer stops', async () => {
    const seed = systemRandom.bytes(32)
    const alone = await startPeer({ seed })
    const log = new MemoryLog()
    const keeper = await keeperOf(alone, seed, log)
    await keeper.start()
    await until('it has tried alone', () => log.lines.some(l => l.message.includes('stored by nobody')))
    await keeper.stop()
    const tries = log.lines.length
    await systemClock.sleep(2_500)
    expect(log.lines.length).to.equal(tries)
  })
})
