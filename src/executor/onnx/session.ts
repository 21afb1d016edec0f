/** A loaded model. The adapter behind it is the runtime; everything above it is arithmetic on tensors. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Tensor, TensorData } from './tensor.ts'

export interface Session {
  /** `cpu`, `webgpu` or `cuda`: where it really runs. */
  readonly provider: string
  /** Runs the graph once. Rejects with TASK_FAILED when the runtime refuses. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>
}

/** What a step needs of its surroundings; each may throw to end the task. */
export interface TaskHooks {
  log(line: string): void
  progress(fraction: number, note: string): void
  checkpoint(file: Uint8Array): void
  /** Between two pieces of work: ends the task when a limit is reached. */
  check(): void
}

type Maker = new (from: number) => TensorData
const MAKERS: Readonly<Record<number, Maker>> = {
  1: Float32Array,
  2: Uint8Array,
  3: Int8Array,
  6: Int32Array,
  7: BigInt64Array,
  9: Uint8Array,
  11: Float64Array
}

/** The same numbers as another TensorProto.DataType. LIMIT_INPUT for types that files do not hold. */
export function convert(t: Tensor, type: number, name: string): Tensor {
  const make = MAKERS[type]
  if (make === undefined)
    throw new ShoalError(
      'LIMIT_INPUT',
      `The graph's input '${name.slice(0, 60)}' takes a type that no file here holds.`
    )
  if (t.data instanceof make) return t
  const data = new make(t.data.length)
  for (let i = 0; i < data.length; i++) {
    const n = t.data[i] ?? 0
    data[i] = data instanceof BigInt64Array ? BigInt(typeof n === 'bigint' ? n : Math.trunc(n)) : Number(n)
  }
  return { dims: t.dims, data }
}
