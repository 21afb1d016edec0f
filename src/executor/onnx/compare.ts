/**
 * When two results are the same. The CPU provider gives equal bytes for equal tasks (same version, same instruction set); the others
 * agree to about 1e-6, so their results are compared with a tolerance.
 */
import { createHash } from 'node:crypto'
import type { Tensor } from './tensor.ts'

/** How outputs of an engine's task are compared. */
export type Comparison = 'bytes' | 'tolerance'

export interface Tolerance {
  /** Largest difference, whatever the values. */
  readonly absolute: number
  /** Largest difference as a share of the larger value. */
  readonly relative: number
}

const sameShape = (a: Tensor, b: Tensor): boolean =>
  a.dims.length === b.dims.length &&
  a.dims.every((d, i) => d === b.dims[i]) &&
  a.data.length === b.data.length

/** Equal shape, and every pair of values within the tolerance. NaN equals NaN, an infinity itself. */
export function sameWithin(a: Tensor, b: Tensor, { absolute, relative }: Tolerance): boolean {
  if (!sameShape(a, b)) return false
  for (let i = 0; i < a.data.length; i++) {
    const x = Number(a.data[i])
    const y = Number(b.data[i])
    if (Object.is(x, y) || x === y) continue
    const allowed = absolute + relative * Math.max(Math.abs(x), Math.abs(y))
    if (!(Math.abs(x - y) <= allowed) || !Number.isFinite(allowed)) return false
  }
  return true
}

/**
 * sha-256 over the values rounded to multiples of `step`, and the shape: a digest that small differences do not change - unless a value lies
 * near the middle between two multiples, where the smallest difference does. For n values that differ by at most d, about n*d/step
 * of honest pairs differ, so this is a first look and no proof of a lie; `sameWithin` decides.
 */
export function quantisedDigest(t: Tensor, step: number): string {
  const out = new Float64Array(t.dims.length + 1 + t.data.length)
  out.set([t.dims.length, ...t.dims])
  for (let i = 0; i < t.data.length; i++) {
    const value = Math.round(Number(t.data[i]) / step)
    out[t.dims.length + 1 + i] = value === 0 ? 0 : value // no negative zero
  }
  return createHash('sha256').update(new Uint8Array(out.buffer)).digest('hex')
}
