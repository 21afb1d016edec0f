/** .onnx files: weights of 32 and 64 bit floats by value, every other byte as it is. */
import type { Hash } from 'node:crypto'
import type { BundleFile } from '../../protocol/bundle.ts'
import { collectBytes } from '../../protocol/byte-source.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import { npyValues } from '../onnx/npy.ts'
import { readModel } from '../onnx/proto/model.ts'
import { refusedBytes, unreadable, type Difference, type FileKind, type Work } from './file-kind.ts'
import { apartText, quantise, toleranceOf, within, type Tolerance } from './numbers.ts'

/** Largest model that is read, bytes; larger ones are the same only when their bytes are. */
const MODEL_BYTES_MAX = 64 * 1024 * 1024
/** Bytes of weights after which others have their turn. */
const TURN = 2 * 1024 * 1024
/** TensorProto.DataType of float and double, by NumPy's names. */
const FLOATS: Readonly<Record<number, string>> = { 1: '<f4', 11: '<f8' }

interface Weight {
  readonly name: string
  readonly kind: string
  readonly from: number
  readonly to: number
}

interface Model {
  readonly bytes: Uint8Array
  /** Those of floats, in the order of the file. */
  readonly weights: readonly Weight[]
}

async function read(file: BundleFile): Promise<Model> {
  const bytes = await collectBytes(file.data, MODEL_BYTES_MAX)
  const weights = readModel(bytes).weights.flatMap(({ name, type, raw }): Weight[] => {
    const kind = FLOATS[type]
    if (kind === undefined || raw === undefined || raw.length === 0) return []
    const from = raw.byteOffset - bytes.byteOffset
    return [{ name, kind, from, to: from + raw.length }]
  })
  return { bytes, weights: weights.sort((a, b) => a.from - b.from) }
}

/** The weights one by one, with a pause for others after some milliseconds of work. */
async function* inTurns(weights: readonly Weight[], work: Work): AsyncGenerator<Weight> {
  let bytes = 0
  for (const w of weights) {
    yield w
    bytes += w.to - w.from
    if (bytes < TURN) continue
    await work.breathe()
    bytes = 0
  }
}

/** The stretches between the float weights. */
function* between({ bytes, weights }: Model): Generator<Uint8Array> {
  let at = 0
  for (const w of weights) {
    yield bytes.subarray(at, w.from)
    at = w.to
  }
  yield bytes.subarray(at)
}

const valuesOf = ({ bytes }: Model, w: Weight): Float32Array =>
  npyValues(w.kind, bytes.subarray(w.from, w.to)) as Float32Array

/** Equal stretches mean equal names, types and shapes: those stand in them. */
function sameFrame(a: Model, b: Model): boolean {
  if (a.bytes.length !== b.bytes.length || a.weights.length !== b.weights.length) return false
  const other = between(b)
  for (const stretch of between(a))
    if (Buffer.compare(stretch, other.next().value ?? new Uint8Array(0)) !== 0) return false
  return true
}

async function firstApart(a: Model, b: Model, t: Tolerance, work: Work): Promise<Difference> {
  let i = 0
  for await (const w of inTurns(a.weights, work)) {
    const other = b.weights[i++]
    if (other === undefined) return 'has other weights'
    const [x, y] = [valuesOf(a, w), valuesOf(b, other)]
    const at = x.findIndex((v, j) => !within(v, y[j] ?? NaN, t))
    if (at >= 0)
      return `weight '${w.name.slice(0, 60)}', value ${at}: ${apartText(x[at] ?? 0, y[at] ?? 0, t)}`
  }
  return undefined
}

export const models: FileKind = {
  async compare(a: BundleFile, b: BundleFile, rule: CompareRule, work: Work): Promise<Difference> {
    const tolerance = toleranceOf(rule)
    if (tolerance === undefined) return 'has other bytes'
    let both: readonly [Model, Model]
    try {
      both = [await read(a), await read(b)]
    } catch (e) {
      return unreadable(e)
    }
    return sameFrame(...both) ? await firstApart(...both, tolerance, work) : 'is another graph'
  },

  async quantise(file: BundleFile, step: number, hash: Hash, work: Work): Promise<boolean> {
    let model: Model
    try {
      model = await read(file)
    } catch (e) {
      refusedBytes(e)
      return false
    }
    hash.update(`onnx ${model.weights.length}\n`)
    for (const stretch of between(model)) hash.update(`${stretch.length}\n`).update(stretch)
    for await (const w of inTurns(model.weights, work))
      hash.update(Float64Array.from(valuesOf(model, w), v => quantise(v, step)))
    return true
  }
}
