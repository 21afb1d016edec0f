/** ONNX tasks for tests: a small net, its data, and a run from beginning to end in real runners. */
import { readFileSync } from 'node:fs'
import { onnxPack } from '../../src/executor/packs/onnx-pack.ts'
import { OnnxEngine } from '../../src/executor/onnx/engine.ts'
import { formatNpy, parseNpy } from '../../src/executor/onnx/npy.ts'
import type { Tensor } from '../../src/executor/onnx/tensor.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { bundleFromMap, oneChunk } from '../../src/protocol/bundle.ts'
import type { Engine, RunLimits, RunOutcome, TaskRequest } from '../../src/protocol/ports/engine.ts'
import { template, trainStep } from '../../scripts/onnx/mlp.ts'
import { noLog, outputOf, recorder, type Recorder } from './tasks.ts'

const MLP = { inputs: 2, hidden: 16, classes: 2, scale: 1 }
export const STEP = trainStep(MLP)
export const TEMPLATE = template(MLP)

export const exampleFile = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../examples/onnx-digits/${name}`, import.meta.url)))

/** Two spirals, the same each time. */
export function spirals(rows: number): Map<string, Uint8Array> {
  const x = new Float32Array(rows * 2)
  const t = new Uint8Array(rows)
  for (let i = 0; i < rows; i++) {
    const [label, r] = [i % 2, (3 * (i + 1)) / rows]
    x.set([(r * Math.cos(2 * r + label * Math.PI)) / 3, (r * Math.sin(2 * r + label * Math.PI)) / 3], i * 2)
    t[i] = label
  }
  return new Map([
    ['x.npy', formatNpy({ dims: [rows, 2], data: x })],
    ['t.npy', formatNpy({ dims: [rows], data: t })],
    ['template.onnx', TEMPLATE]
  ])
}

export const onnxEngine = (pack: string): OnnxEngine =>
  new OnnxEngine({ clock: systemClock, log: noLog, pack, version: onnxPack.version })

export interface DataTask {
  readonly module: Uint8Array
  readonly args: readonly (string | number)[]
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly checkpoint?: Uint8Array
  readonly limits?: Partial<RunLimits>
  readonly shard?: number
  readonly shards?: number
}

export const dataTask = ({
  module,
  args,
  files,
  checkpoint,
  limits,
  shard = 0,
  shards = 1
}: DataTask): TaskRequest => ({
  module,
  args: args.map(String),
  env: {},
  shard,
  shards,
  seed: new Uint8Array(32).fill(9),
  limits: {
    gas: 60_000_000_000n,
    memoryBytes: 512 * 1024 * 1024,
    wallMs: 300_000,
    outputBytes: 32 * 1024 * 1024,
    logBytes: 100_000,
    moduleBytes: 4_000_000,
    inputBytes: 16_000_000,
    ...limits
  },
  input: oneChunk(bundleFromMap(files)),
  checkpoint: checkpoint === undefined ? undefined : oneChunk(checkpoint)
})

export interface Ended {
  readonly outcome: RunOutcome
  readonly heard: Recorder
  readonly output: Map<string, Uint8Array>
}

export async function runToEnd(engine: Engine, task: TaskRequest, heard = recorder()): Promise<Ended> {
  const { signal } = new AbortController()
  const run = await engine.prepare(task, signal)
  try {
    const outcome = await run.run(heard, signal)
    return { outcome, heard, output: outcome.status === 'done' ? await outputOf(run.collect()) : new Map() }
  } finally {
    await run.dispose()
  }
}

export const array = (files: ReadonlyMap<string, Uint8Array>, name: string): Tensor =>
  parseNpy(files.get(name) ?? new Uint8Array(0), name)
