/** The real wasm interpreter without its process: a task runs at once, and what it did is told step by step over simulated time. */
import { createHash } from 'node:crypto'
import { bundleFromMap, bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import type {
  Engine,
  PreparedRun,
  RunHooks,
  RunOutcome,
  TaskRequest
} from '../../../src/protocol/ports/engine.ts'
import { Program, type ProgramRun, type ProgramTask } from '../../../src/executor/wasm/program.ts'

const TREE = { maxFiles: 1_000, maxBytes: 16 * 1024 * 1024 }
/** Compiled modules by digest: the same few run again and again. */
const compiled = new Map<string, Program>()
const COMPILED_MAX = 16

type Step = (hooks: RunHooks) => Promise<void> | void

function programOf(module: Uint8Array, pages: number): Program {
  const key = createHash('sha256').update(module).digest('hex') + pages
  const known = compiled.get(key)
  if (known !== undefined) return known
  if (compiled.size >= COMPILED_MAX) compiled.clear()
  const program = new Program(module, pages)
  compiled.set(key, program)
  return program
}

async function taskOf(task: TaskRequest): Promise<ProgramTask> {
  const { args, env, shard, shards, seed, limits } = task
  return {
    ...{ args, env, shard, shards, seed },
    gas: limits.gas,
    outputBytes: limits.outputBytes,
    logBytes: limits.logBytes,
    input: await bundleToMap(task.input, TREE),
    checkpoint: task.checkpoint === undefined ? new Map() : await bundleToMap(task.checkpoint, TREE)
  }
}

/** Runs to the end now; the steps are told later. */
function record(task: TaskRequest, program: ProgramTask): { run: ProgramRun; steps: Step[] } {
  const steps: Step[] = []
  let [progress, sequence] = [0, 0]
  const run: ProgramRun = programOf(task.module, Math.floor(task.limits.memoryBytes / 65_536)).start(
    program,
    {
      log: (stream, line) => steps.push(hooks => hooks.onLog(stream, line)),
      progress: (fraction, note) => {
        progress = fraction
        steps.push(hooks => hooks.onProgress(fraction, note))
      },
      checkpoint: entries => {
        const files = entries.map(e => [e.path, (e.data as Uint8Array).slice()] as const)
        const checkpoint = {
          ...{ sequence: ++sequence, progress },
          gas: run.gas(),
          bundle: bundleFromMap(new Map(files))
        }
        steps.push(hooks => {
          hooks.sawCheckpoint?.(checkpoint.bundle, checkpoint.gas)
          return hooks.onCheckpoint(checkpoint)
        })
      }
    }
  )
  return { run, steps }
}

/** `stepMs`: simulated time that passes before each checkpoint, log line and step of progress. */
export function simEngine(clock: Clock, stepMs: number): Engine {
  const prepare = async (task: TaskRequest): Promise<PreparedRun> => {
    const { run, steps } = record(task, await taskOf(task))
    let held = false
    return {
      hold: on => void (held = on),
      run: async (hooks, signal): Promise<RunOutcome> => {
        const outcome = run.run()
        for (const step of steps) {
          do await clock.sleep(stepMs, signal).catch(() => undefined)
          while (held && !signal.aborted)
          if (signal.aborted) throw new ShoalError('CANCELLED', 'the task was cancelled')
          await step(hooks)
        }
        return { ...outcome, gas: run.gas(), wallMs: steps.length * stepMs }
      },
      collect: () =>
        oneChunk(bundleFromMap(new Map(run.output().map(e => [e.path, (e.data as Uint8Array).slice()])))),
      dispose: async () => undefined
    }
  }
  return {
    id: 'wasm',
    version: '1',
    deterministic: true,
    isolation: 'process',
    prepare,
    cost: outcome => outcome.gas,
    benchmark: async () => 1_000_000_000n
  }
}
