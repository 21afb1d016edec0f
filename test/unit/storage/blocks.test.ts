import * as dagPb from '@ipld/dag-pb'
import { expect } from 'chai'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { sha256 } from 'multiformats/hashes/sha2'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { NodeBlockFiles } from '../../../src/storage/adapters/block-files.ts'
import { Blocks, isBlockOf, nameOf } from '../../../src/storage/blocks.ts'
import { readFile } from '../../../src/storage/dag.ts'
import { Slots } from '../../../src/storage/slots.ts'

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s)
const block = async (data: Uint8Array, code: number = raw.code): Promise<CID> =>
  CID.createV1(code, await sha256.digest(data))
const none = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set<string>())

describe('blocks on the disk', () => {
  let folder: string
  let files: NodeBlockFiles
  let n = 0

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-blocks-'))
    files = new NodeBlockFiles(folder, () => String(n++))
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function opened(max = 1_000): Promise<Blocks> {
    const blocks = new Blocks(files, max)
    await blocks.open()
    return blocks
  }

  it('are found again after a restart, with their size', async () => {
    const cid = await block(bytes('one'))
    await (await opened()).put(cid, bytes('one'))
    const again = await opened()
    expect([await again.get(cid), again.bytes]).to.deep.equal([bytes('one'), 3])
  })

  it('a half-written block of a killed process is not seen and its file is removed', async () => {
    const cid = await block(bytes('one'))
    const name = nameOf(cid)
    await mkdir(join(folder, name.slice(-2)), { recursive: true })
    await writeFile(join(folder, name.slice(-2), `${name}.block.7.tmp`), 'on')
    const blocks = await opened()
    expect([await blocks.get(cid), await blocks.has(cid), blocks.bytes]).to.deep.equal([undefined, false, 0])
    expect(await readdir(join(folder, name.slice(-2)))).to.deep.equal([])
  })

  it('a block that was damaged on the disk is as if it were not there, and can be put again', async () => {
    const cid = await block(bytes('one'))
    const blocks = await opened()
    await blocks.put(cid, bytes('one'))
    await writeFile(join(folder, nameOf(cid).slice(-2), `${nameOf(cid)}.block`), 'two')
    expect(await blocks.get(cid)).to.equal(undefined)
    expect(await blocks.put(cid, bytes('one'))).to.equal(true)
    expect(await blocks.get(cid)).to.deep.equal(bytes('one'))
  })

  it('only what its sha-256 names is a block: another hash, or the bytes themselves as a name, never are', async () => {
    const data = bytes('one')
    expect(isBlockOf(await block(data), data)).to.equal(true)
    expect(isBlockOf(await block(data), bytes('two'))).to.equal(false)
    expect(isBlockOf(CID.createV1(raw.code, identity.digest(data)), data)).to.equal(false)
  })

  it('the store has a limit', async () => {
    const blocks = await opened(5)
    await blocks.put(await block(bytes('one')), bytes('one'))
    const error = await blocks.put(await block(bytes('two')), bytes('two')).catch((e: unknown) => e)
    expect(isShoalError(error, 'DISK_FULL')).to.equal(true)
  })

  it('a sweep leaves what is kept, what is in use and what came into use while it ran', async () => {
    const blocks = await opened()
    const cids: CID[] = []
    for (const s of ['kept', 'used', 'late', 'gone']) {
      const cid = await block(bytes(s))
      await blocks.put(cid, bytes(s))
      cids.push(cid)
    }
    const [kept, used, late, gone] = cids
    if (kept === undefined || used === undefined || late === undefined || gone === undefined)
      throw new Error('four')
    const use = blocks.operation()
    use.use(used)
    const removed = await blocks.sweep(() => {
      const other = blocks.operation()
      other.use(late)
      other.end()
      return Promise.resolve(new Set([nameOf(kept)]))
    })
    expect(removed).to.equal(1)
    expect(await Promise.all(cids.map(c => blocks.has(c)))).to.deep.equal([true, true, true, false])
    use.end()
    use.end()
    expect(await blocks.sweep(none)).to.equal(3)
    expect(blocks.bytes).to.equal(0)
  })

  it('a sweep leaves what was in use when it began, though that was pinned and let go of while it ran', async () => {
    const blocks = await opened()
    const cid = await block(bytes('pinned late'))
    const use = blocks.operation()
    use.use(cid)
    await blocks.put(cid, bytes('pinned late'))
    // the pins are read, then the object gets its own and its operation ends, then the files are gone through
    const removed = await blocks.sweep(async () => {
      const pins = await none()
      use.end()
      return pins
    })
    expect(removed).to.equal(0)
    expect(await blocks.has(cid)).to.equal(true)
  })

  it('a disk that fails is a disk error', async () => {
    await writeFile(join(folder, 'file'), '')
    const broken = new NodeBlockFiles(join(folder, 'file', 'blocks'), () => 'x')
    const error = await broken.open().catch((e: unknown) => e)
    expect(isShoalError(error, 'DISK_ERROR')).to.equal(true)
  })
})

describe('reading a file of blocks', () => {
  const store = new Map<string, Uint8Array>()
  const get = (cid: CID): Promise<Uint8Array> => {
    const found = store.get(cid.toString())
    return found === undefined ? Promise.reject(new Error('missing')) : Promise.resolve(found)
  }
  async function put(data: Uint8Array, code: number = raw.code): Promise<CID> {
    const cid = await block(data, code)
    store.set(cid.toString(), data)
    return cid
  }
  async function node(children: readonly CID[], size = 1): Promise<CID> {
    const links = children.map(Hash => ({ Name: '', Hash, Tsize: size }))
    return await put(dagPb.encode(dagPb.prepare({ Links: links })), dagPb.code)
  }
  async function text(root: CID, max = 100, ahead = 2): Promise<string> {
    let all = ''
    for await (const part of readFile(root, get, { ahead, max })) all += new TextDecoder().decode(part)
    return all
  }
  async function code(p: Promise<unknown>): Promise<string> {
    return await p.then(
      () => 'read',
      (e: unknown) => (isShoalError(e) ? e.code : String(e))
    )
  }

  it('gives the leaves from left to right, through levels', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(s => put(bytes(s))))
    if (a === undefined || b === undefined || c === undefined) throw new Error('three')
    expect(await text(await node([await node([a, b]), c]))).to.equal('abc')
    expect(await text(a)).to.equal('a')
  })

  it('asks for so many leaves ahead and no more', async () => {
    const leaves = await Promise.all(Array.from({ length: 20 }, (_, i) => put(bytes(String(i)))))
    const root = await node(leaves)
    const asked: string[] = []
    const counted = (cid: CID): Promise<Uint8Array> => {
      asked.push(cid.toString())
      return get(cid)
    }
    const reader = readFile(root, counted, { ahead: 4, max: 100 })
    await reader.next()
    expect(asked.length).to.equal(1 + 4)
    await reader.next()
    expect(asked.length).to.equal(1 + 5)
  })

  it('more bytes than allowed end it, claimed or true', async () => {
    const leaf = await put(new Uint8Array(60))
    expect(await code(text(await node([leaf, leaf])))).to.equal('CONTENT_TOO_LARGE')
    expect(await code(text(await node([leaf], 10_000)))).to.equal('CONTENT_TOO_LARGE')
  })

  it('endless depth, other codecs and garbage are corrupt', async () => {
    let deep = await put(bytes('x'))
    for (let i = 0; i < 10; i++) deep = await node([deep])
    expect(await code(text(deep))).to.equal('CONTENT_CORRUPT')
    expect(await code(text(await put(bytes('{}'), 0x0129)))).to.equal('CONTENT_CORRUPT')
    expect(await code(text(await put(bytes('garbage'), dagPb.code)))).to.equal('CONTENT_CORRUPT')
  })

  it('a missing leaf is the error of whoever fetches', async () => {
    const gone = await block(bytes('gone'))
    expect(await code(text(await node([gone])))).to.equal('Error: missing')
  })
})

describe('slots', () => {
  it('run so many at a time for each key and leave nothing to those who gave up', async () => {
    const slots = new Slots(1)
    const never = new AbortController().signal
    const impatient = new AbortController()
    const order: string[] = []
    let release = (): void => undefined
    const first = slots.run('a', never, () => new Promise<void>(r => (release = r)))
    const second = slots
      .run('a', impatient.signal, () => Promise.resolve(order.push('second')))
      .catch((e: Error) => order.push(e.message))
    const third = slots.run('a', never, () => Promise.resolve(order.push('third')))
    await slots.run('b', never, () => Promise.resolve(order.push('other key')))
    impatient.abort(new Error('gave up'))
    release()
    await Promise.all([first, second, third])
    expect(order).to.deep.equal(['other key', 'gave up', 'third'])
  })
})
