/** `cpu` and `gpu`: computes the product on the engine that runs tasks, commits to its rows, then opens what is asked. */
import { chainOf } from '../../../market/chain.ts'
import { merkleProofs, merkleRoot } from '../../../market/merkle.ts'
import { matricesOf, productTimes, questionOf, rowLeaf } from '../../../market/product.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Hex32 } from '../../../protocol/ids.ts'
import { MATRIX_MAX } from '../../../protocol/limits.ts'
import type { ResponseOf } from '../../../protocol/methods.ts'
import type { Multiplier } from '../../../protocol/ports/capacity.ts'
import type { Answerer } from './answer.ts'

/** How long a product is kept for its opening, ms: a challenger asks at once. */
const KEEP_MS = 15_000

const rowBytes = (c: Int32Array, n: number, i: number): Uint8Array =>
  new Uint8Array(c.buffer, c.byteOffset + 4 * i * n, 4 * n)

function opening(c: Int32Array, n: number, leaves: readonly Hex32[], seed: Uint8Array): ResponseOf<'reveal'> {
  const { vectors, rows } = questionOf(seed, n)
  const products = new Uint8Array(8 * n * vectors.length)
  const view = new DataView(products.buffer)
  for (const [t, vector] of vectors.entries())
    productTimes(c, vector, n).forEach((x, i) => view.setFloat64(8 * (t * n + i), x, true))
  const proofs = merkleProofs(
    leaves,
    rows.map(i => leaves[i] as Hex32)
  )
  return { products, rows: rows.map((i, at) => ({ row: rowBytes(c, n, i), proof: [...(proofs[at] ?? [])] })) }
}

/** `chained`: several products in a row, as the `gpu` kind has them. */
export const productAnswerer =
  (multiplier: Multiplier, chained: boolean): Answerer =>
  async ({ seed, size: n, steps = 1 }, signal) => {
    if (n < 1 || n > MATRIX_MAX || steps < 1 || (!chained && steps !== 1))
      throw new ShoalError('RECORD_INVALID', `no such product: ${n} rows, ${steps} steps`)
    const matrices = chained ? chainOf(seed, n, steps) : matricesOf(seed, n)
    const c = await multiplier.multiply(matrices, signal)
    const leaves = Array.from({ length: n }, (_, i) => rowLeaf(i, rowBytes(c, n, i)))
    return {
      root: merkleRoot(leaves),
      lanes: multiplier.lanes,
      keepMs: KEEP_MS,
      reveal: asked => opening(c, n, leaves, asked),
      drop: async () => undefined
    }
  }
