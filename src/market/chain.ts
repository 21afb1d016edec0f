/**
 * The challenge of a GPU: many products in a row, so that moving the matrices and starting the engine hardly count.
 *
 * D(0) = A, D(k) = (D(k-1) diag(s(k)) B) mod 31, kept in -15 to 15; asked for is the last D. Scales are -3 to 3 without 0, so that a sum over 2,048
 * rows stays below 1.4 * 10^6: exact in fp32, and the division by 31 cannot round to a wrong whole number even where it is off by
 * some bits. All factors differ, so no power is to be had by squaring, and it is all linear modulo 31: D r is A (s1 (B (s2 (B ... r)))), which costs
 * O(n^2) a step, and Freivalds' check works as for one product. It errs with at most 31^-4 for four vectors, and rows are opened as there.
 */
import { createCipheriv, createHash } from 'node:crypto'
import type { Hex32 } from '../protocol/ids.ts'
import type { Matrices } from '../protocol/ports/capacity.ts'
import { rowObjection, type Answer, type Question } from './product.ts'

export const MODULUS = 31
const HALF = 15
const SCALES = [-3, -2, -1, 1, 2, 3] as const

function stream(name: string, seed: Uint8Array, length: number): Uint8Array {
  const key = createHash('sha256').update(`shoal/chain/${name}\n`).update(seed).digest()
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(length))
}

const entries = (name: string, seed: Uint8Array, n: number): Int8Array =>
  Int8Array.from(stream(name, seed, n * n), byte => (byte % MODULUS) - HALF)

/** The same at both ends. */
export const chainOf = (seed: Uint8Array, n: number, steps: number): Matrices => ({
  n,
  a: entries('a', seed, n),
  bt: entries('b', seed, n),
  chain: {
    modulus: MODULUS,
    scales: Array.from({ length: steps }, (_, k) =>
      Int8Array.from(stream(`scales ${k}`, seed, n), byte => SCALES[byte % SCALES.length] ?? 1)
    )
  }
})

/** The residue in -15 to 15. */
export const residue = (x: number): number => x - MODULUS * Math.round(x / MODULUS)

/** D r modulo 31, from right to left. */
function lastTimes({ n, a, bt, chain }: Matrices, r: ArrayLike<number>): Float64Array {
  let v = Float64Array.from(r, residue)
  for (const scale of [...(chain?.scales ?? [])].reverse()) {
    const product = new Float64Array(n)
    for (let j = 0, at = 0; j < n; j++) {
      const factor = v[j] as number
      for (let i = 0; i < n; i++) product[i] = (product[i] as number) + (bt[at++] as number) * factor
    }
    v = product.map((x, i) => residue(residue(x) * (scale[i] ?? 0)))
  }
  const out = new Float64Array(n)
  for (let i = 0, at = 0; i < n; i++) {
    let sum = 0
    for (let k = 0; k < n; k++) sum += (a[at++] as number) * (v[k] as number)
    out[i] = residue(sum)
  }
  return out
}

/** As `answerObjection` of product.ts, for a chain; `pause` is awaited after each vector, some hundred milliseconds. */
export async function chainObjection(
  m: Matrices,
  root: Hex32,
  q: Question,
  answer: Answer,
  pause: () => Promise<void> = async () => undefined
): Promise<string | undefined> {
  if (answer.rows.length !== q.rows.length) return `${answer.rows.length} rows instead of ${q.rows.length}`
  if (answer.rows.some(r => r.row.byteLength !== 4 * m.n)) return 'a row has the wrong length'
  const expected: Float64Array[] = []
  for (const r of q.vectors) {
    expected.push(lastTimes(m, r))
    await pause()
  }
  for (const [i, index] of q.rows.entries()) {
    const opened = answer.rows[i]
    const wrong =
      opened === undefined ? 'a row is missing' : rowObjection(index, opened, root, expected, q, residue)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
