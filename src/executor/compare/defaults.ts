/** How results of an engine are compared when the job does not say, and what makes no sense. */
import type { CompareRule } from '../../protocol/records/compare.ts'
import { parseOnnxArgs } from '../onnx/args.ts'

/** Every way that a job file can name. */
export type CompareBy = 'bytes' | CompareRule['by']

/** ONNX Runtime's providers agree to about 1e-6 of a value after one pass; a factor of a hundred for deep graphs and short trainings. */
const TOLERANCE = { by: 'tolerance', absolute: 1e-6, relative: 1e-4 } as const
const QUANTISED = { by: 'quantised', step: 1e-3 } as const
/** Cycles: rounding shows in the last bit or two, and now and then a path takes another turn. */
const PIXELS = { by: 'pixels', difference: 2, share: 0.001 } as const

/** The values of a rule that a job leaves out. */
export const RULES = { tolerance: TOLERANCE, quantised: QUANTISED, pixels: PIXELS } as const

/**
 * Undefined: by bytes. `wasm` gives equal bytes everywhere. `onnx` does not, even with the CPU provider: kernels for other instruction sets
 * round otherwise. Nor does Blender. What a container gives nobody knows; its owner must say.
 */
export function defaultRule(engine: string): CompareRule | undefined {
  if (engine === 'onnx') return TOLERANCE
  return engine === 'blender' ? PIXELS : undefined
}

/** Why results of this task cannot be compared like this, as the rest of a sentence; undefined when they can. ARGS_INVALID. */
export function ruleProblem(engine: string, args: readonly string[], by: CompareBy): string | undefined {
  if (by === 'bytes') {
    const provider = engine === 'onnx' ? parseOnnxArgs(args).provider : 'cpu'
    if (provider === 'cpu') return undefined
    return `needs equal bytes, which the provider ${provider} does not give on every machine; use tolerance or quantised, or --provider cpu`
  }
  if (engine === 'wasm')
    return `would only let lies pass: results of wasm are equal to the byte on every machine; use bytes`
  if (engine === 'onnx' && by === 'pixels')
    return 'is for pictures, and onnx writes numbers; use tolerance or quantised'
  if (engine === 'blender' && by !== 'pixels')
    return 'is for numbers, and blender writes pictures; use pixels'
  return undefined
}
