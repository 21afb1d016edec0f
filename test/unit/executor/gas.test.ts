import { expect } from 'chai'
import { DENIED_EXPORT, GAS_EXPORT, instrument } from '../../../src/executor/wasm/gas/instrument.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { command, forever, I32, i32, I64, i64, name, section, uleb } from '../../support/wasm.ts'

const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const module = (...sections: number[][]): Uint8Array => Uint8Array.from([...HEAD, ...sections.flat()])

/** Exports `f`: (i32) -> i32, with one i32 local, and a memory. */
const functionModule = (body: number[], pages: number[] = [0, 1], extra: number[][] = []): Uint8Array =>
  module(
    section(1, 1, 0x60, 1, I32, 1, I32),
    section(3, 1, 0),
    section(5, 1, ...pages),
    ...extra.filter(s => s[0] === 6),
    section(7, 1, ...name('f'), 0, 0),
    section(10, 1, ...uleb(body.length + 4), 1, 1, I32, ...body, 0x0b)
  )

interface Metered {
  call(n: number): unknown
  used(): bigint
  denied(): unknown
}

function meter(bytes: Uint8Array, budget = 1_000_000n, maxPages = 16, maxAhead?: number): Metered {
  const metered = instrument(bytes, maxPages, maxAhead).bytes
  const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(metered)))
  const gas = instance.exports[GAS_EXPORT] as WebAssembly.Global<'i64'>
  const denied = instance.exports[DENIED_EXPORT] as WebAssembly.Global<'i32'>
  gas.value = budget
  const f = instance.exports.f as (n: number) => unknown
  return { call: n => f(n), used: () => budget - gas.value, denied: () => denied.value }
}

function refusal(bytes: Uint8Array): string {
  try {
    instrument(bytes, 16)
  } catch (e) {
    if (isShoalError(e, 'MODULE_INVALID', 'LIMIT_MEMORY')) return e.message
    throw e
  }
  throw new Error('The module was taken.')
}

/** (loop (local.set 1 (local.get 1) + 1) (br_if (local.get 1) < (local.get 0))) (local.get 1) */
const COUNT = [0x03, 0x40, 0x20, 1, ...i32(1), 0x6a, 0x22, 1, 0x20, 0, 0x49, 0x0d, 0, 0x0b, 0x20, 1]

describe('gas', () => {
  it('counts each instruction of each round of a loop', () => {
    const m = meter(functionModule(COUNT))
    expect(m.call(10)).to.equal(10)
    // The call, `loop`, 10 rounds of 7, `local.get`.
    expect(m.used()).to.equal(1n + 1n + 70n + 1n)
  })

  describe('of branches', () => {
    // (if (result i32) (local.get 0) (then 1 + 1 ...) (else 1)): const and add cost 1 each
    const sum = (n: number): number[] => [
      ...i32(1),
      ...Array.from({ length: n }, () => [...i32(1), 0x6a]).flat()
    ]
    const choice = (adds: number) => functionModule([0x20, 0, 0x04, I32, ...sum(adds), 0x05, ...i32(1), 0x0b])
    const used = (n: number, adds: number, maxAhead?: number): bigint => {
      const metered = meter(choice(adds), undefined, undefined, maxAhead)
      metered.call(n)
      return metered.used()
    }

    it('charges a short one also when it is not taken', () => {
      expect(used(0, 2) - used(1, 2)).to.equal(0n)
    })

    it('charges a long one only when it is taken', () => {
      // and then also `else`, which it passes
      expect(used(1, 40) - used(0, 40)).to.equal(81n)
    })

    it('charges the branch that is taken and not the other when nothing is paid ahead', () => {
      // the first branch passes `else`
      expect(used(1, 2, 0) - used(0, 2, 0)).to.equal(5n)
    })
  })

  it('is the same in each run, and grows with the work', () => {
    const used = (n: number): bigint => {
      const m = meter(functionModule(COUNT))
      m.call(n)
      return m.used()
    }
    expect(used(1000)).to.equal(used(1000))
    expect(used(2000) - used(1000)).to.equal(7000n)
  })

  it('counts what called functions cost, each time they are called', () => {
    const calls = (times: number): Uint8Array => {
      const body = [...Array.from({ length: times }, () => [0x20, 0, 0x10, 1, 0x1a]).flat(), 0x20, 0, 0x0b]
      return module(
        section(1, 1, 0x60, 1, I32, 1, I32),
        section(3, 2, 0, 0),
        section(7, 1, ...name('f'), 0, 0),
        section(
          10,
          2,
          ...uleb(body.length + 1),
          0,
          ...body,
          ...uleb(COUNT.length + 4),
          1,
          1,
          I32,
          ...COUNT,
          0x0b
        )
      )
    }
    const used = (times: number): bigint => {
      const m = meter(calls(times))
      m.call(100)
      return m.used()
    }
    const once = used(1) - used(0)
    expect(once > 100n).to.equal(true)
    expect(used(3) - used(0)).to.equal(3n * once)
  })

  it('stops an endless loop within one round of its budget', () => {
    const m = meter(functionModule([...forever(), 0x00]), 1000n)
    expect(() => m.call(0)).to.throw(WebAssembly.RuntimeError)
    expect(m.used() >= 1000n && m.used() <= 1010n).to.equal(true)
  })

  it('stops endless recursion and endless tail calls', () => {
    for (const call of [0x10, 0x12]) {
      const m = meter(functionModule([0x20, 0, call, 0]), 5000n)
      expect(() => m.call(0)).to.throw(WebAssembly.RuntimeError)
      expect(m.used() >= 5000n && m.used() <= 5010n).to.equal(true)
    }
  })

  it('charges filling and copying memory by its size, before it happens', () => {
    const fill = functionModule([...i32(0), ...i32(1), 0x20, 0, 0xfc, 11, 0, ...i32(0)])
    const copy = functionModule([...i32(0), ...i32(1), 0x20, 0, 0xfc, 10, 0, 0, ...i32(0)])
    for (const bytes of [fill, copy]) {
      const small = meter(bytes)
      small.call(16)
      const large = meter(bytes)
      large.call(60_016)
      expect(large.used() - small.used()).to.equal(3750n)
      expect(() => meter(bytes, 1000n).call(60_000)).to.throw(WebAssembly.RuntimeError, 'unreachable')
    }
  })

  it('charges growing memory by pages and tells when it was refused', () => {
    const bytes = functionModule([0x20, 0, 0x40, 0])
    const m = meter(bytes)
    expect(m.call(3)).to.equal(1)
    expect(m.used() > 3n * 4096n && m.used() < 3n * 4096n + 20n).to.equal(true)
    expect(m.denied()).to.equal(0)
    expect(m.call(13)).to.equal(-1)
    expect(m.denied()).to.equal(1)
  })

  it('keeps the module under the host limit even when it declares more', () => {
    const m = meter(functionModule([0x20, 0, 0x40, 0], [1, 1, 100]), 10n ** 9n, 4)
    expect(m.call(3)).to.equal(1)
    expect(m.call(1)).to.equal(-1)
    expect(meter(functionModule([0x20, 0, 0x40, 0], [1, 1, 2]), 10n ** 9n, 4).call(2)).to.equal(-1)
    expect(refusal(functionModule([0x20, 0], [0, 17]))).to.contain('17 pages')
  })

  it('charges the locals that a call zeroes', () => {
    const body = [1, ...uleb(40_000), I32, 0x20, 0, 0x0b]
    const bytes = module(
      section(1, 1, 0x60, 1, I32, 1, I32),
      section(3, 1, 0),
      section(7, 1, ...name('f'), 0, 0),
      section(10, 1, ...uleb(body.length), ...body)
    )
    const m = meter(bytes)
    m.call(1)
    expect(m.used() > 20_000n).to.equal(true)
  })

  it('refuses a module that reaches for the counter: by index, by name, or by import', () => {
    expect(refusal(functionModule([...i64(9), 0x24, 0, 0x20, 0]))).to.contain('not a valid')
    const exported = module(section(6, 1, I64, 1, ...i64(5), 0x0b), section(7, 1, ...name(GAS_EXPORT), 3, 0))
    expect(refusal(exported)).to.contain(GAS_EXPORT)
    const imported = module(section(2, 1, ...name('env'), ...name('g'), 3, I64, 1))
    expect(refusal(imported)).to.contain('env.g')
  })

  it("leaves a module's own globals alone", () => {
    const own = section(6, 1, I32, 1, ...i32(7), 0x0b)
    const m = meter(functionModule([0x23, 0, 0x20, 0, 0x24, 0], [0, 1], [own]))
    expect(m.call(9)).to.equal(7)
    expect(m.call(1)).to.equal(9)
  })

  it('refuses what is no module, a start section, foreign kinds of memory and unknown sections', () => {
    expect(refusal(new Uint8Array(0))).to.contain('not a valid')
    expect(refusal(Uint8Array.from([1, 2, 3, 4]))).to.contain('not a valid')
    const start = command({ body: () => [], extra: [section(8, 0)] })
    expect(refusal(start)).to.contain('start section')
    expect(refusal(module(section(2, 1, ...name('env'), ...name('m'), 2, 0, 1)))).to.contain('env.m')
    expect(refusal(module(section(5, 1, 3, 1, 1)))).to.contain('Shared')
    const tag = module(section(1, 1, 0x60, 0, 0), section(13, 1, 0, 0))
    expect(refusal(tag)).to.match(/not supported|not a valid/)
  })

  it('refuses threads, exceptions, GC and relaxed SIMD even where V8 takes them', () => {
    const v128 = [0xfd, 12, ...new Array<number>(16).fill(0)]
    const relaxed = [...v128, ...v128, 0xfd, ...uleb(0x100), 0x1a, 0x20, 0]
    const atomic = [...i32(0), 0xfe, 0x10, 2, 0, 0x1a, 0x20, 0]
    const tryCatch = [0x06, 0x40, 0x0b, 0x20, 0]
    const i31 = [...i32(1), 0xfb, 0x1c, 0x1a, 0x20, 0]
    for (const body of [relaxed, atomic, tryCatch, i31]) {
      expect(refusal(functionModule(body))).to.match(/not supported|not a valid/)
    }
    const struct = module(section(1, 1, 0x5f, 1, I32, 0))
    expect(refusal(struct)).to.match(/function types|not a valid/)
  })

  it('refuses tables that are memory in disguise', () => {
    expect(refusal(module(section(4, 1, 0x70, 0, ...uleb(9_000_000))))).to.contain('tables')
    const grow = [0xd0, 0x70, 0x20, 0, 0xfc, 15, 0]
    const bytes = module(
      section(1, 1, 0x60, 1, I32, 1, I32),
      section(3, 1, 0),
      section(4, 1, 0x70, 0, 1),
      section(10, 1, ...uleb(grow.length + 2), 0, ...grow, 0x0b)
    )
    expect(refusal(bytes)).to.contain('fc 0f')
  })

  it('takes an empty module and one with SIMD', () => {
    expect(WebAssembly.validate(new Uint8Array(instrument(module(), 16).bytes))).to.equal(true)
    const v128 = (n: number): number[] => [0xfd, 12, ...new Array<number>(16).fill(n)]
    const add = functionModule([...v128(1), ...v128(2), 0xfd, ...uleb(110), 0xfd, 22, 3])
    expect(meter(add).call(0)).to.equal(3)
  })

  it('drops custom sections', () => {
    const bytes = module(section(0, ...name('note'), 1, 2, 3))
    expect(new TextDecoder().decode(instrument(bytes, 16).bytes)).to.not.contain('note')
  })
})
