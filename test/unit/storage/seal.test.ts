import { expect } from 'chai'
import fc from 'fast-check'
import { createCipheriv, hkdfSync } from 'node:crypto'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { collectBytes } from '../../../src/protocol/byte-source.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { HEADER_BYTES, openStream, sealedSize, sealStream } from '../../../src/storage/seal.ts'

const CHUNK = 64 * 1024
const SEALED_CHUNK = CHUNK + 16
const MAX = 10 * 2 ** 20
const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const context = new TextEncoder().encode('job 1')

/** Cuts bytes at the given points. */
async function* cut(bytes: Uint8Array, at: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const points = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < points.length; i++)
    yield await Promise.resolve(bytes.subarray(points[i - 1], points[i]))
}

const plain = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 31 + (i >> 8)) % 256)
const seal = (bytes: Uint8Array, at: readonly number[] = []): Promise<Uint8Array> =>
  collectBytes(sealStream(cut(bytes, at), key, context, systemRandom), MAX)
const open = (bytes: Uint8Array, at: readonly number[] = []): Promise<Uint8Array> =>
  collectBytes(openStream(cut(bytes, at), key, context), MAX)

/** True when it is refused as corrupt; any other error fails the test. */
async function refused(p: Promise<unknown>): Promise<boolean> {
  try {
    await p
    return false
  } catch (e) {
    if (isShoalError(e, 'CONTENT_CORRUPT')) return true
    throw e
  }
}

const chunksOf = (sealed: Uint8Array): Uint8Array[] => {
  const chunks: Uint8Array[] = []
  for (let at = HEADER_BYTES; at < sealed.length; at += SEALED_CHUNK)
    chunks.push(sealed.subarray(at, at + SEALED_CHUNK))
  return chunks
}
const join = (sealed: Uint8Array, chunks: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat([sealed.subarray(0, HEADER_BYTES), ...chunks]))

describe('sealed streams', () => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]) {
    it(`${size} bytes come back, and the sealed size is as computed`, async () => {
      const sealed = await seal(plain(size))
      expect(sealed.length).to.equal(sealedSize(size))
      expect(await open(sealed)).to.deep.equal(plain(size))
    })
  }

  it('come back whatever the chunking of source and ciphertext', async () => {
    const splits = fc.array(fc.nat(), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.nat(3 * CHUNK), splits, splits, async (size, a, b) => {
        expect(await open(await seal(plain(size), a), b)).to.deep.equal(plain(size))
      }),
      { numRuns: 30 }
    )
  })

  it('one flipped bit anywhere is refused', async () => {
    const sealed = await seal(plain(2 * CHUNK + 100))
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(7), async (at, bit) => {
        const altered = sealed.slice()
        altered[at] = (altered[at] ?? 0) ^ (1 << bit)
        expect(await refused(open(altered))).to.equal(true)
      }),
      { numRuns: 60 }
    )
  })

  it('cut short anywhere, also at a chunk border, is refused', async () => {
    const sealed = await seal(plain(2 * CHUNK))
    const borders = [0, HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK, sealed.length - 1]
    for (const at of borders) expect(await refused(open(sealed.subarray(0, at))), `at ${at}`).to.equal(true)
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), async at => {
        expect(await refused(open(sealed.subarray(0, at)))).to.equal(true)
      }),
      { numRuns: 40 }
    )
  })

  it('chunks moved, repeated, dropped or added are refused', async () => {
    const sealed = await seal(plain(3 * CHUNK + 10))
    const [a, b, c, d] = chunksOf(sealed)
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four chunks')
    const attacks = {
      moved: [b, a, c, d],
      repeated: [a, a, b, c, d],
      dropped: [a, c, d],
      endless: [a, b, c, d, d],
      headless: [b, c, d]
    }
    for (const [name, chunks] of Object.entries(attacks)) {
      expect(await refused(open(join(sealed, chunks))), name).to.equal(true)
    }
  })

  it('bytes appended, also a whole empty chunk, are refused', async () => {
    const sealed = await seal(plain(CHUNK))
    for (const more of [Uint8Array.of(0), new Uint8Array(16), new Uint8Array(SEALED_CHUNK)]) {
      expect(await refused(open(new Uint8Array(Buffer.concat([sealed, more]))))).to.equal(true)
    }
  })

  it('an empty chunk at the end, though it was sealed under the right key, is refused: one content has one form', async () => {
    const header = (await seal(plain(0))).subarray(0, HEADER_BYTES)
    const info = Buffer.concat([Buffer.from('shoal/seal/1\n'), context])
    const own = new Uint8Array(hkdfSync('sha256', key, header, info, 32))
    const chunk = (bytes: Uint8Array, counter: number, last: boolean): Uint8Array => {
      const nonce = new Uint8Array(12)
      nonce.set(header.subarray(HEADER_BYTES - 7))
      nonce[10] = counter
      nonce[11] = last ? 1 : 0
      const cipher = createCipheriv('aes-256-gcm', own, nonce)
      return new Uint8Array(Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]))
    }
    const whole = plain(CHUNK)
    expect(await open(join(header, [chunk(whole, 0, true)]))).to.deep.equal(whole)
    const longer = join(header, [chunk(whole, 0, false), chunk(new Uint8Array(0), 1, true)])
    expect(await refused(open(longer))).to.equal(true)
  })

  it('a chunk of another object under the same key is refused', async () => {
    const [one, two] = await Promise.all([seal(plain(2 * CHUNK)), seal(plain(2 * CHUNK))])
    const [first, second] = [chunksOf(one)[0], chunksOf(two)[1]]
    if (first === undefined || second === undefined) throw new Error('two chunks')
    expect(await refused(open(join(one, [first, second])))).to.equal(true)
  })

  it('another key, another context or a key of another size is refused', async () => {
    const sealed = await seal(plain(10))
    const other = key.map(b => b ^ 1)
    for (const [k, c] of [
      [other, context],
      [key, new TextEncoder().encode('job 2')],
      [key, new Uint8Array(0)],
      [key.subarray(1), context]
    ] as const) {
      expect(await refused(collectBytes(openStream(cut(sealed), k, c), MAX))).to.equal(true)
    }
  })

  it('equal plaintexts under one key give different ciphertexts', async () => {
    expect(await seal(plain(10))).to.not.deep.equal(await seal(plain(10)))
  })

  it('another version or chunk size is not guessed at', async () => {
    const sealed = await seal(plain(10))
    for (const at of [0, 4, 5]) {
      const altered = sealed.slice()
      altered[at] = (altered[at] ?? 0) + 1
      expect(await refused(open(altered))).to.equal(true)
    }
  })

  it('errors of the source pass through and its end is told when the reader leaves', async () => {
    let closed = false
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(new Uint8Array(CHUNK))
      } finally {
        closed = true
      }
    }
    for await (const part of sealStream(source(), key, context, systemRandom)) if (part.length > 100) break
    expect(closed).to.equal(true)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(3))
      throw new Error('disk')
    }
    const error = await collectBytes(openStream(broken(), key, context), MAX).catch((e: Error) => e.message)
    expect(error).to.equal('disk')
  })

  it('a large object passes in little memory', async () => {
    let most = 0
    let inside = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 200; i++) {
        inside += CHUNK
        most = Math.max(most, inside)
        yield await Promise.resolve(new Uint8Array(CHUNK))
      }
    }
    for await (const part of openStream(sealStream(source(), key, context, systemRandom), key, context)) {
      inside -= part.byteLength
    }
    expect(inside).to.equal(0)
    expect(most).to.be.at.most(6 * CHUNK)
  })
})
