/** The box of native engines' tasks: sized after the task. */
import type { TaskRequest } from '../../protocol/ports/engine.ts'
import type { Box, Mount } from '../sandbox/box.ts'
import { existing } from '../adapters/host-root.ts'
import type { Processes } from '../sandbox/seccomp/filter.ts'

const MiB = 1024 * 1024

/** What the drivers of GPUs read: NVIDIA's cuInit fails without, Vulkan finds its drivers there. */
const GPU_SYSTEM = [
  '/sys/module',
  '/sys/bus/pci',
  '/sys/devices',
  '/sys/class/drm',
  '/etc/vulkan',
  '/usr/share/vulkan'
]

export interface NativeBox {
  readonly processes: Processes
  /** What the engine itself takes, beside the task. */
  readonly overheadBytes: number
  readonly reads: readonly Mount[]
  /** Where a task's files lie, in memory; none for runners that need none. */
  readonly scratch?: string
}

/** A task's folders hold its module and input once, its output and checkpoint twice while they are handed out. */
const scratchBytes = ({ moduleBytes, inputBytes, outputBytes }: TaskRequest['limits']): number =>
  moduleBytes + inputBytes + 3 * outputBytes + 64 * MiB

export function nativeBox(
  { processes, overheadBytes, reads, scratch }: NativeBox,
  { limits, gpu }: Pick<TaskRequest, 'limits' | 'gpu'>,
  cpus: number
): Box {
  const room = scratchBytes(limits)
  return {
    // what lies in the folders is memory as well, and is held once more while it comes and goes
    memoryBytes: overheadBytes + limits.memoryBytes + 2 * room,
    cpus,
    processes,
    maxTasks: 256,
    maxOpenFiles: 1_024,
    fileBytes: room,
    // a GPU's driver looks for its devices in /sys; without a GPU a task does not see it
    reads:
      gpu === undefined
        ? reads
        : [...reads, ...existing(GPU_SYSTEM).map(path => ({ host: path, inside: path }))],
    scratch: scratch === undefined ? [] : [{ inside: scratch, bytes: room }],
    devices: gpu?.devices ?? []
  }
}
