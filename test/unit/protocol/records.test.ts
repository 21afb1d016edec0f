import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import { decode, encode } from '../../../src/protocol/codec.ts'
import { sampleBook, sampleNames, type Sample } from '../../support/schemas.ts'
import { thrown } from '../../support/failures.ts'

type Plain = { [key: string]: unknown }
const isPlain = (v: unknown): v is Plain =>
  typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array)

/** What the record looks like on the wire, without types. */
const wire = (s: Sample): Plain => dagCbor.decode(encode(s.value))
/** Paths of all objects inside a value, the value itself included. */
function objects(value: unknown, path: string[] = []): string[][] {
  if (Array.isArray(value)) return value.flatMap((v, i) => objects(v, [...path, String(i)]))
  if (!isPlain(value)) return []
  return [path, ...Object.entries(value).flatMap(([k, v]) => objects(v, [...path, k]))]
}
const at = (value: unknown, path: readonly string[]): Plain =>
  path.reduce<unknown>((v, key) => (v as Plain)[key], value) as Plain
/** A copy in which one object was changed. */
function changed(value: unknown, path: readonly string[], change: (o: Plain) => void): unknown {
  const copy = structuredClone(value)
  change(at(copy, path))
  return copy
}
const read = (s: Sample, value: unknown): unknown =>
  decode(s.schema, dagCbor.encode(value), s.name, Math.max(s.max, 1 << 20))

describe('records on the wire', () => {
  const sample = sampleBook()
  for (const name of sampleNames) {
    it(`${name}: comes back as it was sent, in the same bytes`, () => {
      const s = sample(name)
      const bytes = encode(s.value)
      expect(bytes.byteLength).to.be.at.most(s.max)
      const value = decode(s.schema, bytes, s.name, s.max)
      expect(value).to.deep.equal(s.value)
      expect(encode(value)).to.deep.equal(bytes)
    })

    it(`${name}: an unknown key is refused by name, at every depth`, () => {
      const s = sample(name)
      for (const path of objects(wire(s))) {
        if (path.at(-1) === 'env') continue // variables may have any name
        const value = changed(wire(s), path, o => (o['smuggled'] = 1))
        const e = thrown(() => read(s, value), 'RECORD_INVALID')
        expect(e.message).to.contain('smuggled').and.to.contain(s.name)
        expect(e.data['field']).to.equal(path.join('.'))
      }
    })

    it(`${name}: a field of another type is refused and named`, () => {
      const s = sample(name)
      for (const path of objects(wire(s))) {
        if (path.at(-1) === 'env') continue
        for (const key of Object.keys(at(wire(s), path))) {
          const field = [...path, key].join('.')
          for (const wrong of [[], { a: 1 }, true, -1, 1.5, null, 'no such thing ☃']) {
            if (!refusable(s, path, key, wrong)) continue
            const value = changed(wire(s), path, o => (o[key] = wrong))
            const e = thrown(() => read(s, value), 'RECORD_INVALID')
            expect(e.data['field'], `${field} = ${JSON.stringify(wrong)}`).to.be.a('string')
            expect(`${String(e.data['field'])}.`.startsWith(field + '.')).to.equal(true, e.message)
          }
        }
      }
    })

    it(`${name}: bytes above its limit are refused before they are read`, () => {
      const s = sample(name)
      const bytes = encode(s.value)
      const e = thrown(() => decode(s.schema, bytes, s.name, bytes.byteLength - 1), 'FRAME_TOO_LARGE')
      expect(e.data['max']).to.equal(bytes.byteLength - 1)
    })

    it(`${name}: cut short or with bytes behind it is refused`, () => {
      const s = sample(name)
      const bytes = encode(s.value)
      for (let n = 0; n < bytes.byteLength; n += 7)
        thrown(() => decode(s.schema, bytes.subarray(0, n), s.name, s.max), 'RECORD_INVALID')
      thrown(() => decode(s.schema, new Uint8Array([...bytes, 0]), s.name, 1 << 20), 'RECORD_INVALID')
    })
  }
})

/** Which values are indeed wrong for a field: lists may be empty, some fields take any text, some are flags. */
function refusable(s: Sample, path: readonly string[], key: string, wrong: unknown): boolean {
  const old = at(wire(s), path)[key]
  if (Array.isArray(old) && Array.isArray(wrong)) return false
  if (typeof old === 'boolean' && typeof wrong === 'boolean') return false
  if (key === 'env') return !isPlain(wrong)
  // the only fields with fractions
  if (wrong === 1.5 && (key === 'absolute' || key === 'step')) return false
  const free = [
    'id',
    'seen',
    'model',
    'version',
    'region',
    'name',
    'engine',
    'engineVersion',
    'rule',
    'note',
    'line',
    'code',
    'reason',
    'message',
    'term',
    'offered',
    'given'
  ]
  return !(typeof wrong === 'string' && free.includes(key))
}
