/** What is pinned outlives a power cut: its blocks are on the disk before the pin is. */
import { expect } from 'chai'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { isShoalError, ShoalError } from '../../../src/protocol/errors.ts'
import type { Store } from '../../../src/protocol/ports/index.ts'
import { NodeBlockFiles } from '../../../src/storage/adapters/block-files.ts'
import type { BlockFiles } from '../../../src/storage/blocks.ts'
import { createContentStore, type PeerContentStore } from '../../../src/storage/content-store.ts'
import { addressOf, MemoryLog, startPeer, stopAll, systemClock, systemRandom } from '../p2p/fixtures.ts'

const context = new TextEncoder().encode('job 1')
const SIZE = 3 * 2 ** 20

async function* data(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 3; i++) yield await Promise.resolve(new Uint8Array(randomBytes(SIZE / 3)))
}

describe('pinned blocks', () => {
  let home: string
  let count = 0
  const ends: (() => Promise<void>)[] = []

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'shoal-durable-'))
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    await stopAll()
    await rm(home, { recursive: true })
  })

  /** A real store that tells in which order blocks were put, synced and pinned; `fail` lets its disk fail at the sync. */
  async function holder(fail: () => boolean = () => false) {
    const network: P2PNetwork = await startPeer()
    const folder = join(home, String(count++))
    const real = new NodeBlockFiles(folder, () => String(count++))
    const store = await openLevelStore(`${folder}-index`)
    const put = new Set<string>()
    const steps: string[] = []
    const blockFiles: BlockFiles = {
      open: () => real.open(),
      get: n => real.get(n),
      has: n => real.has(n),
      put: async (n, b) => (put.add(n), await real.put(n, b)),
      sync: async names => {
        const all = new Set(names)
        if (fail()) throw new ShoalError('DISK_ERROR', 'The disk failed: EIO.')
        await real.sync(all)
        steps.push(`sync ${[...put].every(n => all.has(n)) ? 'all' : 'some'}`)
      },
      delete: n => real.delete(n),
      names: () => real.names()
    }
    const watched: Store = {
      get: k => store.get(k),
      batch: async ops => (steps.push('pin'), await store.batch(ops)),
      range: (p, o) => store.range(p, o),
      close: () => store.close()
    }
    const content: PeerContentStore = createContentStore({
      libp2p: network.libp2p,
      connect: (to, signal) => network.connect(to, signal),
      isMember: peer => network.isMember(peer),
      unasked: (peer, bytes) => network.unaskedBlocks(peer, bytes),
      ...{ folder, blockFiles, store: watched, clock: systemClock, random: systemRandom },
      log: new MemoryLog()
    })
    await content.start()
    ends.push(
      () => store.close(),
      () => content.stop()
    )
    return { network, content, steps, put, folder }
  }

  it('of an object that is put are all synced, once, before its pin', async () => {
    const a = await holder()
    await a.content.put(data(), context)
    expect(a.put.size).to.be.above(SIZE / 2 ** 18)
    expect(a.steps).to.deep.equal(['sync all', 'pin'])
  })

  it('of an object that is fetched and kept too; one that is only fetched costs no sync', async () => {
    const a = await holder()
    const b = await holder()
    const object = await a.content.put(data(), context)
    const from = addressOf(a.network)
    const fetch = async (keep: boolean): Promise<void> => {
      for await (const _ of b.content.get(object, context, { from, maxBytes: SIZE, keep }));
    }
    await fetch(false)
    expect(b.steps).to.deep.equal([])
    await fetch(true)
    expect(b.steps).to.deep.equal(['sync all', 'pin'])
  })

  it('that cannot be made durable are not pinned, and the next sweep removes them', async () => {
    let broken = true
    const a = await holder(() => broken)
    const error = await a.content.put(data(), context).catch((e: unknown) => e)
    expect(isShoalError(error, 'DISK_ERROR')).to.equal(true)
    expect(a.steps).to.deep.equal([])
    expect(await a.content.sweep()).to.equal(a.put.size)
    broken = false
    a.put.clear()
    await a.content.put(data(), context)
    expect(a.steps).to.deep.equal(['sync all', 'pin'])
  })

  it('one of which is missing cannot be synced', async () => {
    const a = await holder()
    await a.content.put(data(), context)
    const files = new NodeBlockFiles(a.folder, () => 'x')
    await files.sync(a.put)
    const [name = ''] = a.put
    await files.delete(name)
    const error = await files.sync(a.put).catch((e: unknown) => e)
    expect(isShoalError(error, 'DISK_ERROR')).to.equal(true)
    expect((await readdir(a.folder)).length).to.be.above(0)
  })
})
