/** Arrays of numbers with a shape, as tasks read, compute and write them. */
import { ShoalError } from '../../protocol/errors.ts'

export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array

export interface Tensor {
  /** Rows first. Empty for a single number. */
  readonly dims: readonly number[]
  readonly data: TensorData
}

export const countOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1)

/** Elements of one row: what the first dimension counts. */
export const rowSize = (t: Tensor): number => countOf(t.dims.slice(1))

/** Rows `from` (included) to `to` (excluded), a view. */
export const rows = (t: Tensor, from: number, to: number): Tensor => ({
  dims: [to - from, ...t.dims.slice(1)],
  data: t.data.subarray(from * rowSize(t), to * rowSize(t))
})

/** The given rows in their order, copied. Numbers as 32 bit floats. */
export function pickRows(t: Tensor, picked: ArrayLike<number>): Tensor & { readonly data: Float32Array } {
  const size = rowSize(t)
  const data = new Float32Array(picked.length * size)
  for (let i = 0; i < picked.length; i++) {
    const from = (picked[i] ?? 0) * size
    for (let j = 0; j < size; j++) data[i * size + j] = Number(t.data[from + j])
  }
  return { dims: [picked.length, ...t.dims.slice(1)], data }
}

/** Labels 0 to classes-1 as rows with a one at the label. LIMIT_INPUT for any other label. */
export function oneHot(labels: Tensor, classes: number): Tensor {
  const data = new Float32Array(labels.data.length * classes)
  for (const [i, label] of labels.data.entries()) {
    const at = Number(label)
    if (!Number.isInteger(at) || at < 0 || at >= classes)
      throw new ShoalError(
        'LIMIT_INPUT',
        `Label ${String(label)} in row ${i} is none of the ${classes} classes.`
      )
    data[i * classes + at] = 1
  }
  return { dims: [labels.data.length, classes], data }
}

/** Parts put below one another; their rows must have one shape. */
export function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts
  if (first === undefined) return { dims: [0], data: new Float32Array(0) }
  const total = parts.reduce((n, p) => n + p.data.length, 0)
  const data = new (first.data.constructor as new (n: number) => TensorData)(total)
  let at = 0
  for (const p of parts) {
    ;(data as { set(from: ArrayLike<unknown>, at: number): void }).set(p.data, at)
    at += p.data.length
  }
  return { dims: [parts.reduce((n, p) => n + (p.dims[0] ?? 1), 0), ...first.dims.slice(1)], data }
}
