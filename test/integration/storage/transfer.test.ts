import { expect } from 'chai'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { collectBytes } from '../../../src/protocol/byte-source.ts'
import { isShoalError, ShoalError } from '../../../src/protocol/errors.ts'
import type { ContentSource, SealedObject, Store } from '../../../src/protocol/ports/index.ts'
import { createContentStore, type PeerContentStore } from '../../../src/storage/content-store.ts'
import type { StorageLimits } from '../../../src/storage/limits.ts'
import {
  addressOf,
  byId,
  isConnected,
  MemoryLog,
  startPeer,
  stopAll,
  systemClock,
  systemRandom,
  until
} from '../p2p/fixtures.ts'

const context = new TextEncoder().encode('job 1')
const MiB = 2 ** 20
const MAX = 64 * MiB

interface Holder {
  readonly network: P2PNetwork
  readonly content: PeerContentStore
  readonly store: Store
  readonly folder: string
}

async function* parts(data: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield await Promise.resolve(data.subarray(at, at + size))
}

describe('sealed content between real peers', function () {
  let home: string
  let count = 0
  const open: Holder[] = []

  async function holder(
    network: P2PNetwork,
    options: { folder?: string; limits?: Partial<StorageLimits> } = {}
  ): Promise<Holder> {
    const folder = options.folder ?? join(home, String(count++))
    const store = await openLevelStore(join(folder, 'index'))
    const content = createContentStore({
      libp2p: network.libp2p,
      connect: (to, signal) => network.connect(to, signal),
      isMember: peer => network.isMember(peer),
      unasked: (peer, bytes) => network.unaskedBlocks(peer, bytes),
      ...{
        folder: join(folder, 'blocks'),
        store,
        clock: systemClock,
        random: systemRandom,
        log: new MemoryLog()
      },
      limits: { stallMs: 1_500, firstBlockMs: 1_500, connectMs: 2_000, ...options.limits }
    })
    await content.start()
    const made = { network, content, store, folder }
    open.push(made)
    return made
  }

  async function close(h: Holder): Promise<void> {
    open.splice(open.indexOf(h), 1)
    await h.content.stop()
    await h.store.close()
  }

  async function digest(
    h: Holder,
    object: Pick<SealedObject, 'cid' | 'key'>,
    from?: ContentSource
  ): Promise<string> {
    const hash = createHash('sha256')
    for await (const part of h.content.get(object, context, { from, maxBytes: MAX })) hash.update(part)
    return hash.digest('hex')
  }

  async function failure(p: Promise<unknown>): Promise<string> {
    return await p.then(
      () => 'nothing failed',
      (e: unknown) => (isShoalError(e) ? e.code : `not ours: ${String(e)}`)
    )
  }

  const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

  /** Writes over one block of a store, as a bad disk or a bad peer would. */
  async function damage(h: Holder, which: (size: number, index: number) => boolean): Promise<void> {
    const blocks = join(h.folder, 'blocks')
    let index = 0
    for (const shard of await readdir(blocks)) {
      for (const name of await readdir(join(blocks, shard))) {
        if (which(0, index++)) await writeFile(join(blocks, shard, name), randomBytes(1_000))
      }
    }
  }

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'shoal-content-'))
  })
  afterEach(async () => {
    for (const h of [...open]) await close(h)
    await stopAll()
    await rm(home, { recursive: true })
  })

  it('no two objects share a key, though their content is the same', async () => {
    const a = await holder(await startPeer())
    const data = new Uint8Array(1_000)
    const made = [await a.content.put(parts(data), context), await a.content.put(parts(data), context)]
    expect(new Set(made.map(o => Buffer.from(o.key).toString('hex'))).size).to.equal(2)
    expect(new Set(made.map(o => o.cid)).size).to.equal(2)
  })

  it('32 MiB go from a full peer to a full and a light one, and from the light one back', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const light = await holder(await startPeer({ profile: 'light', bootstrap: [addressOf(a.network)] }))
    await until('the light peer has come', () => isConnected(a.network, light.network))
    const data = new Uint8Array(randomBytes(32 * MiB))
    const object = await a.content.put(parts(data), context)
    expect(object.size).to.equal(data.length)
    expect(await digest(b, object, addressOf(a.network))).to.equal(sha(data))
    expect(await digest(light, object, addressOf(a.network))).to.equal(sha(data))
    const small = data.subarray(0, 3 * MiB)
    const back = await light.content.put(parts(small), context)
    expect(await digest(a, back, byId(light.network))).to.equal(sha(small))
    // as fast as it goes, and nobody asked for too much
    for (const { network } of [a, b, light])
      expect([network.health().offences, network.health().limited]).to.deep.equal([{}, {}])
  })

  it('eight objects at once from one peer, and one to eight readers, all arrive', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const data = Array.from({ length: 8 }, () => new Uint8Array(randomBytes(2 * MiB)))
    const objects = await Promise.all(data.map(d => a.content.put(parts(d), context)))
    const got = await Promise.all(objects.map(o => digest(b, o, addressOf(a.network))))
    expect(got).to.deep.equal(data.map(sha))
    const [first] = objects
    if (first === undefined) throw new Error('one')
    const c = await holder(await startPeer())
    const all = await Promise.all(Array.from({ length: 8 }, () => digest(c, first, addressOf(a.network))))
    expect(new Set(all)).to.deep.equal(new Set([sha(data[0] ?? new Uint8Array(0))]))
    for (const { network } of [a, b, c])
      expect([network.health().offences, network.health().limited]).to.deep.equal([{}, {}])
  })

  it('a slow reader does not make the fetcher run ahead', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const data = new Uint8Array(randomBytes(32 * MiB))
    const object = await a.content.put(parts(data), context)
    const reader = b.content.get(object, context, { from: addressOf(a.network), maxBytes: MAX })
    await reader.next()
    await systemClock.sleep(400)
    expect(b.content.bytes).to.be.below(6 * MiB)
    await reader.return(undefined)
  })

  it('nothing is put or got under another context, key or size', async () => {
    const a = await holder(await startPeer())
    const object = await a.content.put(parts(new Uint8Array(randomBytes(MiB))), context)
    expect(await failure(digest(a, { ...object, key: new Uint8Array(32) }))).to.equal('CONTENT_CORRUPT')
    const other = a.content.get(object, new Uint8Array(1), { maxBytes: MAX })
    expect(await failure(other.next())).to.equal('CONTENT_CORRUPT')
    const small = a.content.get(object, context, { maxBytes: MiB - 1 })
    expect(await failure(collectBytes(small, MAX))).to.equal('CONTENT_TOO_LARGE')
    const exact = a.content.get(object, context, { maxBytes: MiB })
    expect((await collectBytes(exact, MAX)).length).to.equal(MiB)
  })

  it('an altered block is not taken from a peer; what came before is not wrong', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const object = await a.content.put(parts(new Uint8Array(randomBytes(2 * MiB))), context)
    await damage(a, (_, index) => index === 3)
    expect(await failure(digest(b, object, addressOf(a.network)))).to.be.oneOf([
      'CONTENT_NOT_FOUND',
      'CONTENT_CORRUPT'
    ])
    expect(b.content.bytes).to.be.below(2 * MiB + 1_000)
  })

  it('content that nobody has, and a source that is gone, are not found', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const object = await a.content.put(parts(new Uint8Array(randomBytes(1_000))), context)
    await a.content.forget(object.cid)
    expect(await a.content.sweep()).to.equal(1)
    expect(await failure(digest(b, object, addressOf(a.network)))).to.equal('CONTENT_NOT_FOUND')
    const source = addressOf(a.network)
    await close(a)
    await a.network.stop()
    expect(await failure(digest(b, object, source))).to.equal('CONTENT_NOT_FOUND')
    expect(await failure(digest(b, object))).to.equal('CONTENT_NOT_FOUND')
  })

  it('a peer that holds the connection but never answers is given up', async () => {
    const silent = await startPeer()
    await silent.libp2p.handle('/ipfs/bitswap/1.2.0', () => undefined)
    const b = await holder(await startPeer())
    const a = await holder(await startPeer())
    const object = await a.content.put(parts(new Uint8Array(randomBytes(1_000))), context)
    expect(await failure(digest(b, object, addressOf(silent)))).to.equal('CONTENT_NOT_FOUND')
  })

  it('when the source is gone, a provider that the DHT names delivers', async () => {
    const a = await holder(await startPeer())
    const bootstrap = [addressOf(a.network)]
    const b = await holder(await startPeer({ bootstrap }))
    const c = await holder(await startPeer({ bootstrap }))
    await until('all have met', () => [b, c].every(h => isConnected(a.network, h.network)))
    const data = new Uint8Array(randomBytes(MiB))
    const object = await b.content.put(parts(data), context)
    const key = Buffer.from(CID.parse(object.cid).multihash.digest).toString('hex')
    await b.network.provide(key)
    const gone = await startPeer()
    const source = addressOf(gone)
    await gone.stop()
    expect(await digest(c, object, source)).to.equal(sha(data))
  })

  it('aborting a put or a get ends it at once and leaves nothing after a sweep', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; ; i++) {
        if (i === 20) controller.abort(new ShoalError('CANCELLED', 'enough'))
        yield await Promise.resolve(new Uint8Array(randomBytes(100_000)))
      }
    }
    expect(await failure(a.content.put(endless(), context, controller.signal))).to.equal('CANCELLED')
    await a.content.sweep()
    expect(a.content.bytes).to.equal(0)
    const object = await a.content.put(parts(new Uint8Array(randomBytes(8 * MiB))), context)
    const leave = new AbortController()
    const options = { from: addressOf(a.network), maxBytes: MAX, signal: leave.signal }
    const got = (async () => {
      for await (const _ of b.content.get(object, context, options))
        leave.abort(new ShoalError('CANCELLED', 'enough'))
    })()
    expect(await failure(got)).to.equal('CANCELLED')
    await b.content.sweep()
    expect(b.content.bytes).to.equal(0)
  })

  it('what is pinned survives a restart and a sweep; what was only fetched does not survive the sweep', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const data = new Uint8Array(randomBytes(3 * MiB))
    const object = await a.content.put(parts(data), context)
    await digest(b, object, addressOf(a.network))
    await close(a)
    await close(b)
    const again = await holder(a.network, { folder: a.folder })
    const fetched = await holder(b.network, { folder: b.folder })
    expect(await again.content.sweep()).to.equal(0)
    expect(await digest(again, object)).to.equal(sha(data))
    expect(await digest(fetched, object)).to.equal(sha(data))
    expect(await fetched.content.sweep()).to.equal(14)
    expect(fetched.content.bytes).to.equal(0)
  })

  it('a store that is full says so and keeps what it has', async () => {
    const a = await holder(await startPeer(), { limits: { storeBytes: MiB } })
    const kept = await a.content.put(parts(new Uint8Array(500_000)), context)
    const big = a.content.put(parts(new Uint8Array(randomBytes(MiB))), context)
    expect(await failure(big)).to.equal('DISK_FULL')
    expect(await digest(a, kept)).to.equal(sha(new Uint8Array(500_000)))
    await a.content.sweep()
    expect(a.content.bytes).to.be.below(600_000)
  })

  it('a peer of another network gets no blocks', async () => {
    const a = await holder(await startPeer())
    const stranger = await holder(await startPeer({ networkId: 'other' }))
    const object = await a.content.put(parts(new Uint8Array(randomBytes(1_000))), context)
    expect(await failure(digest(stranger, object, addressOf(a.network)))).to.equal('CONTENT_NOT_FOUND')
    expect(stranger.content.bytes).to.equal(0)
  })

  it('stopping a store ends what runs in it, twice is harmless', async () => {
    const a = await holder(await startPeer())
    const b = await holder(await startPeer())
    const object = await a.content.put(parts(new Uint8Array(randomBytes(8 * MiB))), context)
    const reader = b.content.get(object, context, { from: addressOf(a.network), maxBytes: MAX })
    await reader.next()
    await b.content.stop()
    await b.content.stop()
    const rest = (async () => {
      for await (const _ of { [Symbol.asyncIterator]: () => reader });
    })()
    expect(await failure(rest)).to.equal('CANCELLED')
  })
})
