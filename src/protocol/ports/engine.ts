/** What runs tasks. An engine knows neither peers nor chain: bundles in, hooks while running, a bundle out. */

import type { ContainerOffer } from '../records/container.ts'
import type { GpuAccess } from './gpu.ts'

/** Hard limits of one run; reaching one stops the task and names the limit. */
export interface RunLimits {
  readonly gas: bigint
  readonly memoryBytes: number
  readonly wallMs: number
  readonly outputBytes: number
  readonly logBytes: number
  readonly moduleBytes: number
  readonly inputBytes: number
}

export type LimitName = 'gas' | 'memory' | 'wall' | 'output' | 'log' | 'module' | 'stack' | 'input'

export interface TaskRequest {
  /**
   * Names the requester and its job. Tasks with equal names and equal modules come from one hand: an engine may keep what it made of the module
   * between them, and the process. Without a name nothing is kept.
   */
  readonly job?: string
  readonly module: Uint8Array
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly shard: number
  readonly shards: number
  /** 32 bytes that seed the task's randomness: a function of job and shard and nothing else. */
  readonly seed: Uint8Array
  readonly limits: RunLimits
  /** The input as a bundle (see bundle.ts); appears under /in. */
  readonly input: AsyncIterable<Uint8Array>
  /** The last acknowledged checkpoint as a bundle; appears under /ckpt. */
  readonly checkpoint?: AsyncIterable<Uint8Array>
  /** The GPU that this run alone may use. */
  readonly gpu?: GpuAccess
}

export interface TaskCheckpoint {
  /** Counts from 1 within this run. */
  readonly sequence: number
  /** Last progress the task reported, 0..1. */
  readonly progress: number
  readonly gas: bigint
  /** All of /ckpt as a bundle. */
  readonly bundle: Uint8Array
}

/** Called in order, never concurrently for one run. The task goes on while a hook is slow; of checkpoints that come meanwhile the newest is kept. */
export interface RunHooks {
  onProgress(fraction: number, note: string | undefined): void
  onLog(stream: 'out' | 'err', line: string): void
  onCheckpoint(checkpoint: TaskCheckpoint): Promise<void>
  /** All of /ckpt as a bundle, of every checkpoint, also those that `onCheckpoint` is too slow for. */
  sawCheckpoint?(bundle: Uint8Array, gas: bigint): void
}

export type RunOutcome =
  | { readonly status: 'done'; readonly gas: bigint; readonly wallMs: number }
  | {
      readonly status: 'failed'
      readonly exitCode: number
      readonly reason: string
      readonly gas: bigint
      readonly wallMs: number
    }
  | {
      readonly status: 'limit'
      readonly limit: LimitName
      readonly reason: string
      readonly gas: bigint
      readonly wallMs: number
    }

/** What a shell reports for a program that was killed: 128 + SIGKILL. */
export const KILLED_EXIT_CODE = 137

/** The task's process was killed or fell over: by the task, or by a machine without memory. Nobody is proven a liar by it. */
export const wasKilled = (o: RunOutcome): boolean => o.status === 'failed' && o.exitCode === KILLED_EXIT_CODE

/** One prepared run. Use once, then dispose (also after an error). */
export interface PreparedRun {
  /** Runs to the end. Rejects only when aborted (CANCELLED) or when the engine itself broke (ENGINE_BROKEN). */
  run(hooks: RunHooks, signal: AbortSignal): Promise<RunOutcome>
  /** Makes a running task stand still, or go on; its wall time passes meanwhile. Does nothing where the system cannot. */
  hold(on: boolean): void
  /** /out as a bundle, sorted by path; only after a run with status `done`. */
  collect(): AsyncIterable<Uint8Array>
  /** Frees processes, memory and files. Harmless twice. */
  dispose(): Promise<void>
}

export interface Engine {
  readonly id: string
  readonly version: string
  /** Equal inputs give equal outputs on every peer. */
  readonly deterministic: boolean
  /** How well strangers' code is kept in: shown in the advert. */
  readonly isolation: 'process' | 'sandbox'
  /** What the owner lets it run, when that is not everything: shown in the advert. */
  readonly containers?: ContainerOffer
  /** Checks and readies a task. Throws MODULE_INVALID, MODULE_IMPORT, LIMIT_MODULE, LIMIT_INPUT. */
  prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun>
  /** A task is about to come: what takes time before it may be done now. `job` as in `TaskRequest`. */
  warm?(job?: string): void
  /** Ends what `warm` began; no task is running. Harmless twice. */
  close?(): Promise<void>
  /** What a run used in the engine's billing unit (gas for wasm). */
  cost(outcome: RunOutcome): bigint
  /** Measures this machine: billing units per second. Takes a second or so. */
  benchmark(signal: AbortSignal): Promise<bigint>
}
