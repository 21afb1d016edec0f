import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import { z } from 'zod'
import { cidOf, decode, digestOf, encode, fromHex, toHex } from '../../../src/protocol/codec.ts'
import { record } from '../../../src/protocol/fields.ts'
import { DEPTH_MAX } from '../../../src/protocol/limits.ts'
import { thrown } from '../../support/failures.ts'

const anything = z.unknown()
const pair = record({ a: z.number(), bb: z.number().optional() })
const bytes = (hex: string): Uint8Array => fromHex('0x' + hex)
const read = (schema: z.ZodType, hex: string): unknown => decode(schema, bytes(hex), 'thing', 1 << 20)

describe('dag-cbor of records', () => {
  it('the order of keys in memory does not change the bytes', () => {
    expect(encode({ a: 1, bb: 2 })).to.deep.equal(encode({ bb: 2, a: 1 }))
  })

  it('amounts travel as decimal text and absent fields not at all', () => {
    expect(encode({ a: 2n ** 100n, b: undefined })).to.deep.equal(encode({ a: (2n ** 100n).toString() }))
  })

  it('an amount or an absent field in the middle changes nothing around it, however deep', () => {
    const made = [{ k: 1 }, { k: 2n, l: undefined, m: [1, [3n, 'x'], {}] }, null, { z: [] }]
    expect(encode({ a: made, b: { c: 4n, d: 5 } })).to.deep.equal(
      dagCbor.encode({
        a: [{ k: 1 }, { k: '2', m: [1, ['3', 'x'], {}] }, null, { z: [] }],
        b: { c: '4', d: 5 }
      })
    )
  })

  it('encoding changes nothing in the value that it is given', () => {
    const value = { a: [1n, { b: undefined, c: 2n }] }
    encode(value)
    expect(value).to.deep.equal({ a: [1n, { b: undefined, c: 2n }] })
  })

  it('hex goes both ways and the digest is sha-256', () => {
    expect(toHex(bytes('00ff10'))).to.equal('0x00ff10')
    // FIPS 180-4, "abc"
    expect(digestOf(new TextEncoder().encode('abc'))).to.equal(
      '0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    )
  })

  it('a CID names dag-cbor and sha-256 in base32', () => {
    // bafyrei: CIDv1, dag-cbor (0x71), sha2-256 (0x12), 32 bytes
    expect(cidOf(encode({}))).to.match(/^bafyrei[a-z2-7]{52}$/)
  })

  const forms: readonly (readonly [string, string])[] = [
    ['keys out of order', 'a2626262026161 01'.replace(' ', '')],
    ['a key twice', 'a26161016161 02'.replace(' ', '')],
    ['an integer longer than needed', 'a161611801'],
    ['a whole number as a float', 'a16161fb3ff0000000000000'],
    ['a half-precision float', 'a16161f93c00'],
    ['an indefinite map', 'bf616101ff'],
    ['undefined', 'a16161f7'],
    ['not a number', 'a16161fb7ff8000000000000'],
    ['infinity', 'a16161fb7ff0000000000000'],
    ['negative zero', 'a16161fb8000000000000000'],
    ['an unknown tag', 'a16161c101'],
    ['a key that is no text', 'a10101'],
    ['a prototype in a map', 'a1695f5f70726f746f5f5fa1616101'],
    ['text that is not UTF-8', 'a161616180'.replace('6180', '61ff')],
    ['nothing', '']
  ]
  for (const [what, hex] of forms) {
    it(`${what}: refused, although a lenient reader would take it`, () => {
      const e = thrown(() => read(pair, hex), 'RECORD_INVALID')
      expect(e.message).to.contain('thing')
    })
  }

  it('the same map in canonical form is taken', () => {
    expect(read(pair, 'a2616101626262 02'.replace(' ', ''))).to.deep.equal({ a: 1, bb: 2 })
  })

  it('nesting up to the limit passes, one level more is refused, a thousand levels too', () => {
    const nested = (levels: number): Uint8Array => {
      let value: unknown = 1
      for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value }
      return dagCbor.encode(value)
    }
    expect(() => decode(anything, nested(DEPTH_MAX - 1), 'thing', 1 << 20)).not.to.throw()
    thrown(() => decode(anything, nested(DEPTH_MAX), 'thing', 1 << 20), 'RECORD_INVALID')
    thrown(() => decode(anything, nested(1_000), 'thing', 1 << 20), 'RECORD_INVALID')
    thrown(() => read(anything, '81'.repeat(200_000) + '01'), 'RECORD_INVALID')
  })

  it('a record of exactly the largest size passes, one byte more is refused', () => {
    const whole = encode({ a: 1 })
    expect(decode(pair, whole, 'thing', whole.byteLength)).to.deep.equal({ a: 1 })
    thrown(() => decode(pair, whole, 'thing', whole.byteLength - 1), 'FRAME_TOO_LARGE')
  })

  it('a length that promises gigabytes costs nothing and is refused', () => {
    for (const head of [
      '9b00000000ffffffff',
      'bb00000000ffffffff',
      '5b00000000ffffffff',
      '7b00000000ffffffff'
    ])
      thrown(() => read(anything, head), 'RECORD_INVALID')
  })
})
