/**
 * A net with two hidden layers (Gemm, Relu, softmax cross-entropy, plain SGD) as two ONNX graphs: the training step, with its backward
 * pass written out, and the finished model, which takes the same weights. `w0 b0 w1 b1 w2 b2` are the weights.
 */
import { model, node, tensor, value } from '../../src/executor/onnx/proto/write.ts'

export interface Mlp {
  readonly inputs: number
  readonly hidden: number
  readonly classes: number
  /** What inputs are multiplied by first, so that they lie in 0 to 1. */
  readonly scale: number
}

const shapes = ({ inputs, hidden, classes }: Mlp): Readonly<Record<string, readonly number[]>> => ({
  w0: [inputs, hidden],
  b0: [hidden],
  w1: [hidden, hidden],
  b1: [hidden],
  w2: [hidden, classes],
  b2: [classes]
})

const scaleOf = (mlp: Mlp): Uint8Array => tensor('scale', [1], Float32Array.of(mlp.scale))

/** x to the probabilities p. */
const forward = (): Uint8Array[] => [
  node('Mul', ['x', 'scale'], ['xs']),
  node('Gemm', ['xs', 'w0', 'b0'], ['z0']),
  node('Relu', ['z0'], ['h0']),
  node('Gemm', ['h0', 'w1', 'b1'], ['z1']),
  node('Relu', ['z1'], ['h1']),
  node('Gemm', ['h1', 'w2', 'b2'], ['z2']),
  node('Softmax', ['z2'], ['p'], { axis: 1 })
]

/** -mean(sum(t * log p)). LogSoftmax stays finite where a probability is rounded to 0. */
const loss = (): Uint8Array[] => [
  node('LogSoftmax', ['z2'], ['lp'], { axis: 1 }),
  node('Mul', ['lp', 't'], ['lt']),
  node('ReduceSum', ['lt', 'axis1'], ['ls'], { keepdims: 0 }),
  node('ReduceMean', ['ls'], ['lm'], { keepdims: 0 }),
  node('Neg', ['lm'], ['loss'])
]

/** Gradients of one layer from its input and the gradient of its output. */
const gradients = (layer: number, input: string): Uint8Array[] => [
  node('Gemm', [input, `d${layer}`], [`gw${layer}`], { transA: 1 }),
  node('ReduceSum', [`d${layer}`, 'axis0'], [`gb${layer}`], { keepdims: 0 })
]

/** The gradient of the layer below: through the weights, and through its Relu (whose slope is the sign of what it gave). */
const below = (layer: number): Uint8Array[] => [
  node('Gemm', [`d${layer}`, `w${layer}`], [`e${layer}`], { transB: 1 }),
  node('Sign', [`h${layer - 1}`], [`m${layer}`]),
  node('Mul', [`e${layer}`, `m${layer}`], [`d${layer - 1}`])
]

const descent = (weights: readonly string[]): Uint8Array[] =>
  weights.flatMap(w => [node('Mul', [`g${w}`, 'lr'], [`u_${w}`]), node('Sub', [w, `u_${w}`], [`n_${w}`])])

/** The training step as ONNX bytes. */
export function trainStep(mlp: Mlp): Uint8Array {
  const weights = Object.entries(shapes(mlp))
  return model({
    name: 'train',
    nodes: [
      ...forward(),
      ...loss(),
      node('Sub', ['p', 't'], ['d2r']),
      node('Mul', ['d2r', 'invN'], ['d2']),
      ...gradients(2, 'h1'),
      ...below(2),
      ...gradients(1, 'h0'),
      ...below(1),
      ...gradients(0, 'xs'),
      ...descent(weights.map(([name]) => name))
    ],
    weights: [
      scaleOf(mlp),
      tensor('axis0', [1], BigInt64Array.of(0n)),
      tensor('axis1', [1], BigInt64Array.of(1n))
    ],
    inputs: [
      value('x', ['N', mlp.inputs]),
      value('t', ['N', mlp.classes]),
      value('lr', [1]),
      value('invN', [1]),
      ...weights.map(([name, shape]) => value(name, shape))
    ],
    outputs: [value('loss', []), ...weights.map(([name, shape]) => value(`n_${name}`, shape))]
  })
}

/** The finished model without its weights, which are inputs: probabilities `p` and the likeliest class `label`. */
export const template = (mlp: Mlp): Uint8Array =>
  model({
    name: 'digits',
    nodes: [...forward(), node('ArgMax', ['z2'], ['label'], { axis: 1, keepdims: 0 })],
    weights: [scaleOf(mlp)],
    inputs: [
      value('x', ['N', mlp.inputs]),
      ...Object.entries(shapes(mlp)).map(([name, shape]) => value(name, shape))
    ],
    outputs: [value('p', ['N', mlp.classes]), value('label', ['N'], 7)]
  })
