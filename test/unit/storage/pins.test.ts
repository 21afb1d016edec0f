import * as dagPb from '@ipld/dag-pb'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import type { CidString } from '../../../src/protocol/ids.ts'
import { Blocks, nameOf, type BlockFiles } from '../../../src/storage/blocks.ts'
import { Pins } from '../../../src/storage/pins.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { ManualClock } from '../../support/clock.ts'

function memoryBlocks(): Blocks {
  const held = new Map<string, Uint8Array>()
  const files: BlockFiles = {
    open: async () => 0,
    get: async name => held.get(name),
    has: async name => held.has(name),
    put: async (name, bytes) => (held.set(name, bytes), true),
    delete: async name => (held.delete(name), 0),
    sync: async () => undefined,
    async *names() {
      yield* held.keys()
    }
  }
  return new Blocks(files, 1_000_000)
}

describe('pins', () => {
  const blocks = memoryBlocks()
  const pins = () => new Pins({ store: memoryStore(), clock: new ManualClock() })
  const add = async (bytes: Uint8Array, code: number): Promise<CID> => {
    const cid = CID.createV1(code, await sha256.digest(bytes))
    await blocks.put(cid, bytes)
    return cid
  }
  const leaf = (n: number): Promise<CID> => add(Uint8Array.of(n), raw.code)
  const node = (...children: CID[]): Promise<CID> =>
    add(
      dagPb.encode(dagPb.prepare({ Data: new Uint8Array(), Links: children.map(Hash => ({ Hash })) })),
      dagPb.code
    )

  it('keep every block of an object, however deep it lies', async () => {
    const leaves = await Promise.all([1, 2, 3].map(leaf))
    const inner = await node(...leaves)
    const root = await node(await node(inner), await leaf(4))
    const kept = pins()
    await kept.add(root, 4)
    const names = await kept.blocks(blocks)
    for (const cid of [root, inner, ...leaves]) expect(names.has(nameOf(cid))).to.equal(true)
    expect(names.has(nameOf(await leaf(9)))).to.equal(false)
  })

  it('of what is still needed stay at a start, all others go', async () => {
    const kept = pins()
    const cids = await Promise.all([1, 2, 3].map(leaf))
    for (const cid of cids) await kept.add(cid, 1)
    const needed = cids[0]?.toString() as CidString
    expect(await kept.keepOnly(new Set([needed]))).to.equal(2)
    expect(await Promise.all(cids.map(c => kept.has(c.toString() as CidString)))).to.deep.equal([
      true,
      false,
      false
    ])
  })
})
