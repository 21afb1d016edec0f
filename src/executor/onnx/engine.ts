import { availableParallelism } from 'node:os'
import type { Engine, PreparedRun, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import { nativeProcesses } from '../adapters/native-process.ts'
import { prepareTask, type NativeParts } from '../native/prepare.ts'
import { nativeBox } from '../native/box.ts'
import type { ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import type { Box } from '../sandbox/box.ts'

/** The heap holds the data of one job besides paths and lines. */
const RUNNER_FLAGS = ['--max-old-space-size=2048']

/** Node with its heap, and the runtime. */
const OVERHEAD = (2048 + 512) * 1024 * 1024
/** Where the pack lies in the sandbox. */
const PACK = '/shoal/pack'

/** What one task may have: threads alone, and of the disk its pack. */
export const onnxBox = (pack: string, task: Pick<TaskRequest, 'limits' | 'gpu'>): Box =>
  nativeBox(
    { processes: 'one', overheadBytes: OVERHEAD, reads: [{ host: pack, inside: PACK }] },
    task,
    availableParallelism()
  )

export interface OnnxEngineParts extends Omit<NativeParts, 'process'> {
  /** The folder of the installed pack (`shoal engine add onnx`). */
  readonly pack: string
  /** Of the runtime in it. */
  readonly version: string
  /** Default: child processes of this Node. */
  readonly process?: ProcessPort
  /** True when `process` keeps runners in a sandbox that passed its self-test. */
  readonly boxed?: boolean
}

/**
 * ONNX Runtime, fed with data only: a model that `admit` took, arrays, and settings. Billing unit: nanoseconds of processor time, user
 * and system, of all threads, from the start of the task. `limits.memoryBytes` is what the task may hold beside the runtime itself.
 */
export class OnnxEngine implements Engine {
  readonly id = 'onnx'
  readonly version: string
  /** With the CPU provider, and then on machines of one instruction set: the runtime's kernels differ between AVX2 and AVX-512. */
  readonly deterministic = true
  readonly isolation: 'process' | 'sandbox'
  readonly #parts: NativeParts
  readonly #pack: string

  constructor({ clock, log, pack, version, process, boxed = false }: OnnxEngineParts) {
    this.version = version
    this.isolation = boxed ? 'sandbox' : 'process'
    this.#pack = pack
    this.#parts = {
      clock,
      log: log.child({ engine: 'onnx' }),
      process: process ?? nativeProcesses({ script: 'onnx-runner', args: [pack], readable: [pack] })
    }
  }

  /** Also throws ARGS_INVALID; MODULE_INVALID says what the model has that is not taken, and where. */
  async prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun> {
    return await prepareTask(this.#parts, this.#launch(task), task, signal)
  }

  #launch(task: TaskRequest): RunnerLaunch {
    const base = { script: 'onnx-runner', flags: RUNNER_FLAGS, permissions: 'addons' } as const
    if (this.isolation === 'process') return base
    return { ...base, args: [PACK], box: onnxBox(this.#pack, task) }
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  /** A core gives 10^9 nanoseconds of its time in a second, on every machine: the units say what was used, not how much was done with it. */
  async benchmark(): Promise<bigint> {
    return 1_000_000_000n
  }
}
