/** Results of strangers held against a good one: an answer always, the same from both sides, and in time. */
import { encodePng } from '../../../../src/executor/blender/png.ts'
import { createResultComparer } from '../../../../src/executor/compare/comparer.ts'
import { openPng } from '../../../../src/executor/compare/png-rows.ts'
import { formatNpy } from '../../../../src/executor/onnx/npy.ts'
import { withWeights } from '../../../../src/executor/onnx/proto/write.ts'
import { systemClock } from '../../../../src/peer/adapters/system-clock.ts'
import { bundleFromMap } from '../../../../src/protocol/bundle.ts'
import type { OpenBundle } from '../../../../src/protocol/ports/compare.ts'
import type { CompareRule } from '../../../../src/protocol/records/compare.ts'
import { template } from '../../../../scripts/onnx/mlp.ts'
import { packPng } from '../../../support/compare.ts'
import { rules } from '../../../support/records.ts'
import { protobuf } from '../formats/protobuf.ts'
import { raw } from '../formats/raw.ts'
import { trustsLength } from '../plants.ts'
import type { Decode, Target } from '../target.ts'

const comparer = createResultComparer(systemClock)
const { signal } = new AbortController()
const STEP = 1e-3

const opened = (bytes: Uint8Array): OpenBundle =>
  async function* () {
    yield bytes
  }
const one = (path: string, data: Uint8Array): OpenBundle => opened(bundleFromMap(new Map([[path, data]])))

/** Compares a file with a good one both ways round, and with its quantised digest where the rule knows one. */
const held =
  (path: string, good: Uint8Array, rule: CompareRule): Decode =>
  async bytes => {
    const [a, b] = [one(path, bytes), one(path, good)]
    const there = await comparer.compare(a, b, rule, signal)
    const back = await comparer.compare(b, a, rule, signal)
    if (there.same !== back.same) throw new Error('not the same from both sides')
    if (rule.by !== 'quantised') return there
    const [x, y] = [await comparer.fingerprint(a, STEP, signal), await comparer.fingerprint(b, STEP, signal)]
    if (x === y && !there.same) throw new Error('equal digests, and not the same')
    return there
  }

/** A whole result that may be no bundle. */
const whole =
  (good: Uint8Array): Decode =>
  async bytes => {
    const likeness = await comparer.compare(opened(bytes), opened(good), rules.tolerance, signal)
    await comparer.fingerprint(opened(bytes), STEP, signal)
    return likeness
  }

const rows: Decode = async bytes => {
  const { head, rows } = await openPng(opened(bytes)())
  let size = 0
  for await (const row of rows) size += row.length
  if (size !== head.width * head.height * head.bytesPerPixel) throw new Error('rows are missing')
}

const pixels = { width: 3, height: 2, bytesPerPixel: 3, colour: 2, depth: 8 } as const
const picture = { ...pixels, data: Uint8Array.from({ length: 18 }, (_, i) => i * 11) }
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const array = formatNpy({ dims: [2, 3], data: Float32Array.of(1, -2, 0.5, NaN, 1e30, 0) })
const weights = [{ name: 'w0', dims: [4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i / 7) }]
const model = withWeights(template({ inputs: 4, hidden: 3, classes: 2, scale: 0.5 }), weights)
const table = text('loss,n\n0.25,7\n1.5e-3,8\n')
const result = bundleFromMap(
  new Map([
    ['a.npy', array],
    ['b.csv', table]
  ])
)

export const compareTargets = (): Target[] => {
  const quantised = { by: 'quantised', step: STEP } as const
  const common = { wire: false, max: 4_096, format: raw, codes: [] }
  const row = (name: string, seeds: Uint8Array[], decode: Decode, plant: Target['plant']): Target => ({
    ...common,
    name,
    seeds,
    decode,
    plant
  })
  const arrays = held('a.npy', array, quantised)
  const tables = held('a.csv', table, quantised)
  const models = held('a.onnx', model, quantised)
  const pictures = held('a.png', packPng(picture), rules.pixels)
  const results = whole(result)
  return [
    row('compared array', [array], arrays, trustsLength(arrays, 100)),
    row('compared table', [table, text('{"a": [1, 2.5]}')], tables, trustsLength(tables, 20)),
    { ...row('compared model', [model], models, trustsLength(models, 40)), format: protobuf },
    row('compared picture', [packPng(picture), encodePng(picture)], pictures, trustsLength(pictures, 60)),
    row('compared result', [result], results, trustsLength(results, 100)),
    {
      ...row('png rows', [packPng(picture), encodePng(picture)], rows, trustsLength(rows, 60)),
      codes: ['TASK_FAILED', 'RECORD_INVALID']
    }
  ]
}
