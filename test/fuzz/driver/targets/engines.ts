/** What engines read of strangers: ONNX models, arrays, tables, checkpoints, pictures. */
import { decodePng, encodePng } from '../../../../src/executor/blender/png.ts'
import { admit } from '../../../../src/executor/onnx/admit.ts'
import { formatCsv, parseCsv } from '../../../../src/executor/onnx/csv.ts'
import { formatNpy, parseNpy } from '../../../../src/executor/onnx/npy.ts'
import { withWeights } from '../../../../src/executor/onnx/proto/write.ts'
import { decodeState, encodeState } from '../../../../src/executor/onnx/state.ts'
import { template, trainStep } from '../../../../scripts/onnx/mlp.ts'
import { protobuf } from '../formats/protobuf.ts'
import { raw } from '../formats/raw.ts'
import { slowOnLength, trustsLength } from '../plants.ts'
import type { Decode, Target } from '../target.ts'

const mlp = { inputs: 4, hidden: 3, classes: 2, scale: 0.5 }
const weights = [{ name: 'w0', dims: [4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i / 7) }]

/** What is admitted must still be admitted with weights put in: the writer understands what the reader took. */
const model: Decode = bytes => {
  const info = admit(bytes)
  if (info.nodes.some(n => n.domain !== '' && n.domain !== 'ai.onnx'))
    throw new Error('took a foreign operator')
  const again = admit(withWeights(bytes, weights))
  if (again.nodes.length !== info.nodes.length) throw new Error('lost a node')
}

const array = { dims: [2, 3], data: Float32Array.of(1, -2, 0.5, NaN, 1e30, 0) }
const npy: Decode = bytes => formatNpy(parseNpy(bytes, 'a.npy'))
const csv: Decode = bytes => formatCsv(parseCsv(bytes, 'a.csv'))
const state: Decode = bytes => encodeState(decodeState(bytes))
const picture: Decode = bytes => encodePng(decodePng(bytes))
const png = encodePng({
  width: 3,
  height: 2,
  bytesPerPixel: 3,
  colour: 2,
  depth: 8,
  data: Uint8Array.from({ length: 18 }, (_, i) => i * 11)
})

export const engineTargets = (): Target[] => {
  const common = { wire: false, max: 8_192 }
  return [
    {
      ...common,
      name: 'onnx model',
      format: protobuf,
      seeds: [trainStep(mlp), template(mlp), withWeights(template(mlp), weights)],
      decode: model,
      codes: ['MODULE_INVALID'],
      plant: trustsLength(model, 40)
    },
    {
      ...common,
      name: 'npy',
      format: raw,
      seeds: [formatNpy(array)],
      decode: npy,
      codes: ['LIMIT_INPUT'],
      plant: trustsLength(npy, 124)
    },
    {
      ...common,
      name: 'csv',
      format: raw,
      seeds: [formatCsv({ dims: [2, 3], data: Float32Array.of(1, -2, 0.5, 7, 1e30, 0) })],
      decode: csv,
      codes: ['LIMIT_INPUT'],
      plant: slowOnLength(csv, 60)
    },
    {
      ...common,
      name: 'training checkpoint',
      format: raw,
      seeds: [encodeState({ step: 3, seed: 1, weights })],
      decode: state,
      codes: ['LIMIT_INPUT'],
      plant: trustsLength(state, 100)
    },
    {
      ...common,
      name: 'png',
      format: raw,
      seeds: [png],
      decode: picture,
      codes: ['TASK_FAILED'],
      plant: trustsLength(picture, 60)
    }
  ]
}
