import { expect } from 'chai'
import { createLibp2p, type Libp2p } from 'libp2p'
import { boundedDatastore, type Datastore } from '../../../src/p2p/guards/dht-store.ts'
import { encode } from '../../../src/protocol/codec.ts'
import { dhtRecord } from '../../hostile/raw/kad.ts'
import { text } from '../../hostile/raw/protobuf.ts'
import { identities, signedCard } from '../../unit/p2p/cards.ts'

type Key = Parameters<Datastore['put']>[0]

describe('the DHT’s records in bounded space', () => {
  let node: Libp2p
  let store: Datastore

  beforeEach(async () => {
    node = await createLibp2p({ start: false })
    store = (node as unknown as { components: { datastore: Datastore } }).components.datastore
  })

  /** A key as the datastore knows it; its class is that of one that the node itself has written. */
  const key = async (name: string): Promise<Key> => {
    await node.peerStore.patch(node.peerId, { metadata: { a: Uint8Array.of(1) } })
    for await (const k of store.queryKeys({})) return new (k.constructor as new (n: string) => Key)(name)
    throw new Error('the node keeps no key')
  }

  it('an older card never replaces a newer one', async () => {
    const bounded = boundedDatastore(store)
    const at = await key('/dht/record/a')
    const record = async (seq: number): Promise<Uint8Array> =>
      dhtRecord(text('/shoal-card/x'), encode(await signedCard(identities[0], { seq, expires: 1_000 })))
    const newer = await record(2)
    await bounded.put(at, newer)
    const error = await Promise.resolve(bounded.put(at, await record(1))).catch((e: unknown) => e)
    expect(String(error)).to.contain('newer record')
    expect(await bounded.get(at)).to.deep.equal(newer)
    await bounded.put(at, await record(3))
  })

  it('the oldest provider records make room for new ones', async () => {
    const bounded = boundedDatastore(store, { records: 2, providers: 3 })
    for (let i = 0; i < 10; i++) await bounded.put(await key(`/dht/provider/${i}`), Uint8Array.of(i))
    const left: string[] = []
    for await (const k of bounded.queryKeys({ prefix: '/dht/provider' })) left.push(k.toString())
    expect(left.sort()).to.deep.equal(['/dht/provider/7', '/dht/provider/8', '/dht/provider/9'])
  })
})
