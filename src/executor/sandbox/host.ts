/** What this machine has to build a sandbox from. */
import type { HostRoot } from './bwrap.ts'
import type { GroupPort } from './cgroup-port.ts'
import type { Arch } from './seccomp/syscalls.ts'

export interface SandboxHost {
  /** Path of bubblewrap. */
  readonly bwrap: string
  readonly arch: Arch
  readonly root: HostRoot
  readonly groups: GroupPort
  /** Path of prlimit, which limits single processes where there are no groups. */
  readonly prlimit?: string
  /** True when this peer runs as root: each task then gets a user of its own, who owns nothing. */
  readonly privileged: boolean
}

/** Why there is no sandbox here, and what brings one. */
export interface Missing {
  readonly what: string
  readonly next: string
}
