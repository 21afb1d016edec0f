/** Chains of products in the ONNX engine: what a GPU is measured and challenged with is what runs tasks on it. */
import { bundleFromMap, oneChunk } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { GiB, KiB, MATRIX_MAX, MiB } from '../../protocol/limits.ts'
import type { Chain, Matrices, Multiplier } from '../../protocol/ports/capacity.ts'
import type { Engine, TaskRequest } from '../../protocol/ports/engine.ts'
import type { GpuLease } from '../../protocol/ports/gpu.ts'
import type { ProviderChoice } from '../onnx/args.ts'
import { formatNpy, parseNpy } from '../onnx/npy.ts'
import { chainModel } from './chain-model.ts'
import { runForFile } from './run.ts'

/** Providers of the runtime that compute on a GPU, best first. `cpu` is none: it stands in only where a test says so. */
export const GPU_PROVIDERS: readonly ProviderChoice[] = ['cuda', 'webgpu']

export interface ChainParts {
  readonly engine: Engine
  readonly provider: ProviderChoice
  /** A GPU for one product; undefined when none is free. Absent: the provider needs none. */
  readonly lease?: (signal: AbortSignal) => Promise<GpuLease | undefined>
}

const WALL_MS = 60_000
/** The end of the last lease of each engine; never rejects. */
const released = new WeakMap<Engine, Promise<void>>()

/** Columns as rows. */
function transposed(bt: Int8Array, n: number): Int8Array {
  const b = new Int8Array(n * n)
  for (let j = 0, at = 0; j < n; j++) for (let i = 0; i < n; i++) b[i * n + j] = bt[at++] as number
  return b
}

function taskOf(
  { n, a, bt }: Matrices,
  chain: Chain,
  provider: ProviderChoice,
  gpu: GpuLease | undefined
): TaskRequest {
  const files = new Map([
    ['a.npy', formatNpy({ dims: [n, n], data: a })],
    ['b.npy', formatNpy({ dims: [n, n], data: transposed(bt, n) })]
  ])
  return {
    module: chainModel(n, chain),
    args: ['infer', '--input', 'a=a.npy', '--input', 'b=b.npy', '--batch', String(n), '--provider', provider],
    env: {},
    shard: 0,
    shards: 1,
    seed: new Uint8Array(32),
    limits: {
      // nanoseconds of processor time; the wall stops it earlier
      gas: 10n ** 13n,
      // drivers map much that is never touched
      memoryBytes: 4 * GiB,
      wallMs: WALL_MS,
      outputBytes: 4 * n * n + 64 * KiB,
      logBytes: 64 * KiB,
      moduleBytes: 8 * MiB,
      inputBytes: 2 * n * n + MiB
    },
    input: oneChunk(bundleFromMap(files)),
    gpu
  }
}

/**
 * `multiply` throws RECORD_INVALID for anything but a chain up to MATRIX_MAX rows, QUOTA_EXCEEDED when no GPU is free, ENGINE_MISSING
 * when the provider does not work here, ENGINE_BROKEN, CANCELLED.
 */
export const chainMultiplier = ({ engine, provider, lease }: ChainParts): Multiplier => ({
  lanes: 1,
  async multiply(m, signal) {
    const { n, chain } = m
    if (chain === undefined || n < 1 || n > MATRIX_MAX)
      throw new ShoalError('RECORD_INVALID', `no chain of products: ${n} rows`)
    await released.get(engine)
    const gpu = await lease?.(signal)
    if (lease !== undefined && gpu === undefined) throw new ShoalError('QUOTA_EXCEEDED', 'no GPU is free now')
    try {
      const file = await runForFile(engine, taskOf(m, chain, provider, gpu), 'd.npy', signal)
      const { data } = parseNpy(file, 'd.npy')
      return Int32Array.from(data as Float32Array)
    } finally {
      // looking at it again takes a second, which is the next product's to wait for and not the challenger's
      released.set(engine, gpu?.release(signal) ?? Promise.resolve())
    }
  }
})

/** Small, and right only when it was computed exactly. */
const TRIAL: Matrices = {
  n: 2,
  a: Int8Array.of(15, -15, 7, 1),
  bt: Int8Array.of(15, 14, -3, 2),
  chain: { modulus: 31, scales: [Int8Array.of(3, -3), Int8Array.of(1, 2)] }
}

/** The same by plain arithmetic. */
function trialResult(): number[] {
  const { n, a, bt, chain } = TRIAL
  let d = Array.from(a)
  for (const scale of chain?.scales ?? [])
    d = d.map((_, at) => {
      const [i, j] = [Math.floor(at / n), at % n]
      let sum = 0
      for (let k = 0; k < n; k++) sum += (d[i * n + k] ?? 0) * (scale[k] ?? 0) * (bt[j * n + k] ?? 0)
      return sum - 31 * Math.round(sum / 31)
    })
  return d
}

/** The first of `providers` that computes rightly here, with why the others do not. */
export async function findProvider(
  parts: Omit<ChainParts, 'provider'>,
  signal: AbortSignal,
  providers: readonly ProviderChoice[] = GPU_PROVIDERS
): Promise<{ readonly provider: ProviderChoice | undefined; readonly refused: readonly string[] }> {
  const refused: string[] = []
  for (const provider of providers) {
    try {
      const c = await chainMultiplier({ ...parts, provider }).multiply(TRIAL, signal)
      if (trialResult().every((x, i) => c[i] === x)) return { provider, refused }
      refused.push(`${provider}: the product is wrong`)
    } catch (e) {
      signal.throwIfAborted()
      refused.push(`${provider}: ${(e as Error).message}`)
    }
  }
  return { provider: undefined, refused }
}
