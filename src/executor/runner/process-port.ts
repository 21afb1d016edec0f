/** Child processes as the executor sees them. */
import type { Box } from '../sandbox/box.ts'

export interface ProcessExit {
  readonly code: number | null
  readonly signal: string | null
  /** The end of what the child wrote to its standard error; for the operator's log only. */
  readonly errors: string
  /** True when the kernel ended it because its memory was used up; only known of a boxed child in a process group. */
  readonly outOfMemory?: boolean
  /** Processor time of it and its children, nanoseconds; only known of a boxed child in a process group. */
  readonly cpuNs?: bigint
}

/** What a folder is, whatever its name says: device and inode. */
export type FileId = string

export interface ChildLink {
  readonly pid: number | undefined
  /** Resolves when the child took the bytes; rejects with ENGINE_BROKEN when it is gone. */
  write(bytes: Uint8Array): Promise<void>
  /** What the child writes to its standard output; read once. Held back while nobody reads. */
  readonly output: AsyncIterable<Uint8Array>
  /** Never rejects. What the box needed of the host is given back when it resolves. */
  readonly exited: Promise<ProcessExit>
  /** What was opened for each folder that the box shows: the runner must see the same. Empty without a box. */
  readonly mounts: ReadonlyMap<string, FileId>
  /** Changes what all of its box may hold. Does nothing without a process group. ENGINE_BROKEN when the kernel refuses. */
  limitMemory(bytes: number): Promise<void>
  /** Processor time so far, nanoseconds; undefined where nobody counts. */
  cpuNs(): Promise<bigint | undefined>
  /** Makes it and all that it started stand still, or go on. Does nothing where the system cannot. */
  hold(on: boolean): void
  /** SIGKILL; harmless when the child is gone. */
  kill(): void
}

/** One of our own scripts in a fresh Node with an empty environment. */
export interface RunnerLaunch {
  /** Its name in `executor/adapters`, without the ending. */
  readonly script: string
  /** After the script; the folders that the box shows come after them. */
  readonly args?: readonly string[]
  /** For Node. */
  readonly flags: readonly string[]
  /**
   * What Node itself refuses, a second layer: `closed` all but reading our code and starting threads, `addons` takes native code and
   * reads what the box shows, `open` refuses nothing.
   */
  readonly permissions: 'closed' | 'addons' | 'open'
  /** How the kernel keeps it in; without one it is an ordinary process. */
  readonly box?: Box
}

export interface ProcessPort {
  /** ENGINE_BROKEN when that is not possible. */
  startRunner(launch: RunnerLaunch): Promise<ChildLink>
  /** Gives back what was made for runners in common; none is left. Harmless twice. */
  close?(): void
}
