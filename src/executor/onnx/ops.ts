/**
 * Operators that a stranger's model may use, by the opset in which each first appears (operator changelog of the ONNX project).
 * Left out on purpose: control flow (If, Loop, Scan: work without bound, graphs in graphs), randomness (it has no seed that two
 * peers share), Dropout (the same), text, sequences and optional values, image decoding, and everything outside ONNX's own domain.
 */
const SINCE: Readonly<Record<number, string>> = {
  1: `Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Clip Concat Constant Conv ConvTranspose DepthToSpace Div Elu
    Equal Exp Flatten Floor GRU Gather Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater HardSigmoid Hardmax Identity
    InstanceNormalization LRN LSTM LeakyRelu Less Log LogSoftmax LpNormalization LpPool MatMul Max MaxPool Mean Min Mul Neg Not Or PRelu
    Pad Pow RNN Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Relu Reshape Selu Shape Sigmoid Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh
    Tile TopK Transpose Unsqueeze Xor`,
  7: 'Acos Asin Atan Cos Sin Tan',
  8: 'Expand',
  9: `Acosh Asinh Atanh ConstantOfShape Cosh EyeLike Erf IsNaN NonZero OneHot Sign Sinh Where Shrink`,
  10: `DequantizeLinear IsInf MatMulInteger Mod QLinearConv QLinearMatMul QuantizeLinear Resize ReverseSequence ThresholdedRelu
    ConvInteger RoiAlign`,
  11: `BitShift CumSum Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements ScatterND Unique`,
  12: 'Celu Einsum GreaterOrEqual LessOrEqual MeanVarianceNormalization NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss',
  14: 'HardSwish Trilu',
  16: 'GridSample',
  17: 'LayerNormalization',
  18: 'BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish',
  20: 'Gelu',
  23: 'RMSNormalization Swish'
}

/** Opsets that are taken: 13 brought today's shapes of the reductions, 9 is the oldest that the runtime promises. */
export const OPSETS = { min: 9, max: 23 } as const

const since: ReadonlyMap<string, number> = new Map(
  Object.entries(SINCE).flatMap(([opset, names]) => names.split(/\s+/).map(name => [name, Number(opset)]))
)

/** Undefined when the operator may be used in this opset, else why not. */
export function opProblem(op: string, opset: number): string | undefined {
  const first = since.get(op)
  if (first === undefined) return 'is an operator that is not taken'
  return first > opset ? `needs opset ${first}, but the model has ${opset}` : undefined
}
