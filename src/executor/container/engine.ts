import { availableParallelism } from 'node:os'
import { MiB } from '../../protocol/limits.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Engine, PreparedRun, RunLimits, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import type { GpuAccess } from '../../protocol/ports/gpu.ts'
import type { ContainerOffer } from '../../protocol/records/container.ts'
import { prepareTask, type NativeParts } from '../native/prepare.ts'
import type { RunnerLaunch } from '../runner/process-port.ts'
import { allowed, containerOfferOf, imageSource, type ImagePolicy, type ImageSource } from './image.ts'

export interface ContainerEngineParts extends NativeParts {
  /** Podman's. */
  readonly version: string
  readonly policy: ImagePolicy
  /** Lets tasks that bought a GPU reach its driver: a stranger's native code then talks to the kernel's largest driver. */
  readonly gpu?: boolean
}

/** In memory, beside what the task's own limits give: /tmp of the task. */
const TMP_BYTES = 64 * MiB
/** An image that came with a job lies there as a tar and once more unpacked; it may unpack to so many times its size. */
const IMAGE_ROOM = 5

const nameModule = (image: string): Uint8Array => new TextEncoder().encode(JSON.stringify({ image }))

/** What a task's folders hold: input once, output and checkpoint with what is renamed over them. */
const folderBytes = ({ inputBytes, outputBytes }: RunLimits): number =>
  inputBytes + 3 * outputBytes + 16 * MiB

export const launchOf = (
  limits: RunLimits,
  source: ImageSource,
  moduleBytes: number,
  gpu: GpuAccess | undefined
): RunnerLaunch => ({
  script: 'container-runner',
  flags: ['--max-old-space-size=1024'],
  permissions: 'open',
  args:
    gpu === undefined ? [] : [JSON.stringify({ vendor: gpu.vendor, index: gpu.index, devices: gpu.devices })],
  box: {
    // what it writes below /out and /ckpt is memory as well
    memoryBytes: limits.memoryBytes + 3 * limits.outputBytes + TMP_BYTES,
    cpus: availableParallelism(),
    processes: 'many',
    maxTasks: 256,
    maxOpenFiles: 1_024,
    fileBytes: Math.max(limits.outputBytes, TMP_BYTES),
    reads: [],
    scratch: [
      {
        inside: '/task',
        bytes:
          folderBytes(limits) + (source.kind === 'tar' ? IMAGE_ROOM * moduleBytes + 64 * MiB : moduleBytes)
      },
      { inside: '/tmp', bytes: TMP_BYTES }
    ],
    devices: gpu?.devices ?? []
  }
})

/**
 * Any Linux program, in a container of podman: off unless the owner turns it on. The module is an image, or the name of one that the
 * owner keeps; arguments follow its entry point. Results are its own affair, so equal tasks may differ. Billing unit: nanoseconds of
 * processor time of the container's group.
 */
export class ContainerEngine implements Engine {
  readonly id = 'container'
  readonly version: string
  readonly deterministic = false
  readonly isolation = 'sandbox'
  readonly containers: ContainerOffer
  readonly #parts: ContainerEngineParts

  constructor(parts: ContainerEngineParts) {
    this.version = parts.version
    this.containers = containerOfferOf(parts.policy)
    this.#parts = { ...parts, log: parts.log.child({ engine: 'container' }) }
  }

  /** Also throws MODULE_INVALID for an image that the owner does not run, and ENGINE_BROKEN for a GPU without the owner's word. */
  async prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun> {
    const { policy, gpu } = this.#parts
    const source = allowed(imageSource(task.module), policy)
    if (task.gpu !== undefined && gpu !== true)
      throw new ShoalError('ENGINE_BROKEN', 'Containers of this provider get no GPU.', {
        next: 'Its owner may set provider.containers.gpu.'
      })
    const launch = launchOf(task.limits, source, task.module.length, task.gpu)
    const module = source.kind === 'named' ? nameModule(source.name) : task.module
    return await prepareTask(this.#parts, launch, { ...task, module }, signal)
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  /** As for every native engine: a core gives 10^9 nanoseconds of its time in a second. */
  async benchmark(): Promise<bigint> {
    return 1_000_000_000n
  }

  async close(): Promise<void> {
    this.#parts.process.close?.()
  }
}
