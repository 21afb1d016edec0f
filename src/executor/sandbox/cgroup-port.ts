/** Groups of processes whose resources the kernel limits together. */

export interface GroupLimits {
  readonly memoryBytes: number
  readonly cpus: number
  readonly maxTasks: number
}

export interface GroupUsage {
  /** Processor time of all that ran in the group, nanoseconds. */
  readonly cpuNs: bigint
  /** True when the kernel ended a process because the group's memory was used up. */
  readonly outOfMemory: boolean
}

export interface ProcessGroup {
  /** Moves a process into the group; its children begin there. */
  join(pid: number): Promise<void>
  /** Changes the limit of its memory. ENGINE_BROKEN when more than that is in use. */
  limitMemory(bytes: number): Promise<void>
  usage(): Promise<GroupUsage>
  /** Kills whatever is left in it and removes it. Harmless twice. */
  close(): Promise<void>
}

export interface GroupPort {
  /** Which interface of the kernel is in use; `none` on a host that gives us no group. */
  readonly kind: 'v2' | 'v1' | 'none'
  /** ENGINE_BROKEN when the kernel refuses. Never called when `kind` is `none`. */
  open(limits: GroupLimits): Promise<ProcessGroup>
}
