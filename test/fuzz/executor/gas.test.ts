import { expect } from 'chai'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { GAS_EXPORT, instrument } from '../../../src/executor/wasm/gas/instrument.ts'
import { MAX_AHEAD } from '../../../src/executor/wasm/gas/regions.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { I32, i32, name, section, uleb } from '../../support/wasm.ts'

/**
 * Random functions f(i32, i32) -> i32 with two more i32 locals and a memory. Everything they do ends: loops count a local of their
 * own down, calls go to a fixed leaf.
 */
const binary = fc.constantFrom(
  0x6a,
  0x6b,
  0x6c,
  0x6d,
  0x6f,
  0x71,
  0x72,
  0x73,
  0x74,
  0x76,
  0x77,
  0x46,
  0x48,
  0x4b
)
const mask = [...i32(0xffff), 0x71]

const { expression, statement } = fc.letrec<{ expression: number[]; statement: number[] }>(tie => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.integer({ min: -70_000, max: 70_000 }).map(i32),
    fc.nat({ max: 3 }).map(l => [0x20, l]),
    fc.tuple(tie('expression'), tie('expression'), binary).map(([a, b, op]) => [...a, ...b, op]),
    tie('expression').map(a => [...a, ...mask, 0x28, 2, 0]),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([c, a, b]) => [...c, 0x04, I32, ...a, 0x05, ...b, 0x0b]),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => [...a, ...b, ...c, 0x1b]),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => [...a, ...b, 0x10, 1]),
    fc.nat({ max: 2 }).map(n => [...i32(n), 0x40, 0]),
    fc.tuple(tie('statement'), tie('expression')).map(([s, e]) => [0x02, I32, ...s, ...e, 0x0b])
  ),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<number[]>([0x01]),
    fc.tuple(fc.nat({ max: 3 }), tie('expression')).map(([l, e]) => [...e, 0x21, l]),
    fc.tuple(tie('expression'), tie('expression')).map(([a, v]) => [...a, ...mask, ...v, 0x36, 2, 0]),
    fc.tuple(tie('expression'), tie('statement')).map(([c, s]) => [0x02, 0x40, ...c, 0x0d, 0, ...s, 0x0b]),
    fc
      .tuple(tie('expression'), tie('statement'), tie('statement'))
      .map(([c, a, b]) => [...c, 0x04, 0x40, ...a, 0x05, ...b, 0x0b]),
    fc
      .tuple(tie('expression'), tie('statement'))
      .map(([c, s]) => [0x02, 0x40, 0x02, 0x40, ...c, ...i32(1), 0x71, 0x0e, 1, 0, 1, 0x0b, ...s, 0x0b]),
    // Rounds are counted in a global, so that nothing inside can undo the count.
    tie('statement').map(s => [
      0x03,
      0x40,
      ...s,
      0x23,
      0,
      ...i32(1),
      0x6b,
      0x24,
      0,
      0x23,
      0,
      ...i32(0),
      0x4a,
      0x0d,
      0,
      0x0b
    ]),
    fc
      .tuple(tie('expression'), fc.nat({ max: 40 }))
      .map(([v, n]) => [...i32(64), ...v, ...i32(n), 0xfc, 11, 0]),
    fc.tuple(tie('statement'), tie('statement')).map(([a, b]) => [...a, ...b]),
    fc.tuple(tie('expression'), tie('expression')).map(([c, e]) => [...c, 0x04, 0x40, ...e, 0x0f, 0x0b])
  )
}))

const program = fc.tuple(statement, expression).map(([s, e]) => {
  const body = [1, 2, I32, ...s, ...e, 0x0b]
  const leaf = [0, 0x20, 0, 0x20, 1, 0x73, 0x0b]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 2, I32, I32, 1, I32),
    ...section(3, 2, 0, 0),
    ...section(5, 1, 1, 2, 6),
    ...section(6, 1, I32, 1, ...i32(30), 0x0b),
    ...section(7, 2, ...name('f'), 0, 0, ...name('memory'), 2, 0),
    ...section(10, 2, ...uleb(body.length), ...body, ...uleb(leaf.length), ...leaf)
  ])
})

interface Result {
  readonly value: string
  readonly memory: string
  readonly gas: bigint
}

function execute(bytes: Uint8Array, a: number, b: number): Result {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)))
  const gas = exports[GAS_EXPORT] as WebAssembly.Global<'i64'> | undefined
  if (gas !== undefined) gas.value = 2n ** 40n
  let value: string
  try {
    value = String((exports.f as (a: number, b: number) => unknown)(a, b))
  } catch (e) {
    value = String(e)
  }
  const memory = new Uint8Array((exports.memory as WebAssembly.Memory).buffer)
  const used = memory.reduce((sum, byte, i) => (sum + byte * (i % 251)) | 0, 0)
  return { value, memory: `${memory.length}:${used}`, gas: gas === undefined ? 0n : 2n ** 40n - gas.value }
}

describe('the gas rewriter, fuzzed', () => {
  it('changes nothing but the counter: equal results, equal memory, equal gas each time', () => {
    fc.assert(
      fc.property(program, fc.integer(), fc.integer(), (bytes, a, b) => {
        fc.pre(WebAssembly.validate(new Uint8Array(bytes)))
        const metered = instrument(bytes, 6).bytes
        expect(WebAssembly.validate(new Uint8Array(metered))).to.equal(true)
        const plain = execute(bytes, a, b)
        const first = execute(metered, a, b)
        expect(first.value).to.equal(plain.value)
        expect(first.memory).to.equal(plain.memory)
        // after a trap the counter stands where it was saved last
        expect(first.gas > 0n || first.value.startsWith('RuntimeError')).to.equal(true)
        expect(execute(metered, a, b).gas).to.equal(first.gas)
      }),
      { numRuns: 200 }
    )
  })

  it('never takes less than what runs costs, and at most so much more as it pays ahead at each payment', () => {
    fc.assert(
      fc.property(program, fc.integer(), fc.integer(), (bytes, a, b) => {
        const exact = execute(instrument(bytes, 6, 0).bytes, a, b)
        const { gas, value, memory } = execute(instrument(bytes, 6).bytes, a, b)
        expect({ value, memory }).to.deep.equal({ value: exact.value, memory: exact.memory })
        if (value.startsWith('RuntimeError')) return // each counter stands where it was saved last
        expect(gas >= exact.gas, `${gas} of ${exact.gas}`).to.equal(true)
        expect(gas <= exact.gas * BigInt(1 + MAX_AHEAD), `${gas} of ${exact.gas}`).to.equal(true)
      }),
      { numRuns: 200 }
    )
  })

  it('the programs it is tried on are valid ones', () => {
    const valid = fc.sample(program, 100).filter(bytes => WebAssembly.validate(new Uint8Array(bytes)))
    expect(valid.length).to.equal(100)
  })

  it('takes or refuses altered modules, and what it takes stays valid', () => {
    const seeds = ['wordcount/gather.wasm', 'pathtrace/gather.wasm'].map(f =>
      readFileSync(new URL(`../../../examples/${f}`, import.meta.url))
    )
    const altered = fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
        fc.nat()
      )
      .map(([seed, changes, cut]) => {
        const bytes = new Uint8Array(seed)
        for (const [at, value] of changes) bytes[at % (at % 2 === 0 ? 400 : bytes.length)] = value
        return cut % 5 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes
      })
    fc.assert(
      fc.property(fc.oneof(altered, fc.uint8Array()), bytes => {
        let metered: Uint8Array
        try {
          metered = instrument(bytes, 64).bytes
        } catch (e) {
          expect(isShoalError(e, 'MODULE_INVALID', 'LIMIT_MEMORY'), String(e)).to.equal(true)
          return
        }
        expect(WebAssembly.validate(new Uint8Array(metered))).to.equal(true)
      }),
      { numRuns: 400 }
    )
  })
})
