import { expect } from 'chai'
import fc from 'fast-check'
import { bundleFromMap, bundleToMap, pathProblem } from '../../../src/protocol/bundle.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'

const LIMITS = { maxFiles: 50, maxBytes: 100_000 }
const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
const path = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map(s => s.join('/').normalize('NFC'))
  .filter(p => pathProblem(p) === undefined)
const files = fc
  .dictionary(path, fc.uint8Array({ maxLength: 200 }), { maxKeys: 10, noNullPrototype: true })
  .map(o => new Map(Object.entries(o)))
  .filter(m => [...m.keys()].every(a => [...m.keys()].every(b => !b.startsWith(a + '/'))))

async function* cut(bytes: Uint8Array, at: readonly number[]): AsyncGenerator<Uint8Array> {
  const points = [0, ...at.map(n => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < points.length; i++) yield bytes.subarray(points[i - 1], points[i])
}

/** The tree, or undefined when the reader refused; any other error fails the test. */
async function read(bytes: Uint8Array, at: readonly number[]): Promise<Map<string, Uint8Array> | undefined> {
  try {
    return await bundleToMap(cut(bytes, at), LIMITS)
  } catch (e) {
    if (isShoalError(e, 'RECORD_INVALID', 'CONTENT_TOO_LARGE')) return undefined
    throw e
  }
}

describe('bundle, fuzzed', () => {
  it('every tree comes back, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.array(fc.nat(), { maxLength: 20 }), async (tree, at) => {
        const back = await read(bundleFromMap(tree), at)
        expect(back).to.not.equal(undefined)
        expect(back?.size).to.equal(tree.size)
        for (const [p, data] of tree) expect([...(back?.get(p) ?? [])]).to.deep.equal([...data])
      }),
      { numRuns: 300 }
    )
  })

  it('random and altered bytes are refused or read as a tree that packs to the same bytes', async () => {
    const altered = fc.tuple(files, fc.nat(), fc.nat({ max: 255 })).map(([tree, where, value]) => {
      const bytes = bundleFromMap(tree)
      bytes[where % bytes.length] = value
      return bytes
    })
    const headed = fc
      .uint8Array({ maxLength: 300 })
      .map(b => Uint8Array.from([0x53, 0x48, 0x42, 0x4e, 1, ...b]))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(altered, headed, fc.uint8Array()),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (bytes, at) => {
          const tree = await read(bytes, at)
          if (tree !== undefined) expect([...bundleFromMap(tree)]).to.deep.equal([...bytes])
        }
      ),
      { numRuns: 1000 }
    )
  })
})
