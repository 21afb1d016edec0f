import { expect } from 'chai'
import fc from 'fast-check'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import type { JobFile } from '../../../src/peer/jobfile/schema.ts'
import { entriesOf, shardInputs, sizeOf } from '../../../src/peer/requester/inputs.ts'
import { splitBytes, splitLines, splitNames, type Range } from '../../../src/peer/requester/split.ts'
import { bundleToMap, packBundle } from '../../../src/protocol/bundle.ts'
import { rejection } from '../../support/failures.ts'
import { folderForEach } from '../../support/folders.ts'
import { memoryFile } from '../../support/memory-files.ts'

const utf8 = (s: string): Uint8Array => new TextEncoder().encode(s)
const textOf = (b: Uint8Array): string => new TextDecoder().decode(b)
const cut = (content: Uint8Array, ranges: readonly Range[]): string[] =>
  ranges.map(r => textOf(content.subarray(r.start, r.end)))

/** Ranges follow one another and cover everything. */
function covers(ranges: readonly Range[], size: number): void {
  let at = 0
  for (const r of ranges) {
    expect(r.start).to.equal(at)
    expect(r.end).to.be.at.least(r.start)
    at = r.end
  }
  expect(at).to.equal(size)
}

const lines = fc
  .tuple(fc.array(fc.stringMatching(/^[a-cé☃]{0,12}$/), { maxLength: 40 }), fc.boolean())
  .map(([list, end]) => list.join('\n') + (end ? '\n' : ''))

describe('an input split by lines', () => {
  it('never cuts a line, loses nothing, and has a piece for every shard', async () => {
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 9 }),
        async (text, count, chunk) => {
          const content = utf8(text)
          const ranges = await splitLines(memoryFile(content, chunk), '/f', count)
          expect(ranges.length).to.equal(count)
          covers(ranges, content.length)
          for (const r of ranges) {
            const whole = r.end === content.length || r.end === r.start || content[r.end - 1] === 10
            expect(whole, `a piece ends inside a line at ${r.end}`).to.equal(true)
          }
          expect(cut(content, ranges).join('')).to.equal(text)
        }
      ),
      { numRuns: 300 }
    )
  })

  it('a cut that falls on the end of a line stays there', async () => {
    expect(await splitLines(memoryFile(utf8('ab\ncd\n'), 64), '/f', 2)).to.deep.equal([
      { start: 0, end: 3 },
      { start: 3, end: 6 }
    ])
  })

  it('equal lines are shared out evenly', async () => {
    const content = utf8('abcd\n'.repeat(1000))
    for (const r of await splitLines(memoryFile(content, 64), '/f', 8))
      expect((r.end - r.start) / 5).to.be.within(124, 126)
  })

  it('one giant line goes to one shard, whole', async () => {
    const content = utf8('x'.repeat(100_000))
    const pieces = cut(content, await splitLines(memoryFile(content, 4096), '/f', 4))
    expect(pieces.filter(p => p !== '')).to.deep.equal(['x'.repeat(100_000)])
  })

  it('an empty file gives empty pieces; a missing one and a folder are refused', async () => {
    expect(await splitLines(memoryFile(utf8(''), 8), '/f', 3)).to.deep.equal(
      Array(3).fill({ start: 0, end: 0 })
    )
    await rejection(splitLines(nodeFiles, '/no/such/file', 3), 'FILE_NOT_FOUND')
  })
})

describe('inputs split by bytes and by files', () => {
  it('pieces follow one another, cover everything and differ by at most one', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 1024 }), (size, count) => {
        const ranges = splitBytes(size, count)
        expect(ranges.length).to.equal(count)
        covers(ranges, size)
        const sizes = ranges.map(r => r.end - r.start)
        expect(Math.max(...sizes) - Math.min(...sizes)).to.be.at.most(1)
      })
    )
  })

  it('every name goes to exactly one shard, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 50 }),
        fc.integer({ min: 1, max: 60 }),
        (names, count) => {
          const parts = splitNames(names, count)
          expect(parts.length).to.equal(count)
          expect(parts.flat()).to.deep.equal(names)
        }
      )
    )
  })
})

describe('what the shards of a job find under /in', () => {
  const folder = folderForEach()
  const job = (text: string): JobFile =>
    parseJobFile(`name: a\ntask: { module: a.wasm }\n${text}`, 'job.yaml')
  const file = (name: string, text: string): void => {
    mkdirSync(join(folder(), name, '..'), { recursive: true })
    writeFileSync(join(folder(), name), text)
  }
  /** Each shard's files as text, as its bundle would carry them. */
  async function found(text: string): Promise<Record<string, string>[]> {
    const shards = await shardInputs(job(text), folder(), nodeFiles)
    return await Promise.all(
      shards.map(async inputs => {
        const map = await bundleToMap(packBundle(entriesOf(inputs, nodeFiles)), {
          maxFiles: 100,
          maxBytes: 1e6
        })
        expect([...map.values()].reduce((n, b) => n + b.length, 0)).to.equal(sizeOf(inputs))
        return Object.fromEntries([...map].map(([path, bytes]) => [path, textOf(bytes)]))
      })
    )
  }

  it('one piece of the split input each, and all of the others', async () => {
    file('book.txt', 'one\ntwo\nthree\nfour\n')
    file('stop.txt', 'the')
    const shards = await found(
      'count: 2\ninputs: { t.txt: book.txt, s.txt: stop.txt }\nsplit: { input: t.txt }'
    )
    expect(shards.map(s => s['s.txt'])).to.deep.equal(['the', 'the'])
    expect(shards.map(s => s['t.txt']).join('')).to.equal('one\ntwo\nthree\nfour\n')
    expect(shards.every(s => (s['t.txt'] ?? '').endsWith('\n'))).to.equal(true)
  })

  it('a folder is walked, and dealt out whole files', async () => {
    for (const n of ['a', 'b/c', 'b/d', 'e']) file(`frames/${n}`, n)
    const shards = await found('count: 3\ninputs: { f: frames }\nsplit: { input: f, by: files }')
    expect(Object.assign({}, ...shards)).to.deep.equal({
      'f/a': 'a',
      'f/b/c': 'b/c',
      'f/b/d': 'b/d',
      'f/e': 'e'
    })
    expect(shards.reduce((n, s) => n + Object.keys(s).length, 0)).to.equal(4)
  })

  it('without a split every shard gets everything', async () => {
    file('x', '1')
    expect(await found('count: 2\ninputs: { x: x }')).to.deep.equal([{ x: '1' }, { x: '1' }])
  })

  it('a missing input is named with what to do', async () => {
    const e = await rejection(
      shardInputs(job('inputs: { t: nowhere.txt }'), folder(), nodeFiles),
      'FILE_NOT_FOUND'
    )
    expect(e.message).to.contain('nowhere.txt')
    expect(e.next).to.contain('--input t=FILE')
  })

  it('a link out of the inputs is refused, not followed', async () => {
    mkdirSync(join(folder(), 'in'))
    symlinkSync('/etc/hostname', join(folder(), 'in', 'host'))
    const e = await rejection(shardInputs(job('inputs: { in: in }'), folder(), nodeFiles), 'FILE_NOT_FOUND')
    expect(e.message).to.contain('symlinks are not followed')
  })

  it('a folder cannot be split by lines', async () => {
    for (const n of ['a', 'b']) file(`frames/${n}`, n)
    const text = 'count: 2\ninputs: { f: frames }\nsplit: { input: f, by: lines }'
    expect(
      (await rejection(shardInputs(job(text), folder(), nodeFiles), 'JOB_FILE_INVALID')).next
    ).to.contain('by: files')
  })
})
