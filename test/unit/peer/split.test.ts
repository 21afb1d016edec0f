import { expect } from 'chai'
import fc from 'fast-check'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { parseJobFile } from '../../../src/peer/jobfile/parse.ts'
import type { JobFile } from '../../../src/peer/jobfile/schema.ts'
import { entriesOf, shardInputs, sizeOf } from '../../../src/peer/requester/inputs.ts'
import { warningsFor } from '../../../src/peer/requester/names.ts'
import { INPUT_FILES_MAX, INPUT_MAX } from '../../../src/protocol/task-limits.ts'
import { splitBytes, splitLines, splitNames, type Range } from '../../../src/peer/requester/split.ts'
import { bundleToMap, packBundle } from '../../../src/protocol/bundle.ts'
import { formatSize } from '../../../src/protocol/units.ts'
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

/** A text in some encoding, with its mark, as its bytes. */
const ENCODINGS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  'UTF-8': utf8,
  'UTF-8 with a mark': text => utf8(`\ufeff${text}`),
  'UTF-16LE': text => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le')),
  'UTF-16BE': text => new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le').swap16()),
  'UTF-32LE': text =>
    new Uint8Array(Uint32Array.from([...`\ufeff${text}`].map(c => c.codePointAt(0) ?? 0)).buffer),
  'UTF-32BE': text =>
    new Uint8Array(
      Buffer.from(Uint32Array.from([...`\ufeff${text}`].map(c => c.codePointAt(0) ?? 0)).buffer).swap32()
    )
}
const decode = (name: string, bytes: Uint8Array): string => {
  if (name.startsWith('UTF-8')) return textOf(bytes)
  const copy = Buffer.from(bytes)
  if (name === 'UTF-16LE') return copy.toString('utf16le')
  if (name === 'UTF-16BE') return copy.swap16().toString('utf16le')
  const view = new DataView(new Uint8Array(bytes).buffer)
  const units = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, name === 'UTF-32LE'))
  return String.fromCodePoint(...units)
}
/** With 上 (U+4E0A), whose bytes hold that of a line end, ਅĀ and Āਅ, which hold both of its bytes across two characters, and one beyond two bytes. */
const lineOf = fc.stringMatching(/^[a-cé上🜁ऊਅĀ]{0,12}$/u)
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

describe('an input split by lines', () => {
  for (const [name, encode] of Object.entries(ENCODINGS))
    it(`(${name}) never cuts a line or a character, loses nothing, and buys no empty piece`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.tuple(fc.array(lineOf, { maxLength: 40 }), fc.constantFrom('\n', '\r\n'), fc.boolean()),
          fc.integer({ min: 1, max: 20 }),
          fc.integer({ min: 1, max: 9 }),
          async ([list, end, last], count, chunk) => {
            const text = list.join(end) + (last ? end : '')
            const content = encode(text)
            const file = memoryFile(content, chunk)
            const all = linesOf(text)
            if (all.length < count && count > 1) {
              await rejection(splitLines(file, '/f', count), 'JOB_FILE_INVALID')
              return
            }
            const ranges = await splitLines(file, '/f', count)
            expect(ranges.length).to.equal(count)
            covers(ranges, content.length)
            const pieces = ranges.map(({ start, end: to, mark = new Uint8Array() }) =>
              decode(name, Buffer.concat([mark, content.subarray(start, to)]))
            )
            const plain = pieces.map(p => p.replace(/^\ufeff/, ''))
            expect(plain.join('')).to.equal(text)
            for (const [i, p] of plain.entries()) {
              if (count > 1) expect(p, 'an empty piece').to.not.equal('')
              if (i < count - 1) expect(p.endsWith('\n'), 'a piece ends inside a line').to.equal(true)
            }
            // each piece is read as the whole file is
            if (!name.startsWith('UTF-8'))
              for (const p of pieces) expect(p.startsWith('\ufeff')).to.equal(true)
          }
        ),
        { numRuns: 150 }
      )
    })

  it('what looks like UTF-16 and has no mark is refused: its lines cannot be told', async () => {
    const plain = Buffer.from('one\ntwo\nthree\n'.repeat(9), 'utf16le')
    for (const [bytes, name] of [
      [plain, 'UTF-16LE'],
      [Buffer.from(plain).swap16(), 'UTF-16BE']
    ] as const) {
      const e = await rejection(splitLines(memoryFile(bytes, 64), '/f', 2), 'JOB_FILE_INVALID')
      expect(e.message).to.contain(`looks like ${name} without a byte order mark`)
      expect(e.next).to.contain(`iconv -f ${name}`)
    }
    // NULs in other places are anybody's bytes
    for (const text of ['a\0b\nc\0\0d\ne\0\0\n', 'a\nb\0\n'])
      expect(await splitLines(memoryFile(utf8(text), 64), '/f', 2)).to.have.length(2)
  })

  it('one long line among short ones: each piece has a line all the same', async () => {
    const content = utf8('x'.repeat(1_000) + '\n' + 'y\n'.repeat(9))
    const pieces = cut(content, await splitLines(memoryFile(content, 64), '/f', 4))
    expect(pieces.map(p => linesOf(p).length).every(n => n > 0)).to.equal(true)
    expect(pieces.join('')).to.equal(textOf(content))
  })

  it('with fewer lines than shards is refused, with how many there are', async () => {
    const e = await rejection(splitLines(memoryFile(utf8('a\nb\nc'), 64), '/book.txt', 8), 'JOB_FILE_INVALID')
    expect(e.message).to.contain('/book.txt has 3 lines, too few for 8 shards')
    expect(e.next).to.contain('count: 3')
    const empty = await rejection(splitLines(memoryFile(utf8(''), 8), '/f', 3), 'JOB_FILE_INVALID')
    expect(empty.message).to.contain('has 0 lines')
    expect(await splitLines(memoryFile(utf8(''), 8), '/f', 1)).to.deep.equal([{ start: 0, end: 0 }])
  })

  it('a cut that falls on the end of a line stays there', async () => {
    expect(await splitLines(memoryFile(utf8('ab\ncd\n'), 64), '/f', 2)).to.deep.equal([
      { start: 0, end: 3 },
      { start: 3, end: 6 }
    ])
    expect(await splitLines(memoryFile(utf8('ab\n'.repeat(4)), 64), '/f', 2)).to.deep.equal([
      { start: 0, end: 6 },
      { start: 6, end: 12 }
    ])
  })

  it('a share that begins inside of a character is none: the cut is at a line end all the same', async () => {
    for (const [name, pair] of [
      ['UTF-16LE', 'ਅĀ'],
      ['UTF-16BE', 'Āਅ']
    ] as const) {
      const text = `${pair.repeat(50)}\n`
      const content = ENCODINGS[name]?.(text + text) ?? new Uint8Array()
      const [first] = await splitLines(memoryFile(content, 64), '/f', 2)
      expect(first).to.deep.equal({ start: 0, end: 2 + 2 * text.length })
    }
  })

  it('equal lines are shared out evenly', async () => {
    const content = utf8('abcd\n'.repeat(1000))
    for (const r of await splitLines(memoryFile(content, 64), '/f', 8))
      expect((r.end - r.start) / 5).to.be.within(124, 126)
  })

  it('one giant line goes to one shard, whole', async () => {
    const content = utf8('x'.repeat(100_000) + '\ny')
    const pieces = cut(content, await splitLines(memoryFile(content, 4096), '/f', 2))
    expect(pieces).to.deep.equal(['x'.repeat(100_000) + '\n', 'y'])
  })

  it('a missing file and a folder are refused', async () => {
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
    const e = await rejection(shardInputs(job('inputs: { in: in }'), folder(), nodeFiles), 'PATH_INVALID')
    expect(e.message).to.contain('symlinks are not followed')
  })

  it('a folder cannot be split by lines', async () => {
    for (const n of ['a', 'b']) file(`frames/${n}`, n)
    const text = 'count: 2\ninputs: { f: frames }\nsplit: { input: f, by: lines }'
    expect(
      (await rejection(shardInputs(job(text), folder(), nodeFiles), 'JOB_FILE_INVALID')).next
    ).to.contain('by: files')
  })

  it('a UTF-16 piece has the mark of its file, also in the bundle', async () => {
    writeFileSync(join(folder(), 'book.txt'), Buffer.from('\ufeffone\ntwo\n', 'utf16le'))
    const shards = await shardInputs(
      job('count: 2\ninputs: { t: book.txt }\nsplit: { input: t }'),
      folder(),
      nodeFiles
    )
    const last = await bundleToMap(packBundle(entriesOf(shards[1] ?? [], nodeFiles)), {
      maxFiles: 1,
      maxBytes: 100
    })
    expect(Buffer.from(last.get('t') ?? []).toString('utf16le')).to.equal('\ufefftwo\n')
    expect(sizeOf(shards[1] ?? [])).to.equal(10)
  })

  it('fewer bytes or files than shards are refused: an empty piece is not bought', async () => {
    file('few/a', 'a')
    file('few/b', 'b')
    file('xy', 'xy')
    for (const [text, what] of [
      [
        'count: 3\ninputs: { f: few }\nsplit: { input: f, by: files }',
        "'f' has 2 files, too few for 3 shards"
      ],
      ['count: 3\ninputs: { f: xy }\nsplit: { input: f, by: bytes }', 'xy has 2 bytes, too few for 3 shards']
    ] as const) {
      const e = await rejection(shardInputs(job(text), folder(), nodeFiles), 'JOB_FILE_INVALID')
      expect(e.message).to.contain(what)
      expect(e.next).to.contain('count: 2')
    }
  })

  it('everything that cannot travel is named at once, with what to do', async () => {
    const deep = `in/${Array.from({ length: 40 }, (_, i) => `d${i}`).join('/')}/leaf.txt`
    file('in/cafe\u0301.txt', 'decomposed')
    file('in/back\\slash.txt', 'x')
    file(deep, 'x')
    file('in/fine \u00e9\n\t☃.txt', 'x')
    mkdirSync(join(folder(), 'in'), { recursive: true })
    symlinkSync('/etc/hostname', join(folder(), 'in', 'link'))
    const latin = Buffer.concat([
      Buffer.from(join(folder(), 'in/latin')),
      Buffer.from([0xe9]),
      Buffer.from('.txt')
    ])
    writeFileSync(latin, 'x')
    const e = await rejection(shardInputs(job('inputs: { in: in }'), folder(), nodeFiles), 'PATH_INVALID')
    expect(e.data).to.deep.equal({ count: 5 })
    for (const part of [
      'cafe\\u0301.txt has a name in a decomposed form',
      'back\\slash.txt has a backslash',
      'leaf.txt is deeper than 32 levels',
      'link is a link',
      'latin\\xE9.txt has a name that is not UTF-8'
    ])
      expect(e.message).to.contain(part)
    expect(e.message).to.not.contain('fine')
    expect(e.next).to.contain('--nfc').and.contain('cp -rL')
  })

  it('a pipe, a socket or a device is named, and never read', async () => {
    const e = await rejection(
      shardInputs(job('inputs: { n: /dev/null }'), folder(), nodeFiles),
      'PATH_INVALID'
    )
    expect(e.message).to.contain('/dev/null is neither a file nor a folder')
  })

  it('two inputs that want one path under /in are both named', async () => {
    file('a/x', '1')
    file('b', '2')
    const same = await rejection(
      shardInputs(job('inputs: { in: a, in/x: b }'), folder(), nodeFiles),
      'PATH_INVALID'
    )
    expect(same.message).to.contain('would be in/x under /in, as ')
    const below = await rejection(
      shardInputs(job('inputs: { in: b, in/x: b }'), folder(), nodeFiles),
      'PATH_INVALID'
    )
    expect(below.message).to.contain('would lie in in under /in')
  })

  it('more files, or bytes, than a shard may have are refused here and not at a provider', async () => {
    const many: typeof nodeFiles = {
      ...nodeFiles,
      stat: async path =>
        path.endsWith('many')
          ? { kind: 'folder', size: 0 }
          : { kind: 'file', size: path.endsWith('big') ? 5 * 2 ** 30 : 1 },
      list: async () =>
        Array.from({ length: INPUT_FILES_MAX + 1 }, (_, i) => ({ name: `f${i}`, kind: 'file' as const }))
    }
    const e = await rejection(shardInputs(job('inputs: { m: many }'), folder(), many), 'FILE_TOO_LARGE')
    expect(e.message).to.contain(`shard 0 has ${INPUT_FILES_MAX + 1} files, at most ${INPUT_FILES_MAX}`)
    const big = await rejection(shardInputs(job('inputs: { m: big }'), folder(), many), 'FILE_TOO_LARGE')
    expect(big.message).to.contain(`at most ${formatSize(INPUT_MAX)}`)
    const dealt = job('count: 2\ninputs: { m: many }\nsplit: { input: m, by: files }')
    expect(await shardInputs(dealt, folder(), many)).to.have.length(2)
  })

  it('names that other systems fold or reserve are told, and travel', () => {
    expect(warningsFor(['a/x.txt', 'a/X.txt', 'con.txt', 'fine', 'what?'])).to.deep.equal([
      'a/x.txt and a/X.txt differ only by case: where case does not count they are one file',
      'con.txt has a name that Windows cannot write',
      'what? has a name that Windows cannot write'
    ])
    expect(warningsFor(Array.from({ length: 30 }, (_, i) => `nul.${i}`))).to.have.length(21)
  })
})
