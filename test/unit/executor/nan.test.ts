import { expect } from 'chai'
import { GAS_EXPORT, instrument } from '../../../src/executor/wasm/gas/instrument.ts'
import { I32, I64, i32, i64, name, section, uleb } from '../../support/wasm.ts'

const F64 = 0x7c
const f64 = (...bytes: number[]): number[] => [0x44, ...bytes]
const f32 = (...bytes: number[]): number[] => [0x43, ...bytes]
const ZERO64 = f64(0, 0, 0, 0, 0, 0, 0, 0)
const ZERO32 = f32(0, 0, 0, 0)
/** A NaN that no arithmetic makes. */
const OWN64 = f64(1, 2, 3, 4, 5, 6, 0xf7, 0xff)
const REINTERPRET = { f32: 0xbc, f64: 0xbd } as const
const CANONICAL = { f32: 0x7fc00000n, f64: 0x7ff8000000000000n }

/** Runs a function without parameters that gives an i32 or i64, metered; its bits. */
function bits(result: number, body: readonly number[], locals: readonly number[] = []): bigint {
  const groups = [...uleb(locals.length), ...locals.flatMap(type => [1, type])]
  const code = [...groups, ...body, 0x0b]
  const module = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 2, 0x60, 0, 1, result, 0x60, 0, 2, F64, result),
    ...section(3, 1, 0),
    ...section(5, 1, 0, 1),
    ...section(7, 1, ...name('f'), 0, 0),
    ...section(10, 1, ...uleb(code.length), ...code)
  ])
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(new Uint8Array(instrument(module, 1).bytes))
  )
  ;(exports[GAS_EXPORT] as WebAssembly.Global<'i64'>).value = 1_000_000n
  const value = BigInt((exports.f as () => number | bigint)())
  return BigInt.asUintN(result === I64 ? 64 : 32, value)
}

describe('a NaN that arithmetic makes', () => {
  it('has the canonical bits, whatever the processor gives', () => {
    expect(bits(I64, [...ZERO64, ...ZERO64, 0xa3, REINTERPRET.f64])).to.equal(CANONICAL.f64)
    expect(bits(I32, [...ZERO32, ...ZERO32, 0x95, REINTERPRET.f32])).to.equal(CANONICAL.f32)
    // the root of -1, in both widths
    expect(bits(I64, [...f64(0, 0, 0, 0, 0, 0, 0xf0, 0xbf), 0x9f, REINTERPRET.f64])).to.equal(CANONICAL.f64)
    expect(bits(I32, [...f32(0, 0, 0x80, 0xbf), 0x91, REINTERPRET.f32])).to.equal(CANONICAL.f32)
  })

  it('has them after it went through further arithmetic, a local, memory and a conversion', () => {
    const nan = [...ZERO64, ...ZERO64, 0xa3]
    expect(bits(I64, [...nan, ...ZERO64, 0xa0, ...OWN64, 0xa2, REINTERPRET.f64])).to.equal(CANONICAL.f64)
    expect(bits(I64, [...nan, 0x21, 0, 0x20, 0, REINTERPRET.f64], [F64])).to.equal(CANONICAL.f64)
    const stored = [...i32(8), ...nan, 0x39, 3, 0, ...i32(8), 0x29, 3, 0]
    expect(bits(I64, stored)).to.equal(CANONICAL.f64)
    expect(bits(I32, [...nan, 0xb6, REINTERPRET.f32])).to.equal(CANONICAL.f32)
    expect(bits(I64, [...ZERO32, ...ZERO32, 0x95, 0xbb, REINTERPRET.f64])).to.equal(CANONICAL.f64)
  })

  it('has them when a local that only arithmetic sets is read, also after a tee and in a loop', () => {
    const nan = [...ZERO64, ...ZERO64, 0xa3]
    // set, then read twice: once blindly, once not
    expect(
      bits(I64, [...nan, 0x21, 0, 0x20, 0, 0x20, 0, 0xa0, 0x21, 0, 0x20, 0, REINTERPRET.f64], [F64])
    ).to.equal(CANONICAL.f64)
    expect(bits(I64, [...nan, 0x22, 0, REINTERPRET.f64], [F64])).to.equal(CANONICAL.f64)
    expect(bits(I64, [...nan, 0x22, 0, 0x1a, 0x20, 0, REINTERPRET.f64], [F64])).to.equal(CANONICAL.f64)
    const stored = [...i32(8), ...nan, 0x22, 0, 0x39, 3, 0, ...i32(8), 0x29, 3, 0]
    expect(bits(I64, stored, [F64])).to.equal(CANONICAL.f64)
  })

  it('leaves a local alone that also holds what the program keeps itself', () => {
    // set by arithmetic first, then from a constant with bits of its own
    const mixed = [...ZERO64, ...ZERO64, 0xa0, 0x21, 0, ...OWN64, 0x21, 0, 0x20, 0, REINTERPRET.f64]
    expect(bits(I64, mixed, [F64])).to.equal(0xfff7060504030201n)
  })

  it('gives no sign away: copysign and neg see the canonical one', () => {
    const one = f64(0, 0, 0, 0, 0, 0, 0xf0, 0x3f)
    const nan = [...ZERO64, ...ZERO64, 0xa3]
    expect(bits(I64, [...one, ...nan, 0xa6, REINTERPRET.f64])).to.equal(0x3ff0000000000000n)
    expect(bits(I64, [...nan, 0x9a, REINTERPRET.f64])).to.equal(0xfff8000000000000n)
  })

  it('has them in every lane of a vector, and other lanes stay as they are', () => {
    const v128 = (...bytes: number[]): number[] => [0xfd, 12, ...bytes]
    const one = [0, 0, 0x80, 0x3f]
    const mixed = v128(...[0, 0, 0, 0], ...one, ...[0, 0, 0, 0], ...one)
    const divide = [...mixed, ...mixed, 0xfd, ...uleb(231)]
    const lane = (n: number): number[] => [...divide, 0xfd, 27, n] // i32x4.extract_lane
    expect(bits(I32, lane(0))).to.equal(CANONICAL.f32)
    expect(bits(I32, lane(1))).to.equal(0x3f800000n)
    const zeros = v128(...new Array<number>(16).fill(0))
    expect(bits(I64, [...zeros, ...zeros, 0xfd, ...uleb(243), 0xfd, 29, 1])).to.equal(CANONICAL.f64)
  })

  it('leaves the bit patterns alone that a program keeps itself', () => {
    expect(bits(I64, [...OWN64, REINTERPRET.f64])).to.equal(0xfff7060504030201n)
    const copied = [...i32(8), ...i64(-1), 0x37, 3, 0, ...i32(16), ...i32(8), 0x2b, 3, 0, 0x39, 3, 0]
    expect(bits(I64, [...copied, ...i32(16), 0x29, 3, 0])).to.equal(0xffffffffffffffffn)
    expect(bits(I64, [...OWN64, 0x9a, REINTERPRET.f64])).to.equal(0x7ff7060504030201n)
  })
})

it('a metered function may branch to its end from any depth, with one result or several', () => {
  // block (block (f64.const 0) (i32.const 7) br 2)
  expect(bits(I32, [0x02, 0x40, 0x02, 0x40, ...i32(7), 0x0c, 2, 0x0b, 0x0b, ...i32(9)])).to.equal(7n)
  // a block of the type () -> (f64, i32), left by a branch
  expect(bits(I32, [0x02, 1, ...ZERO64, ...i32(5), 0x0c, 0, 0x0b, 0x21, 0, 0x1a, 0x20, 0], [I32])).to.equal(
    5n
  )
})
