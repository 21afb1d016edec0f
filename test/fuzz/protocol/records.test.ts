import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { decode, encode } from '../../../src/protocol/codec.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { sampleBook, sampleNames, type Sample } from '../../support/schemas.ts'

/** The value, or undefined when it was refused; anything but a refusal of ours fails the test. */
function attempt(s: Sample, bytes: Uint8Array): unknown {
  try {
    return decode(s.schema, bytes, s.name, s.max)
  } catch (e) {
    if (!isShoalError(e, 'RECORD_INVALID', 'FRAME_TOO_LARGE')) throw e
    expect(e.message).to.contain(s.name)
    return undefined
  }
}

/** What passed is worth exactly the bytes it came in. */
function honest(s: Sample, bytes: Uint8Array): void {
  const value = attempt(s, bytes)
  if (value !== undefined) expect(encode(value)).to.deep.equal(new Uint8Array(bytes))
}

const edits = fc.array(
  fc.record({
    kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat'),
    at: fc.nat(100_000),
    byte: fc.integer({ min: 0, max: 255 }),
    length: fc.integer({ min: 1, max: 40 })
  }),
  { minLength: 1, maxLength: 6 }
)
type Edit = typeof edits extends fc.Arbitrary<(infer E)[]> ? E : never

function edit(bytes: Uint8Array, { kind, at, byte, length }: Edit): Uint8Array {
  const i = bytes.length === 0 ? 0 : at % bytes.length
  const [head, tail] = [bytes.subarray(0, i), bytes.subarray(i)]
  if (kind === 'flip') return Uint8Array.of(...head, byte, ...tail.subarray(1))
  if (kind === 'cut') return Uint8Array.of(...head, ...tail.subarray(length))
  if (kind === 'insert') return Uint8Array.of(...head, byte, ...tail)
  return Uint8Array.of(...head, ...tail.subarray(0, length), ...tail)
}

/** Values that look like anything a peer may send inside a record. */
const junk = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 80 }),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
  fc.constantFrom('0', '-1', '9'.repeat(39), '0x' + 'ab'.repeat(32), '0x' + 'AB'.repeat(20), '/', '__proto__')
)

type Tree = { [key: string]: unknown }
const isTree = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !(v instanceof Uint8Array)

/** Replaces one value somewhere in a record, chosen by a list of numbers. */
function replace(value: unknown, way: readonly number[], by: unknown): unknown {
  const root = structuredClone(value) as Tree
  let at: Tree = root
  for (const step of way) {
    const keys = Object.keys(at)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) return root
    const child = at[key]
    if (!isTree(child) || step % 5 === 0) {
      at[key] = by
      return root
    }
    at = child
  }
  return root
}

describe('records from hostile peers', () => {
  const sample = sampleBook()
  for (const name of sampleNames) {
    it(`${name}: an empty value of another type is refused`, () => {
      // an empty byte string, text, list; null and undefined
      for (const byte of [0x40, 0x60, 0x80, 0xf6, 0xf7])
        expect(attempt(sample(name), Uint8Array.of(byte))).to.equal(undefined)
    })

    it(`${name}: random bytes are a record or a named refusal`, () => {
      const s = sample(name)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 400 }), bytes => honest(s, bytes)),
        { numRuns: 60 }
      )
    })

    it(`${name}: altered bytes are a record or a named refusal`, () => {
      const s = sample(name)
      const good = encode(s.value)
      fc.assert(
        fc.property(edits, list => honest(s, list.reduce(edit, good))),
        { numRuns: 60 }
      )
    })

    it(`${name}: well-formed dag-cbor with a wrong value somewhere is a record or a named refusal`, () => {
      const s = sample(name)
      const good = dagCbor.decode(encode(s.value))
      fc.assert(
        fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }), junk, (way, by) =>
          honest(s, dagCbor.encode(replace(good, way, by)))
        ),
        { numRuns: 60 }
      )
    })
  }
})
