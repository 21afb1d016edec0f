import * as dagPb from '@ipld/dag-pb'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { readFile } from '../../../src/storage/dag.ts'

const cid = (code: number, n: number): CID =>
  CID.createV1(code, createDigest(0x12, new Uint8Array(32).fill(n)))
const node = (to: CID, links: number): Uint8Array =>
  dagPb.encode(
    dagPb.prepare({ Links: Array.from({ length: links }, () => ({ Name: '', Hash: to, Tsize: 0 })) })
  )

/** Reads a tree of `blocks`; how many blocks were asked for before it was refused. */
async function asked(blocks: Map<string, Uint8Array>, root: CID): Promise<number> {
  let gets = 0
  const get = async (c: CID) => {
    gets++
    return blocks.get(c.toString()) ?? new Uint8Array(0)
  }
  try {
    for await (const _ of readFile(root, get, { ahead: 4, max: 1_000 })) continue
  } catch (e) {
    if (!isShoalError(e, 'CONTENT_CORRUPT')) throw e
    return gets
  }
  return expect.fail('was taken')
}

describe('a UnixFS tree that never ends', () => {
  it('of nodes that lead to a million empty leaves is refused at the first of them', async () => {
    const [root, inner, leaf] = [cid(dagPb.code, 1), cid(dagPb.code, 2), cid(raw.code, 3)]
    const blocks = new Map([
      [root.toString(), node(inner, 1_000)],
      [inner.toString(), node(leaf, 1_000)]
    ])
    expect(await asked(blocks, root)).to.be.lessThan(10)
  })

  it('of nodes that lead nowhere is refused at the first of them', async () => {
    const [root, inner, last] = [cid(dagPb.code, 1), cid(dagPb.code, 2), cid(dagPb.code, 3)]
    const blocks = new Map([
      [root.toString(), node(inner, 1_000)],
      [inner.toString(), node(last, 1_000)],
      [last.toString(), node(last, 0)]
    ])
    expect(await asked(blocks, root)).to.be.lessThan(10)
  })
})

it('a UnixFS link of version 0 with another hash than SHA-256 is refused as no file', async () => {
  const root = cid(dagPb.code, 1)
  // the version, the codec and the hash of the link stand in this order: a version 0 may be written out, and then lie about its hash
  const link = Uint8Array.of(0, dagPb.code, 0x16, 32, ...new Uint8Array(32).fill(7))
  const block = Uint8Array.of(0x12, link.length + 2, 0x0a, link.length, ...link)
  expect(dagPb.decode(block).Links).to.have.lengthOf(1)
  expect(await asked(new Map([[root.toString(), block]]), root)).to.equal(1)
})
