import { expect } from 'chai'
import { merkleProofs, merkleRoot } from '../../../src/market/merkle.ts'
import {
  answerObjection,
  matricesOf,
  productTimes,
  questionOf,
  rowLeaf,
  ROUNDS,
  ROWS,
  type Answer
} from '../../../src/market/product.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { Matrices } from '../../../src/protocol/ports/capacity.ts'
import { filled, hashed } from '../../support/records.ts'

const N = 64

/** The slow, obvious product. */
function product({ n, a, bt }: Matrices): Int32Array {
  const c = new Int32Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++)
        c[i * n + j] = (c[i * n + j] ?? 0) + (a[i * n + k] ?? 0) * (bt[j * n + k] ?? 0)
  return c
}
const rowOf = (c: Int32Array, i: number): Uint8Array => new Uint8Array(c.slice(i * N, i * N + N).buffer)
const leavesOf = (c: Int32Array): Hex32[] => Array.from({ length: N }, (_, i) => rowLeaf(i, rowOf(c, i)))

/** What a prover who holds `c` answers; its C r may come from elsewhere. */
function answerOf(c: Int32Array, seed: Uint8Array, forProducts = c): Answer {
  const { vectors, rows } = questionOf(seed, N)
  const leaves = leavesOf(c)
  const products = new Uint8Array(
    Float64Array.from(vectors.flatMap(v => [...productTimes(forProducts, v, N)])).buffer
  )
  const proofs = merkleProofs(
    leaves,
    rows.map(i => leaves[i] as Hex32)
  )
  return { products, rows: rows.map((i, at) => ({ row: rowOf(c, i), proof: proofs[at] ?? [] })) }
}

describe('the check of a product', () => {
  const m = matricesOf(filled(7), N)
  const c = product(m)
  const question = questionOf(filled(9), N)
  const judge = (answer: Answer, root = merkleRoot(leavesOf(c))) => answerObjection(m, root, question, answer)

  it('passes the right one', async () => {
    expect(await judge(answerOf(c, filled(9)))).to.equal(undefined)
  })

  it('entries are -8 to 7, different for each seed, and every sum stays exact in fp32', () => {
    expect(Math.min(...m.a)).to.equal(-8)
    expect(Math.max(...m.bt)).to.equal(7)
    expect([...matricesOf(filled(8), N).a]).not.to.deep.equal([...m.a])
    expect(Math.max(...c.map(Math.abs))).to.be.below(2 ** 24)
  })

  it('finds one wrong cell in C r, whatever the cell', async () => {
    for (const cell of [0, N * N - 1, 1234]) {
      const wrong = c.slice()
      wrong[cell] = (wrong[cell] ?? 0) + 1
      expect(await judge(answerOf(wrong, filled(9)), merkleRoot(leavesOf(wrong)))).to.match(/differs/)
    }
  })

  it('finds a prover that has A (B r) but not the rows', async () => {
    const lazy = c.map((x, i) => (i < (N * N) / 2 ? x : 0))
    expect(await judge(answerOf(lazy, filled(9), c), merkleRoot(leavesOf(lazy)))).to.match(/row \d+ is wrong/)
  })

  it('finds rows that were not committed to', async () => {
    const other = merkleRoot([hashed('other')])
    expect(await judge(answerOf(c, filled(9)), other)).to.match(/not under the root/)
  })

  it('finds answers of other lengths', async () => {
    const good = answerOf(c, filled(9))
    expect(await judge({ ...good, products: good.products.subarray(8) })).to.match(/length/)
    expect(await judge({ ...good, rows: good.rows.slice(1) })).to.match(/rows instead of/)
    const short = good.rows.map((r, i) => (i === 3 ? { ...r, row: r.row.subarray(4) } : r))
    expect(await judge({ ...good, rows: short })).to.match(/length/)
  })

  it('asks for other vectors and other rows with each seed, each row once', () => {
    const [a, b] = [questionOf(filled(1), 1024), questionOf(filled(2), 1024)]
    expect(a.vectors).to.have.length(ROUNDS)
    expect(a.rows).to.have.length(ROWS)
    expect(new Set(a.rows).size).to.equal(ROWS)
    expect(a.rows).not.to.deep.equal(b.rows)
    expect(questionOf(filled(1), 8).rows).to.have.length.at.most(8)
  })
})
