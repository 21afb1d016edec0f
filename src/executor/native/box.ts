/** The box of native engines' tasks: sized after the task. */
import type { RunLimits } from '../../protocol/ports/engine.ts'
import type { Box, Mount } from '../sandbox/box.ts'
import type { Processes } from '../sandbox/seccomp/filter.ts'

const MiB = 1024 * 1024

export interface NativeBox {
  readonly processes: Processes
  /** What the engine itself takes, beside the task. */
  readonly overheadBytes: number
  readonly reads: readonly Mount[]
  /** Where a task's files lie, in memory; none for runners that need none. */
  readonly scratch?: string
}

/** A task's folders hold its module and input once, its output and checkpoint twice while they are handed out. */
const scratchBytes = ({ moduleBytes, inputBytes, outputBytes }: RunLimits): number =>
  moduleBytes + inputBytes + 3 * outputBytes + 64 * MiB

export function nativeBox(
  { processes, overheadBytes, reads, scratch }: NativeBox,
  limits: RunLimits,
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
    reads,
    scratch: scratch === undefined ? [] : [{ inside: scratch, bytes: room }],
    devices: []
  }
}
