import { expect } from 'chai'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { ExecutionEntry, JobPlan } from '../../../src/peer/journal/entries.ts'
import { resultFile } from '../../../src/peer/requester/fetch-result.ts'
import { gatherResults } from '../../../src/peer/requester/gather.ts'
import { bundleFromMap } from '../../../src/protocol/bundle.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { execution, job, plan } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import { filesBelow, folderForEach } from '../../support/folders.ts'
import { provider } from '../../support/records.ts'

const signal = new AbortController().signal

describe('gathering results', () => {
  const folder = folderForEach()
  const out = () => join(folder(), 'work', 'out')
  const home = () => layoutOf(join(folder(), 'home'))
  // gathering without a module needs the disk and the home, nothing else
  const ctx = () => ({ files: nodeFiles, home: home() }) as unknown as PeerContext
  const entry = (changes: Partial<JobPlan> = {}) => job({ plan: plan({ out: out(), ...changes }) })

  /** An accepted execution whose opened result lies on the disk. */
  async function accepted(shard: number, tree: Record<string, string>): Promise<ExecutionEntry> {
    const e = await execution(provider, { shard, state: 'settled', fetched: true })
    const path = resultFile(home(), e)
    mkdirSync(dirname(path), { recursive: true })
    const files = Object.entries(tree).map(([name, text]) => [name, new TextEncoder().encode(text)] as const)
    writeFileSync(path, bundleFromMap(new Map(files)))
    return e
  }
  const read = (path: string): string => readFileSync(join(out(), path), 'utf8')

  it('one shard lands as it is, several side by side under their numbers', async () => {
    await gatherResults(ctx(), entry(), [await accepted(0, { 'a/b.txt': 'one' })], { signal })
    expect(filesBelow(out())).to.deep.equal(['a/b.txt'])
    const both = [await accepted(1, { x: 'B' }), await accepted(0, { x: 'A' })]
    const second = entry({ out: join(folder(), 'two') })
    await gatherResults(ctx(), second, both, { signal })
    expect(filesBelow(second.plan.out)).to.deep.equal(['0/x', '1/x'])
    expect(readFileSync(join(second.plan.out, '0/x'), 'utf8')).to.equal('A')
  })

  it('concat joins equal names in the order of the shards, whatever the order they came in', async () => {
    const parts = [
      await accepted(10, { t: 'c' }),
      await accepted(2, { t: 'b', only: '2' }),
      await accepted(0, { t: 'a' })
    ]
    await gatherResults(ctx(), entry({ gather: 'concat' }), parts, { signal })
    expect(read('t')).to.equal('abc')
    expect(read('only')).to.equal('2')
  })

  it('only the wanted outputs are kept', async () => {
    const tree = { 'keep.txt': '1', 'keep/a': '2', 'keep.txt.bak': '3', other: '4' }
    await gatherResults(ctx(), entry({ outputs: ['keep.txt', 'keep'] }), [await accepted(0, tree)], {
      signal
    })
    expect(filesBelow(out())).to.deep.equal(['keep.txt', 'keep/a'])
  })

  it('an empty folder is used; a filled one is left alone, and nothing half written stays', async () => {
    const shard = await accepted(0, { x: '1' })
    mkdirSync(out(), { recursive: true })
    await gatherResults(ctx(), entry(), [shard], { signal })
    expect(read('x')).to.equal('1')
    const taken = join(folder(), 'work', 'taken')
    mkdirSync(taken)
    writeFileSync(join(taken, 'mine'), 'keep me')
    const e = await rejection(
      gatherResults(ctx(), entry({ out: taken }), [shard], { signal }),
      'OUTPUT_EXISTS'
    )
    expect(e.next).to.contain('shoal get')
    expect(filesBelow(taken)).to.deep.equal(['mine'])
    expect(filesBelow(join(folder(), 'work'))).to.deep.equal(['out/x', 'taken/mine'])
  })

  it('gathered again after a crash it finds its own result and changes nothing', async () => {
    const shard = await accepted(0, { x: '1' })
    expect(await gatherResults(ctx(), entry(), [shard], { signal })).to.equal(out())
    expect(await gatherResults(ctx(), entry(), [shard], { signal })).to.equal(out())
    expect(filesBelow(out())).to.deep.equal(['x'])
  })

  it('a crash right after the folder was put in its place: the next start knows it for its own', async () => {
    const shard = await accepted(0, { x: '1' })
    const dying = async (from: string, to: string) => {
      await nodeFiles.rename(from, to)
      throw new ShoalError('DISK_ERROR', 'killed')
    }
    const last = { ...ctx(), files: { ...nodeFiles, rename: dying } } as unknown as PeerContext
    await rejection(gatherResults(last, entry(), [shard], { signal }), 'DISK_ERROR')
    expect(await gatherResults(ctx(), entry(), [shard], { signal })).to.equal(out())
    expect(filesBelow(out())).to.deep.equal(['x'])
  })

  it('a filled target moves the result elsewhere when there is such a place', async () => {
    const shard = await accepted(0, { x: '1' })
    mkdirSync(out(), { recursive: true })
    writeFileSync(join(out(), 'mine'), 'keep me')
    const elsewhere = join(folder(), 'work', 'elsewhere')
    expect(await gatherResults(ctx(), entry(), [shard], { signal, elsewhere })).to.equal(elsewhere)
    expect(filesBelow(join(folder(), 'work'))).to.deep.equal(['elsewhere/x', 'out/mine'])
  })

  it('a link or a file in the way is left alone, and so is a folder that somebody fills meanwhile', async () => {
    const shard = await accepted(0, { x: '1' })
    const work = join(folder(), 'work')
    mkdirSync(join(work, 'real'), { recursive: true })
    symlinkSync(join(work, 'real'), join(work, 'link'))
    writeFileSync(join(work, 'file'), 'mine')
    for (const name of ['link', 'file'])
      await rejection(
        gatherResults(ctx(), entry({ out: join(work, name) }), [shard], { signal }),
        'OUTPUT_EXISTS'
      )
    mkdirSync(out())
    const write: typeof nodeFiles.write = async (path, data, o) => {
      if (path.includes('gathered-')) writeFileSync(join(out(), 'mine'), 'keep me')
      await nodeFiles.write(path, data, o)
    }
    const busy = { ...ctx(), files: { ...nodeFiles, write } } as unknown as PeerContext
    await rejection(gatherResults(busy, entry(), [shard], { signal }), 'OUTPUT_EXISTS')
    expect(filesBelow(work)).to.deep.equal(['file', 'link', 'out/mine'])
  })

  it('raw: what each shard wrote, as it came, under its number, also of a part of the shards', async () => {
    const changes = { gather: 'concat', outputs: ['wanted'] } as const
    const some = [await accepted(3, { wanted: '1', other: '2' })]
    await gatherResults(ctx(), entry({ ...changes, outputs: [...changes.outputs] }), some, {
      signal,
      raw: true
    })
    expect(filesBelow(out())).to.deep.equal(['3/other', '3/wanted'])
  })

  it('a damaged result gives no folder at all', async () => {
    const shard = await accepted(0, { x: '1' })
    const path = resultFile(home(), shard)
    writeFileSync(path, readFileSync(path).subarray(0, -3))
    await rejection(gatherResults(ctx(), entry(), [shard], { signal }), 'RECORD_INVALID')
    expect(existsSync(out())).to.equal(false)
  })
})
