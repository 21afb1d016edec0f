/** .npy files by value, chunk by chunk: an array may be larger than memory. Whole numbers and flags must be equal. */
import type { Hash } from 'node:crypto'
import type { BundleFile } from '../../protocol/bundle.ts'
import { ByteSource } from '../../protocol/byte-source.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import { NPY_START, npyHeadSize, npyValues, parseNpyHead, type NpyHead } from '../onnx/npy.ts'
import { countOf } from '../onnx/tensor.ts'
import { refusedBytes, unreadable, type Difference, type FileKind } from './file-kind.ts'
import { apartText, quantise, toleranceOf, within, type Tolerance } from './numbers.ts'

/** Bytes of values that are in memory at once, a multiple of every value's size. */
const CHUNK = 64 * 1024
const FLOATS = new Set(['<f4', '<f8'])

interface OpenArray extends NpyHead {
  readonly source: ByteSource
}

async function open(file: BundleFile): Promise<OpenArray> {
  const source = new ByteSource(file.data)
  const start = await source.exactly(NPY_START)
  const size = npyHeadSize(start, 'the array')
  const head = new Uint8Array(Math.max(size, NPY_START))
  head.set(start)
  head.set(await source.exactly(head.length - NPY_START), NPY_START)
  return { ...parseNpyHead(head.subarray(0, size), file.size, 'the array'), source }
}

/** `[3, 4]` for the value at a place of the file. */
function placeOf(index: number, dims: readonly number[]): string {
  const at: number[] = []
  let rest = index
  for (const d of [...dims].reverse()) {
    at.unshift(rest % d)
    rest = Math.floor(rest / d)
  }
  return `[${at.join(', ')}]`
}

/** `t`: of floats; others must be equal. */
async function firstApart(a: OpenArray, b: OpenArray, t: Tolerance | undefined): Promise<Difference> {
  let [left, index] = [countOf(a.dims) * a.size, 0]
  while (left > 0) {
    const n = Math.min(left, CHUNK)
    const [x, y] = [await a.source.exactly(n), await b.source.exactly(n)]
    left -= n
    if (Buffer.compare(x, y) === 0) {
      index += n / a.size
      continue
    }
    const [v, w] = [npyValues(a.kind, x), npyValues(b.kind, y)]
    for (let i = 0; i < v.length; i++, index++) {
      const [p, q] = [v[i] ?? 0, w[i] ?? 0]
      if (p === q) continue
      const place = `at ${placeOf(index, a.dims)}`
      // whole numbers are not made floats first: neighbours of 64 bits would become one
      if (t === undefined || typeof p === 'bigint' || typeof q === 'bigint')
        return `${place}: ${p} and ${q}, which must be equal`
      if (!within(p, q, t)) return `${place}: ${apartText(p, q, t)}`
    }
  }
  return undefined
}

const shapeOf = (h: NpyHead): string => `${h.kind} (${h.dims.join(', ')})`

export const arrays: FileKind = {
  async compare(a: BundleFile, b: BundleFile, rule: CompareRule): Promise<Difference> {
    let both: readonly [OpenArray, OpenArray]
    try {
      both = [await open(a), await open(b)]
    } catch (e) {
      return unreadable(e)
    }
    const [x, y] = both
    if (shapeOf(x) !== shapeOf(y)) return `is ${shapeOf(x)} and ${shapeOf(y)}`
    return await firstApart(x, y, FLOATS.has(x.kind) ? toleranceOf(rule) : undefined)
  },

  async quantise(file: BundleFile, step: number, hash: Hash): Promise<boolean> {
    let array: OpenArray
    try {
      array = await open(file)
    } catch (e) {
      refusedBytes(e)
      return false
    }
    hash.update(`npy ${shapeOf(array)}\n`)
    for (let left = countOf(array.dims) * array.size; left > 0;) {
      const bytes = await array.source.exactly(Math.min(left, CHUNK))
      left -= bytes.length
      if (!FLOATS.has(array.kind)) hash.update(bytes)
      else {
        const values = npyValues(array.kind, bytes)
        hash.update(Float64Array.from(values as Float32Array, v => quantise(v, step)))
      }
    }
    return true
  }
}
