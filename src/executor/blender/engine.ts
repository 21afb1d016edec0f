import type { Engine, PreparedRun, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import { nativeProcesses } from '../adapters/native-process.ts'
import { prepareTask, type NativeParts } from '../native/prepare.ts'
import type { ProcessPort } from '../runner/process-port.ts'
import type { Comparison } from '../onnx/compare.ts'
import { parseSettings } from './settings.ts'

const RUNNER_FLAGS = ['--max-old-space-size=1024']

export interface BlenderEngineParts extends Omit<NativeParts, 'process'> {
  /** Absolute path of the program. */
  readonly program: string
  /** As the program says it. */
  readonly version: string
  /** Default: child processes of this Node. */
  readonly process?: ProcessPort
}

/**
 * Frames and tiles of a packed .blend, rendered by Cycles on the processor. The job gives numbers (`settings.ts`), the host sets the rest,
 * and the scene's own Python never runs. Results are PNG files that depend on the pixels alone. Billing unit: nanoseconds of processor
 * time of Blender and its supervisor. Linux only: usage is read from /proc.
 */
export class BlenderEngine implements Engine {
  readonly id = 'blender'
  readonly version: string
  /** Equal pixels on one machine in every run; between processors with other instruction sets Cycles uses other kernels. */
  readonly deterministic = true
  readonly isolation = 'process'
  readonly #parts: NativeParts

  constructor({ clock, log, program, version, process }: BlenderEngineParts) {
    this.version = version
    this.#parts = {
      clock,
      log: log.child({ engine: 'blender' }),
      process:
        process ?? nativeProcesses({ script: 'command-runner', args: ['blender', program], commands: true })
    }
  }

  /** Also throws ARGS_INVALID. */
  async prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun> {
    parseSettings(task.args)
    return await prepareTask(this.#parts, RUNNER_FLAGS, task, signal)
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  /** As for every native engine: a core gives 10^9 nanoseconds of its time in a second. */
  async benchmark(): Promise<bigint> {
    return 1_000_000_000n
  }

  comparison(): Comparison {
    return 'bytes'
  }
}
