/**
 * The arithmetic of a capacity challenge: matrices from a seed, and a check of C = A B that costs O(n^2).
 *
 * Freivalds (1977): for a random vector r, A (B r) = C r holds for a wrong C with a probability of at most one over the number of values
 * that an entry of r can take, here 2^-8, so four vectors leave 2^-32. Entries are -8 to 7: sums of C stay below 2^24 and
 * those of the check below 2^37, exact in a float64 and in the fp32 of a GPU alike.
 *
 * C r alone could be had without C, as A (B r). So random rows are opened against a root that was given before r was known: who
 * has computed a share f of the rows passes with f^ROWS, which is 3 % for nine tenths.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { toHex } from '../protocol/codec.ts'
import type { Hex32 } from '../protocol/ids.ts'
import type { Matrices } from '../protocol/ports/capacity.ts'
import { verifyProof, type ProofStep } from './merkle.ts'

/** Vectors of a check. */
export const ROUNDS = 4
/** Rows that are opened. */
export const ROWS = 32

/** AES-256-CTR under a key of seed and name: nothing about the matrices helps to multiply them faster. */
function stream(name: string, seed: Uint8Array, length: number): Uint8Array {
  const key = createHash('sha256').update(`shoal/product/${name}\n`).update(seed).digest()
  const cipher = createCipheriv('aes-256-ctr', key, new Uint8Array(16))
  return cipher.update(new Uint8Array(length))
}

function entries(name: string, seed: Uint8Array, n: number): Int8Array {
  const bytes = stream(name, seed, n * n)
  const out = new Int8Array(n * n)
  for (let i = 0; i < out.length; i++) out[i] = ((bytes[i] ?? 0) & 15) - 8
  return out
}

/** The same matrices at both ends. */
export const matricesOf = (seed: Uint8Array, n: number): Matrices => ({
  n,
  a: entries('a', seed, n),
  bt: entries('b', seed, n)
})

/** What is asked after the commitment. */
export interface Question {
  /** Each n numbers from 0 to 255. */
  readonly vectors: readonly Uint8Array[]
  /** Distinct, rising. */
  readonly rows: readonly number[]
}

/** Follows from the seed that is told after the commitment. */
export function questionOf(seed: Uint8Array, n: number): Question {
  const vectors = Array.from({ length: ROUNDS }, (_, i) => stream(`vector ${i}`, seed, n))
  const words = stream('rows', seed, 64 * ROWS)
  const rows = new Set<number>()
  const view = new DataView(words.buffer, words.byteOffset)
  for (let i = 0; i < words.length / 4 && rows.size < Math.min(ROWS, n); i++)
    rows.add(view.getUint32(4 * i, true) % n)
  return { vectors, rows: [...rows].sort((x, y) => x - y) }
}

/** A row with its place: what the root is made of. */
export function rowLeaf(index: number, row: Uint8Array): Hex32 {
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, index)
  return toHex(createHash('sha256').update(head).update(row).digest()) as Hex32
}

/** m times r, where m has n numbers a row. */
function times(m: Int8Array | Int32Array, r: ArrayLike<number>, n: number): Float64Array {
  const out = new Float64Array(n)
  for (let i = 0, at = 0; i < n; i++) {
    let sum = 0
    for (let k = 0; k < n; k++) sum += (m[at++] ?? 0) * (r[k] ?? 0)
    out[i] = sum
  }
  return out
}

/** Bt holds B's columns as its rows: B r is the sum of columns. */
function timesTransposed(bt: Int8Array, r: ArrayLike<number>, n: number): Float64Array {
  const out = new Float64Array(n)
  for (let j = 0, at = 0; j < n; j++) {
    const factor = r[j] ?? 0
    for (let k = 0; k < n; k++) out[k] = (out[k] ?? 0) + (bt[at++] ?? 0) * factor
  }
  return out
}

/** C r: the prover's part. */
export const productTimes = (c: Int32Array, r: Uint8Array, n: number): Float64Array => times(c, r, n)

export interface OpenedRow {
  /** n little-endian int32. */
  readonly row: Uint8Array
  readonly proof: readonly ProofStep[]
}
export interface Answer {
  /** ROUNDS times n little-endian float64. */
  readonly products: Uint8Array
  readonly rows: readonly OpenedRow[]
}

/** What is wrong with an opened row; `reduce` is applied to its product with each vector. */
export function rowObjection(
  index: number,
  opened: OpenedRow,
  root: Hex32,
  expected: readonly Float64Array[],
  q: Question,
  reduce: (sum: number) => number = sum => sum
): string | undefined {
  const { row, proof } = opened
  if (!verifyProof(root, rowLeaf(index, row), proof)) return `row ${index} is not under the root`
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  for (const [t, r] of q.vectors.entries()) {
    let sum = 0
    for (let k = 0; k < r.length; k++) sum += view.getInt32(4 * k, true) * (r[k] ?? 0)
    if (reduce(sum) !== expected[t]?.[index]) return `row ${index} is wrong`
  }
  return undefined
}

/**
 * The first thing that is wrong with an answer, or undefined. `pause` is awaited between pieces of some milliseconds, so that the event
 * loop goes on.
 */
export async function answerObjection(
  m: Matrices,
  root: Hex32,
  q: Question,
  answer: Answer,
  pause: () => Promise<void> = async () => undefined
): Promise<string | undefined> {
  const { n } = m
  if (answer.products.byteLength !== 8 * n * q.vectors.length) return 'the products have the wrong length'
  if (answer.rows.length !== q.rows.length) return `${answer.rows.length} rows instead of ${q.rows.length}`
  if (answer.rows.some(r => r.row.byteLength !== 4 * n)) return 'a row has the wrong length'
  const claimed = new DataView(answer.products.buffer, answer.products.byteOffset)
  const expected: Float64Array[] = []
  for (const [t, r] of q.vectors.entries()) {
    const abr = times(m.a, timesTransposed(m.bt, r, n), n)
    for (let i = 0; i < n; i++)
      if (claimed.getFloat64(8 * (t * n + i), true) !== abr[i])
        return `C r differs from A (B r) in vector ${t}`
    expected.push(abr)
    await pause()
  }
  for (const [i, index] of q.rows.entries()) {
    const opened = answer.rows[i]
    const wrong = opened === undefined ? 'a row is missing' : rowObjection(index, opened, root, expected, q)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
