/** Results of numbers: arrays, tables, models. Honest rounding passes, everything else is named. */
import { expect } from 'chai'
import fc from 'fast-check'
import { formatNpy } from '../../../../src/executor/onnx/npy.ts'
import type { TensorData } from '../../../../src/executor/onnx/tensor.ts'
import { withWeights } from '../../../../src/executor/onnx/proto/write.ts'
import {
  bundleOf,
  compareBytes,
  compareTrees,
  fingerprintOf,
  tolerance,
  type Tree
} from '../../../support/compare.ts'
import { TEMPLATE } from '../../../support/onnx.ts'

const RULE = tolerance(1e-6, 1e-4)
const npy = (data: TensorData, dims: readonly number[] = [data.length]): Uint8Array =>
  formatNpy({ dims, data })
const floats = (...n: number[]): Uint8Array => npy(Float64Array.from(n))
const differ = async (a: Uint8Array | string, b: Uint8Array | string, path = 'a.npy', rule = RULE) =>
  (await compareTrees({ [path]: a }, { [path]: b }, rule)).reason

describe('results of numbers', () => {
  it('arrays are the same within the tolerance, and the first value beyond it is named with its place', async () => {
    expect(await differ(floats(1, 1000), floats(1 + 5e-5, 1000.05))).to.equal(undefined)
    expect(
      await differ(npy(Float64Array.of(1, 2, 3, 4), [2, 2]), npy(Float64Array.of(1, 2, 3.1, 4), [2, 2]))
    ).to.match(/^a\.npy at \[1, 0\]: 3(\.1)? and 3(\.1)? differ by 0\.100, at most 0\.000301$/)
    expect(await differ(floats(0), floats(2e-6))).to.contain('differ by 0.00000200')
  })

  it('a large array is read in pieces; its last value counts', async () => {
    const [a, b] = [new Float32Array(100_003).fill(0.5), new Float32Array(100_003).fill(0.5)]
    b[100_002] = 0.6
    expect(await differ(npy(a), npy(b))).to.contain('at [100002]')
    b[100_002] = 0.500001
    expect(await differ(npy(a), npy(b))).to.equal(undefined)
  })

  for (const [what, lie] of [
    ['NaN everywhere', [NaN, NaN]],
    ['infinities', [Infinity, -Infinity]],
    ['one huge value, which would widen a tolerance that followed the larger one', [1e308, 2]],
    ['huge values of the other sign', [-1e308, 2]],
    ['twice the value', [2, 2]]
  ] as const)
    it(`numbers are not matched by ${what}, whatever the tolerance`, async () => {
      for (const rule of [RULE, tolerance(1e-3, 0.1), { by: 'quantised', step: 0.5 } as const])
        expect(await differ(floats(1, 2), floats(...lie), 'a.npy', rule)).to.contain('a.npy at [0]')
    })

  it('NaN is the same as NaN, an infinity as itself, and opposite infinities differ', async () => {
    const odd = Float64Array.of(NaN, Infinity, 1)
    expect(await differ(npy(odd), npy(Float64Array.of(NaN, Infinity, 1.00001)))).to.equal(undefined)
    expect(await differ(floats(Infinity), floats(-Infinity))).to.contain('differ')
  })

  it('whole numbers and flags must be equal, also where floats would not see it', async () => {
    expect(await differ(npy(Int32Array.of(100_000)), npy(Int32Array.of(100_001)))).to.contain('must be equal')
    const big = 2n ** 60n
    expect(await differ(npy(BigInt64Array.of(big)), npy(BigInt64Array.of(big + 1n)))).to.contain(
      'must be equal'
    )
  })

  it('shape and type are part of a result', async () => {
    const data = Float32Array.of(1, 2)
    expect(await differ(npy(data), npy(data, [2, 1]))).to.equal('a.npy is <f4 (2) and <f4 (2, 1)')
    expect(await differ(npy(data), npy(Float64Array.of(1, 2)))).to.contain('is <f4 (2) and <f8 (2)')
  })

  it('heads that lie are no arrays: too few values, too many, a shape out of range, cut off', async () => {
    const good = npy(Float32Array.of(1, 2, 3, 4))
    const text = Buffer.from(good).toString('latin1')
    const lies = [
      text.replace('(4,)', '(5,)'),
      text.replace('(4,)', '(3,)'),
      text.replace('(4,)', '(99999999999999999999,)'),
      text.slice(0, 60),
      '\x93NUMPY',
      text.replace("'<f4'", "'|O8'")
    ].map(s => Buffer.from(s, 'latin1'))
    for (const lie of lies) expect(await differ(good, lie)).to.contain('cannot be compared')
  })

  it('paths must be the same: a file more, a file less, another name', async () => {
    for (const [a, b] of [
      [{ x: 'a' }, {}],
      [{ x: 'a' }, { x: 'a', y: 'b' }],
      [
        { x: 'a', z: '' },
        { x: 'a', y: '' }
      ]
    ] as const)
      expect((await compareTrees(a, b, RULE)).reason).to.contain('is in only one of them')
  })

  it('files without a known meaning are compared by their bytes, and so is everything without a rule', async () => {
    expect(await differ('1.0', '1.00001', 'a.bin')).to.equal('a.bin has other bytes')
    expect(
      (await compareTrees({ 'a.npy': floats(1) }, { 'a.npy': floats(1 + 1e-9) }, undefined)).reason
    ).to.equal('a.npy has other bytes')
    expect((await compareTrees({ 'a.npy': floats(1) }, { 'a.npy': floats(1) }, undefined)).same).to.equal(
      true
    )
  })

  it('a reason stays one short line, whatever the names in a result', async () => {
    const path = `${'x\n\u001b[2J'.repeat(30)}.npy`
    const reason = await differ(floats(1), floats(2), path)
    expect(reason).to.match(/^x\?\?\[2J/)
    expect(reason?.length).to.be.at.most(300)
    expect(reason).not.to.match(/[\u0000-\u001f]/)
  })

  it('what is no bundle is like no other', async () => {
    const good = bundleOf({ a: '1' })
    for (const bad of [new Uint8Array(0), good.subarray(0, -1), Buffer.concat([good, Buffer.from('x')])])
      expect((await compareBytes(good, bad, RULE)).same).to.equal(false)
  })

  it('tables and JSON: measurements within the tolerance, words and whole numbers as they are', async () => {
    const same = [
      ['0.5,1\n1e-9,3', '0.50001,1\n2e-9,3'],
      ['{"loss": 0.25, "n": 7}', '{"loss": 0.250001, "n": 7}'],
      ['1', '1.00001']
    ] as const
    for (const [a, b] of same) expect(await differ(a, b, 'a.csv'), a).to.equal(undefined)
    for (const [a, b, says] of [
      ['0.5,1', '0.6,1', 'in line 1: 0.5 and 0.6 differ by'],
      ['1\n2', '1\n3', 'in line 2: 2 and 3, whole numbers'],
      ['1000000', '1000001', 'whole numbers'],
      ['a 0.5', 'b 0.5', 'other text'],
      ['0.5', '0.5,0.5', 'other text'],
      ['0.5,NaN', '0.5,0.1', 'other text'],
      ['1e999', '2e999', 'other text'],
      ['0.5 0.5', '0.5 ', 'ends before']
    ] as const)
      expect(await differ(a, b, 'a.json'), a).to.contain(says)
  })

  it('a large text of numbers does not keep others waiting', async () => {
    const text = '0.5 '.repeat(1_500_000)
    let turns = 0
    const others = setInterval(() => turns++, 1)
    try {
      expect(await differ(text, text.slice(0, -4) + '0.6 ', 'a.txt')).to.contain('0.5 and 0.6')
    } finally {
      clearInterval(others)
    }
    expect(turns, 'turns of others').to.be.at.least(20)
  }).timeout(60_000)

  it('models: weights within the tolerance, the graph as it is', async () => {
    const model = (scale: number, name = 'w0'): Uint8Array =>
      withWeights(TEMPLATE, [
        { name, dims: [2, 16], data: Float32Array.from({ length: 32 }, (_, i) => Math.sin(i) * scale) }
      ])
    expect(await differ(model(1), model(1 + 1e-5), 'm.onnx')).to.equal(undefined)
    expect(await differ(model(1), model(1.01), 'm.onnx')).to.match(/^m\.onnx weight 'w0', value 1: /)
    expect(await differ(model(1), model(1, 'b0'), 'm.onnx')).to.equal('m.onnx is another graph')
    expect(await differ(model(1), 'no model', 'm.onnx')).to.contain('cannot be compared')
  })
})

describe('quantised digests', () => {
  it('do not see small differences, see large ones, and say nothing near a boundary: then the values decide', async () => {
    const rule = { by: 'quantised', step: 1 } as const
    const print = (n: number) => fingerprintOf({ 'a.npy': floats(n) }, 1)
    expect(await print(0.1)).to.equal(await print(0.2))
    expect(await print(-1e-9)).to.equal(await print(1e-9))
    expect(await print(0.1)).not.to.equal(await print(0.9))
    expect(await print(0.4999999)).not.to.equal(await print(0.5000001))
    expect(await differ(floats(0.4999999), floats(0.5000001), 'a.npy', rule)).to.equal(undefined)
  })

  it('count paths, shapes, types and files without numbers', async () => {
    const trees: Tree[] = [
      { 'a.npy': floats(1, 2) },
      { 'b.npy': floats(1, 2) },
      { 'a.npy': npy(Float64Array.of(1, 2), [2, 1]) },
      { 'a.npy': npy(Float32Array.of(1, 2)) },
      { 'a.npy': 'no array' },
      { 'a.npy': 'another' },
      { 'a.npy': floats(1, 2), x: '' },
      { 'a.npy': floats(1, 2), x: '1' }
    ]
    const prints = await Promise.all(trees.map(tree => fingerprintOf(tree, 1e-3)))
    expect(new Set(prints).size).to.equal(prints.length)
  })

  it('results with equal digests are the same by value, whatever the values', async () => {
    const value = fc.oneof(
      fc.double(),
      fc.double({ min: -2, max: 2 }),
      fc.constantFrom(0, -0, NaN, Infinity, 1e30)
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(value, fc.constantFrom(0, 1e-17, 1e-4, 4e-4, -4e-4, 1)), { maxLength: 6 }),
        fc.constantFrom('a.npy', 'a.csv'),
        async (list, path) => {
          const [x, y] = [list.map(([v]) => v), list.map(([v, d]) => v + d)]
          const file = (n: number[]) => (path === 'a.npy' ? floats(...n) : n.join(','))
          const [a, b] = [{ [path]: file(x) }, { [path]: file(y) }]
          const rule = { by: 'quantised', step: 1e-3 } as const
          if ((await fingerprintOf(a, 1e-3)) === (await fingerprintOf(b, 1e-3)))
            expect(await compareTrees(a, b, rule)).to.deep.equal({ same: true })
        }
      ),
      { numRuns: 300 }
    )
  })
})
