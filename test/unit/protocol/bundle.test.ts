import { expect } from 'chai'
import {
  bundleFromMap,
  bundleToMap,
  collectBytes,
  oneChunk,
  packBundle,
  pathProblem,
  readBundle
} from '../../../src/protocol/bundle.ts'
import type { BundleEntry } from '../../../src/protocol/bundle.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { ErrorCode } from '../../../src/protocol/errors.ts'

const LIMITS = { maxFiles: 100, maxBytes: 10_000 }
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const tree = (files: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(files).map(([path, data]) => [path, text(data)]))

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
}

async function refuses(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  const error = await work().then(
    () => undefined,
    (e: unknown) => e
  )
  expect(isShoalError(error, code), `${String(error)} instead of ${code}`).to.equal(true)
}

const refusesBytes = (code: ErrorCode, bytes: Uint8Array): Promise<void> =>
  refuses(code, () => bundleToMap(oneChunk(bytes), LIMITS))

/** A bundle written by hand, so that it can break the rules. */
function raw(...files: { path: string | Uint8Array; size?: number; data?: string }[]): Uint8Array {
  const out: number[] = [0x53, 0x48, 0x42, 0x4e, 1]
  for (const f of files) {
    const path = typeof f.path === 'string' ? text(f.path) : f.path
    const data = text(f.data ?? '')
    const size = new Uint8Array(8)
    new DataView(size.buffer).setBigUint64(0, BigInt(f.size ?? data.length))
    out.push(1, path.length >> 8, path.length & 255, ...path, ...size, ...data)
  }
  return Uint8Array.from([...out, 0])
}

describe('bundle', () => {
  it('gives the same bytes for the same tree whatever the order', () => {
    const a = bundleFromMap(tree({ b: '2', 'a/x': '1', 'a-': '3' }))
    const b = bundleFromMap(tree({ 'a-': '3', 'a/x': '1', b: '2' }))
    expect(a).to.deep.equal(b)
  })

  it('keeps its layout: these bytes are what every peer writes', () => {
    expect(Buffer.from(bundleFromMap(tree({ 'a/b': 'hi' }))).toString('hex')).to.equal(
      '5348424e01' + '01' + '0003' + '612f62' + '0000000000000002' + '6869' + '00'
    )
    expect(raw({ path: 'a/b', data: 'hi' })).to.deep.equal(bundleFromMap(tree({ 'a/b': 'hi' })))
  })

  it('reads back what it packed, in pieces of any size', async () => {
    const files = tree({ 'in/ä': 'x'.repeat(300), empty: '', 'deep/er/file': 'y' })
    const bytes = bundleFromMap(files)
    for (const size of [1, 2, 7, 1000]) {
      const back = await bundleToMap(pieces(bytes, size), LIMITS)
      expect(new Map([...back].sort())).to.deep.equal(new Map([...files].sort()))
    }
  })

  it('streams: packBundle writes the same bytes as bundleFromMap', async () => {
    const entries: BundleEntry[] = [
      { path: 'a', size: 3, data: pieces(text('abc'), 1) },
      { path: 'b', size: 2, data: text('de') }
    ]
    expect(await collectBytes(packBundle(entries), 1000)).to.deep.equal(
      bundleFromMap(tree({ a: 'abc', b: 'de' }))
    )
  })

  it('skips what the reader leaves of a file', async () => {
    const seen: string[] = []
    for await (const file of readBundle(
      pieces(bundleFromMap(tree({ a: 'abc', b: 'de', c: '' })), 2),
      LIMITS
    )) {
      seen.push(file.path)
      if (file.path === 'a') for await (const _ of file.data) break
    }
    expect(seen).to.deep.equal(['a', 'b', 'c'])
  })

  it('closes the source when the reader stops early', async () => {
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(bundleFromMap(tree({ a: 'abc', b: 'de' })), 4)
      } finally {
        closed = true
      }
    }
    for await (const _ of readBundle(source(), LIMITS)) break
    expect(closed).to.equal(true)
  })

  it('refuses paths that could leave the tree', async () => {
    const bad = [
      '',
      '/etc',
      '..',
      'a/../b',
      './a',
      'a//b',
      'a/',
      'a\\b',
      'a\0b',
      'e\u0301',
      'x'.repeat(256),
      'a/'.repeat(33) + 'b'
    ]
    for (const path of [...bad, 'abcdefg/'.repeat(128) + 'b']) {
      expect(pathProblem(path), path).to.be.a('string')
      await refusesBytes('RECORD_INVALID', raw({ path }))
      expect(() => bundleFromMap(tree({ [path]: '' }))).to.throw()
    }
    await refusesBytes('RECORD_INVALID', raw({ path: Uint8Array.of(0xff) }))
    expect(pathProblem('a/b.c/..d/é')).to.equal(undefined)
  })

  it('refuses paths out of order, twice, or both file and folder', async () => {
    await refusesBytes('RECORD_INVALID', raw({ path: 'b' }, { path: 'a' }))
    await refusesBytes('RECORD_INVALID', raw({ path: 'a' }, { path: 'a' }))
    await refusesBytes('RECORD_INVALID', raw({ path: 'a' }, { path: 'a-b' }, { path: 'a/b' }))
    await refuses('RECORD_INVALID', () =>
      collectBytes(
        packBundle([
          { path: 'b', size: 0, data: text('') },
          { path: 'a', size: 0, data: text('') }
        ]),
        1000
      )
    )
  })

  it('refuses a cut-off bundle at every length, and bytes after its end', async () => {
    const whole = bundleFromMap(tree({ a: 'abc', 'b/c': 'de' }))
    for (let n = 0; n < whole.length; n++) await refusesBytes('RECORD_INVALID', whole.subarray(0, n))
    await refusesBytes('RECORD_INVALID', Uint8Array.from([...whole, 0]))
    await refusesBytes('RECORD_INVALID', Uint8Array.from([...whole.subarray(0, 4), 2, ...whole.subarray(5)]))
  })

  it('refuses a file that is longer or shorter than it says', async () => {
    for (const size of [2, 4]) {
      await refuses('RECORD_INVALID', () =>
        collectBytes(packBundle([{ path: 'a', size, data: text('abc') }]), 1000)
      )
    }
    await refusesBytes('RECORD_INVALID', raw({ path: 'a', size: 99, data: 'abc' }))
    await refusesBytes('RECORD_INVALID', raw({ path: 'a', size: 2, data: 'abc' }))
  })

  it('stops at the limits before it reads the bytes', async () => {
    await refusesBytes('CONTENT_TOO_LARGE', raw({ path: 'a', size: 10_001 }))
    await refusesBytes('CONTENT_TOO_LARGE', raw({ path: 'a', size: 2 ** 50 }))
    // each below the limit, together above it
    const together = raw({ path: 'a', data: 'x'.repeat(5_000) }, { path: 'b', data: 'x'.repeat(5_001) })
    await refusesBytes('CONTENT_TOO_LARGE', together)
    const many = raw(...Array.from({ length: 101 }, (_, i) => ({ path: String(i).padStart(3, '0') })))
    await refusesBytes('CONTENT_TOO_LARGE', many)
    await refuses('CONTENT_TOO_LARGE', () => collectBytes(pieces(new Uint8Array(11), 3), 10))
  })
})
