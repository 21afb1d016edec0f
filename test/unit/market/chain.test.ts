import { expect } from 'chai'
import { chainObjection, chainOf, residue } from '../../../src/market/chain.ts'
import { merkleProofs, merkleRoot } from '../../../src/market/merkle.ts'
import { productTimes, questionOf, rowLeaf, type Answer } from '../../../src/market/product.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { Matrices } from '../../../src/protocol/ports/capacity.ts'
import { filled } from '../../support/records.ts'

const N = 48
const STEPS = 3

/** The slow, obvious chain; `steps` of it. */
function computed({ n, a, bt, chain }: Matrices, steps = STEPS): Int32Array {
  let d = Int32Array.from(a)
  for (const scale of chain?.scales.slice(0, steps) ?? []) {
    const next = new Int32Array(n * n)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let k = 0; k < n; k++) sum += (d[i * n + k] ?? 0) * (scale[k] ?? 0) * (bt[j * n + k] ?? 0)
        next[i * n + j] = residue(sum)
      }
    d = next
  }
  return d
}

function answerOf(c: Int32Array, seed: Uint8Array): { root: Hex32; answer: Answer } {
  const row = (i: number): Uint8Array => new Uint8Array(c.slice(i * N, i * N + N).buffer)
  const leaves = Array.from({ length: N }, (_, i) => rowLeaf(i, row(i)))
  const { vectors, rows } = questionOf(seed, N)
  const products = new Uint8Array(Float64Array.from(vectors.flatMap(v => [...productTimes(c, v, N)])).buffer)
  const proofs = merkleProofs(
    leaves,
    rows.map(i => leaves[i] as Hex32)
  )
  return {
    root: merkleRoot(leaves),
    answer: { products, rows: rows.map((i, k) => ({ row: row(i), proof: proofs[k] ?? [] })) }
  }
}

describe('a chain of products', () => {
  const m = chainOf(filled(1), N, STEPS)
  const check = async (c: Int32Array, seed = filled(2)): Promise<string | undefined> => {
    const { root, answer } = answerOf(c, seed)
    return await chainObjection(m, root, questionOf(seed, N), answer)
  }

  it('the whole of it passes, for any question', async () => {
    for (let i = 0; i < 8; i++) expect(await check(computed(m), filled(i))).to.equal(undefined)
  })

  it('with a step left out, of other matrices, with zeros or one wrong column it is refused', async () => {
    expect(await check(computed(m, STEPS - 1))).to.match(/is wrong/)
    expect(await check(computed(chainOf(filled(3), N, STEPS)))).to.match(/is wrong/)
    expect(await check(new Int32Array(N * N))).to.match(/is wrong/)
    const column = computed(m)
    for (let i = 0; i < N; i++) column[i * N + 5] = residue((column[i * N + 5] ?? 0) + 1)
    expect(await check(column)).to.match(/is wrong/)
  })

  it('rows that are left out, or not under the root, are noticed', async () => {
    const { root, answer } = answerOf(computed(m), filled(2))
    const q = questionOf(filled(2), N)
    expect(await chainObjection(m, root, q, { ...answer, rows: answer.rows.slice(1) })).to.match(
      /rows instead/
    )
    const { root: other } = answerOf(computed(m, 1), filled(2))
    expect(await chainObjection(m, other, q, answer)).to.match(/not under the root/)
  })

  it('no sum comes near what fp32 holds exactly, nor to half way between two multiples', () => {
    const { a, bt, chain } = chainOf(filled(4), 256, 4)
    const largest = (list: ArrayLike<number>): number => Math.max(...Array.from(list, Math.abs))
    expect(largest(a)).to.equal(15)
    expect(largest(bt)).to.equal(15)
    expect(chain?.scales.map(largest)).to.deep.equal([3, 3, 3, 3])
    expect(2_048 * 15 * 3 * 15).to.be.below(2 ** 21)
  })
})
