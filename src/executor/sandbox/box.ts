/** What a sandbox is to keep in: said by an engine, made true by `adapters/box-process.ts`. */
import type { Processes } from './seccomp/filter.ts'

/** A folder or file of this machine that the task sees, read-only. */
export interface Mount {
  readonly host: string
  readonly inside: string
}

/** A writable folder in memory, of a fixed size: writing more fails with ENOSPC. */
export interface Scratch {
  readonly inside: string
  readonly bytes: number
}

export interface Box {
  /** Of all processes together, their writable folders included. The kernel ends the task that needs more. */
  readonly memoryBytes: number
  /** `memoryBytes` changes once the task is known, before it comes. Only for boxes of one process. */
  readonly memoryLater?: boolean
  /** Processor cores, for all processes together; a fraction is allowed. */
  readonly cpus: number
  /** `one`: threads but no child processes. */
  readonly processes: Processes
  /** Processes and threads together. */
  readonly maxTasks: number
  /** Open files of each process. */
  readonly maxOpenFiles: number
  /** Largest file that may be written, bytes. */
  readonly fileBytes: number
  readonly reads: readonly Mount[]
  readonly scratch: readonly Scratch[]
  /** Device files that are passed through, for GPUs; none by default. */
  readonly devices: readonly string[]
}

/** Layers that a test takes away one at a time, to see that something notices. Nothing else may set any. */
export interface WithoutLayers {
  readonly uid?: boolean
  readonly namespaces?: boolean
  readonly seccomp?: boolean
  readonly cgroup?: boolean
  readonly quota?: boolean
  readonly mountCheck?: boolean
}
