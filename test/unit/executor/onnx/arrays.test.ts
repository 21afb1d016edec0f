import { expect } from 'chai'
import { formatCsv, parseCsv } from '../../../../src/executor/onnx/csv.ts'
import { fileNames } from '../../../../src/executor/onnx/files.ts'
import { formatNpy, parseNpy } from '../../../../src/executor/onnx/npy.ts'
import { BatchOrder, initialWeight, shuffled } from '../../../../src/executor/onnx/order.ts'
import { decodeState, encodeState } from '../../../../src/executor/onnx/state.ts'
import { oneHot, stack, type Tensor } from '../../../../src/executor/onnx/tensor.ts'
import { thrown } from '../../../support/failures.ts'

const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const list = (...n: number[]): Tensor => ({ dims: [n.length], data: Float32Array.from(n) })

describe('.npy files', () => {
  it('every kind reads back as it was written', () => {
    const arrays: Tensor[] = [
      { dims: [2, 2], data: Float32Array.of(1.5, -0, NaN, Infinity) },
      { dims: [3], data: Float64Array.of(1, 2, 3) },
      { dims: [1, 1, 2], data: Int32Array.of(-1, 7) },
      { dims: [2], data: BigInt64Array.of(-5n, 2n ** 62n) },
      { dims: [0, 4], data: new Uint8Array(0) },
      { dims: [], data: Int8Array.of(-3) }
    ]
    for (const a of arrays) expect(parseNpy(formatNpy(a), 'a')).to.deep.equal(a)
  })

  it('the bytes are those of numpy.save', () => {
    // numpy 1.26: numpy.save(f, numpy.array([1, 2], dtype=numpy.uint8))
    const head = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
    const expected = `\x93NUMPY\x01\x00\x76\x00${head}${' '.repeat(118 - head.length - 1)}\n\x01\x02`
    expect(
      parseNpy(
        Uint8Array.from(expected, c => c.charCodeAt(0)),
        'a'
      )
    ).to.deep.equal({ dims: [2], data: Uint8Array.of(1, 2) })
    expect(formatNpy({ dims: [2], data: Uint8Array.of(1, 2) }).length % 64).to.equal(2)
  })

  it('anything else is refused, pickles above all', () => {
    const good = formatNpy(list(1, 2))
    const changed = (from: string, to: string): Uint8Array =>
      Uint8Array.from(Buffer.from(good).toString('latin1').replace(from, to), c => c.charCodeAt(0))
    for (const [bytes, says] of [
      [text('hello'), 'no .npy file'],
      [changed("'<f4'", "'|O8'"), "type '|O8'"],
      [changed("'<f4'", "'>f4'"), "type '>f4'"],
      [changed('False', 'True '), 'C order'],
      [changed('(2,)', '(3,)'), 'where its shape needs 12'],
      [good.subarray(0, good.length - 1), '7 bytes of data'],
      [Uint8Array.from(good, (b, i) => (i === 6 ? 9 : b)), 'version 9'],
      [Uint8Array.from(good, (b, i) => (i === 9 ? 0xff : b)), 'broken header']
    ] as const)
      expect(thrown(() => parseNpy(bytes, 'a.npy'), 'LIMIT_INPUT').message).to.contain(says)
  })
})

describe('tables of numbers', () => {
  it('with and without a head, as rows or as a list', () => {
    expect(parseCsv(text('a,b\n1,2\r\n3.5, -4e2\n\n'), 't')).to.deep.equal({
      dims: [2, 2],
      data: Float32Array.of(1, 2, 3.5, -400)
    })
    expect(parseCsv(text('1\n2\n'), 't')).to.deep.equal(list(1, 2))
    expect(
      new TextDecoder().decode(formatCsv({ dims: [2, 2], data: Float64Array.of(1, 0.1, -2, 3) }))
    ).to.equal('1,0.1\n-2,3\n')
  })

  it('what is no table of numbers is refused with its line', () => {
    for (const [csv, says] of [
      ['1,2\n3\n', '1 values in line 2, but 2 before'],
      ['1,2\n3,x\n', 'no number in line 2, column 2'],
      ['1,2\n3,\n', 'line 2, column 2'],
      ['1\nInfinity\n', 'line 2']
    ] as const)
      expect(thrown(() => parseCsv(text(csv), 't'), 'LIMIT_INPUT').message).to.contain(says)
  })
})

describe('the order of training data', () => {
  it('an epoch holds every row once; the next is another order; the same seed gives the same', () => {
    const order = shuffled(100, 7, 0)
    expect([...order].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i))
    expect(shuffled(100, 7, 0)).to.deep.equal(order)
    expect(shuffled(100, 7, 1)).not.to.deep.equal(order)
    expect(shuffled(100, 8, 0)).not.to.deep.equal(order)
  })

  it('is a function of seed and step: asked in any order, the rows are the same', () => {
    const straight = new BatchOrder(50, 8, 3)
    const rows = Array.from({ length: 20 }, (_, step) => [...straight.rowsOf(step)])
    const jumping = new BatchOrder(50, 8, 3)
    for (const step of [19, 0, 7, 6, 18]) expect([...jumping.rowsOf(step)]).to.deep.equal(rows[step])
    expect(new Set(rows.slice(0, 6).flat()).size, 'no row twice in an epoch').to.equal(48)
    expect(new BatchOrder(3, 8, 1).batch).to.equal(3)
  })

  it('first weights fit their layer and no two layers are the same', () => {
    const w = initialWeight([100, 20], 1, 0)
    const bound = Math.sqrt(6 / 100)
    expect(Math.max(...w.map(Math.abs))).to.be.within(0.9 * bound, bound)
    expect(initialWeight([20], 1, 0)).to.deep.equal(new Float32Array(20))
    expect(initialWeight([100, 20], 1, 1)).not.to.deep.equal(w)
  })
})

describe('a checkpoint of training', () => {
  const state = {
    step: 12,
    seed: 4_000_000_000,
    weights: [
      { name: 'w', dims: [2, 1], data: Float32Array.of(1.5, -0) },
      { name: 'b', dims: [], data: Float32Array.of(NaN) }
    ]
  }

  it('reads back to the bit', () => {
    expect(decodeState(encodeState(state))).to.deep.equal(state)
    expect(Object.is(decodeState(encodeState(state)).weights[0]?.data[1], -0)).to.equal(true)
  })

  it('any changed byte, any cut, is refused', () => {
    const good = encodeState(state)
    for (let i = 0; i < good.length; i++)
      thrown(() => decodeState(Uint8Array.from(good, (b, j) => (i === j ? b ^ 4 : b))), 'LIMIT_INPUT')
    for (let n = 0; n < good.length; n++) thrown(() => decodeState(good.subarray(0, n)), 'LIMIT_INPUT')
  })
})

describe('arrays', () => {
  it('labels become rows, parts become one array, names become files', () => {
    expect(oneHot({ dims: [2], data: Uint8Array.of(2, 0) }, 3).data).to.deep.equal(
      Float32Array.of(0, 0, 1, 1, 0, 0)
    )
    expect(thrown(() => oneHot(list(0.5), 3), 'LIMIT_INPUT').message).to.contain('Label 0.5')
    expect(stack([list(1, 2), list(3)])).to.deep.equal(list(1, 2, 3))
    expect(fileNames(['a/b', 'a_b', '..', '', 'ok'], 'npy')).to.deep.equal([
      'a_b.npy',
      'a_b-1.npy',
      '_.npy',
      '-3.npy',
      'ok.npy'
    ])
  })
})
