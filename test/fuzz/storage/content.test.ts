import { expect } from 'chai'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { systemRandom } from '../../../src/peer/adapters/system-random.ts'
import { collectBytes } from '../../../src/protocol/byte-source.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { readFile } from '../../../src/storage/dag.ts'
import { openStream, sealStream } from '../../../src/storage/seal.ts'

const key = new Uint8Array(32).fill(1)
const context = new Uint8Array(4)
const MAX = 10_000_000

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes)
}

describe('content of strangers', () => {
  it('no bytes but a sealed object open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
        const result = await collectBytes(openStream(one(bytes), key, context), MAX).catch((e: unknown) => e)
        expect(isShoalError(result, 'CONTENT_CORRUPT')).to.equal(true)
      }),
      { numRuns: 300 }
    )
  })

  it('no splice of two sealed objects opens', async () => {
    const seal = (n: number): Promise<Uint8Array> =>
      collectBytes(sealStream(one(new Uint8Array(n)), key, context, systemRandom), MAX)
    const [a, b] = await Promise.all([seal(70_000), seal(140_000)])
    await fc.assert(
      fc.asyncProperty(fc.nat(a.length), fc.nat(b.length), async (x, y) => {
        const spliced = new Uint8Array(Buffer.concat([a.subarray(0, x), b.subarray(y)]))
        // both begin with the same magic: such a splice is one of them
        const whole = [a, b].some(o => Buffer.from(o).equals(spliced))
        const result = await collectBytes(openStream(one(spliced), key, context), MAX).catch(
          (e: unknown) => e
        )
        expect(isShoalError(result, 'CONTENT_CORRUPT')).to.equal(!whole)
      }),
      { numRuns: 60 }
    )
  })

  it('any bytes as a node of a file are refused by name or read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(0x55, 0x70, 0x71),
        async (bytes, codec) => {
          const root = CID.createV1(codec, await sha256.digest(bytes))
          const get = (cid: CID): Promise<Uint8Array> =>
            Promise.resolve(cid.equals(root) ? bytes : new Uint8Array(9))
          const result = await collectBytes(readFile(root, get, { ahead: 2, max: 1_000 }), MAX).catch(
            (e: unknown) => e
          )
          const refused = isShoalError(result, 'CONTENT_CORRUPT', 'CONTENT_TOO_LARGE')
          expect(refused || result instanceof Uint8Array, String(result)).to.equal(true)
        }
      ),
      { numRuns: 500 }
    )
  })
})
