import type { ProgramOutcome } from '../../src/executor/runner/outcome.ts'
import type { ProgramTask } from '../../src/executor/wasm/program.ts'
import type { Logger } from '../../src/protocol/ports/log.ts'
import type {
  RunHooks,
  RunLimits,
  RunOutcome,
  TaskCheckpoint,
  TaskRequest
} from '../../src/protocol/ports/engine.ts'
import { Program } from '../../src/executor/wasm/program.ts'
import { bundleFromMap, bundleToMap, oneChunk } from '../../src/protocol/bundle.ts'

export const LIMITS: RunLimits = {
  gas: 1_000_000_000n,
  memoryBytes: 16 * 65536,
  wallMs: 60_000,
  outputBytes: 100_000,
  logBytes: 100_000,
  moduleBytes: 1_000_000,
  inputBytes: 100_000
}

export const text = (s: string): Uint8Array => new TextEncoder().encode(s)
export const tree = (files: Record<string, string>): Map<string, Uint8Array> =>
  new Map(Object.entries(files).map(([path, data]) => [path, text(data)]))

export const noLog: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => noLog
}

export interface TaskParts extends Partial<Omit<TaskRequest, 'limits' | 'input' | 'checkpoint'>> {
  readonly module: Uint8Array
  readonly limits?: Partial<RunLimits>
  readonly files?: Record<string, string>
  readonly checkpoint?: Uint8Array
}

export function request(parts: TaskParts): TaskRequest {
  const { files, checkpoint, limits, ...rest } = parts
  return {
    args: [],
    env: {},
    shard: 0,
    shards: 1,
    seed: new Uint8Array(32),
    ...rest,
    limits: { ...LIMITS, ...limits },
    input: oneChunk(bundleFromMap(tree(files ?? {}))),
    checkpoint: checkpoint === undefined ? undefined : oneChunk(checkpoint)
  }
}

export interface Recorder extends RunHooks {
  readonly progress: [number, string | undefined][]
  readonly lines: string[]
  readonly checkpoints: TaskCheckpoint[]
}

/** Hooks that keep what they hear; lines begin with `out:` or `err:`. */
export function recorder(onCheckpoint?: (c: TaskCheckpoint) => Promise<void>): Recorder {
  const progress: [number, string | undefined][] = []
  const lines: string[] = []
  const checkpoints: TaskCheckpoint[] = []
  return {
    progress,
    lines,
    checkpoints,
    onProgress: (fraction, note) => progress.push([fraction, note]),
    onLog: (stream, line) => lines.push(`${stream}:${line}`),
    onCheckpoint: async c => {
      checkpoints.push(c)
      await onCheckpoint?.(c)
    }
  }
}

export interface InProcess {
  readonly outcome: ProgramOutcome
  readonly gas: bigint
  readonly lines: string[]
  readonly progress: number[]
  readonly checkpoints: Map<string, Uint8Array>[]
  readonly output: Map<string, Uint8Array>
}

/** Runs a task in this process: for tasks that end. */
export function runHere(module: Uint8Array, task: Partial<ProgramTask> = {}): InProcess {
  const lines: string[] = []
  const progress: number[] = []
  const checkpoints: Map<string, Uint8Array>[] = []
  const take = (entries: { path: string; data: unknown }[]): Map<string, Uint8Array> =>
    new Map(entries.map(e => [e.path, e.data instanceof Uint8Array ? e.data.slice() : new Uint8Array(0)]))
  const whole: ProgramTask = {
    args: [],
    env: {},
    shard: 0,
    shards: 1,
    seed: new Uint8Array(32),
    gas: LIMITS.gas,
    outputBytes: LIMITS.outputBytes,
    logBytes: LIMITS.logBytes,
    input: new Map(),
    checkpoint: new Map(),
    ...task
  }
  const run = new Program(module, 16).start(whole, {
    log: (stream, line) => lines.push(`${stream}:${line}`),
    progress: fraction => progress.push(fraction),
    checkpoint: entries => checkpoints.push(take(entries))
  })
  const outcome = run.run()
  return { outcome, gas: run.gas(), lines, progress, checkpoints, output: take(run.output()) }
}

export const outputOf = (source: AsyncIterable<Uint8Array>): Promise<Map<string, Uint8Array>> =>
  bundleToMap(source, { maxFiles: 100, maxBytes: 10_000_000 })

export const limitOf = (outcome: RunOutcome | ProgramOutcome): string =>
  outcome.status === 'limit' ? outcome.limit : outcome.status
