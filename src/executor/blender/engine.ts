import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { Engine, PreparedRun, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import { existing } from '../adapters/host-root.ts'
import { nativeProcesses } from '../adapters/native-process.ts'
import { nativeBox } from '../native/box.ts'
import { prepareTask, type NativeParts } from '../native/prepare.ts'
import type { ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import type { Box, Mount } from '../sandbox/box.ts'
import { parseSettings } from './settings.ts'

const RUNNER_FLAGS = ['--max-old-space-size=1024']

export interface BlenderEngineParts extends Omit<NativeParts, 'process'> {
  /** Absolute path of the program. */
  readonly program: string
  /** As the program says it. */
  readonly version: string
  /** Default: child processes of this Node. */
  readonly process?: ProcessPort
  /** True when `process` keeps runners in a sandbox that passed its self-test. */
  readonly boxed?: boolean
}

const MiB = 1024 * 1024
/** Node beside Blender, and Blender without a scene. */
const OVERHEAD = 1024 * MiB
/** Where the task's files lie in the sandbox. */
const SCRATCH = '/task'

/** What Blender reads of a Linux system besides libraries; what is not there is left out. */
const SYSTEM = ['/usr/share', '/etc/fonts', '/etc/alternatives', '/etc/ld.so.cache']

/** The program itself; a tarball's whole folder, for one that is not the system's. */
const programMount = (program: string): Mount => {
  const host = program.startsWith('/usr/') ? program : dirname(program)
  return { host, inside: host }
}

/** What one task may have: Blender beside its supervisor, and of the disk what Blender reads. */
export function blenderBox(program: string, task: Pick<TaskRequest, 'limits' | 'gpu'>): Box {
  const reads = [programMount(program), ...existing(SYSTEM).map(p => ({ host: p, inside: p }))]
  const box = { processes: 'many', overheadBytes: OVERHEAD, reads, scratch: SCRATCH } as const
  return nativeBox(box, task, availableParallelism())
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
  readonly isolation: 'process' | 'sandbox'
  readonly #parts: NativeParts
  readonly #program: string

  constructor({ clock, log, program, version, process, boxed = false }: BlenderEngineParts) {
    this.version = version
    this.isolation = boxed ? 'sandbox' : 'process'
    this.#program = program
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
    return await prepareTask(this.#parts, this.#launch(task), task, signal)
  }

  #launch(task: TaskRequest): RunnerLaunch {
    const base = { script: 'command-runner', flags: RUNNER_FLAGS, permissions: 'open' } as const
    if (this.isolation === 'process') return base
    return { ...base, args: ['blender', this.#program, SCRATCH], box: blenderBox(this.#program, task) }
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  /** As for every native engine: a core gives 10^9 nanoseconds of its time in a second. */
  async benchmark(): Promise<bigint> {
    return 1_000_000_000n
  }
}
