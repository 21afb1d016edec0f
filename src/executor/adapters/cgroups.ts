/** Process groups of Linux: version 2 where it holds the controllers, version 1 where the host still has it, none elsewhere. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { GroupLimits, GroupPort, GroupUsage, ProcessGroup } from '../sandbox/cgroup-port.ts'
import { isFolder, make, readText, remove, set, sweep } from './cgroup-files.ts'

/** Microseconds of a scheduling period: the kernel's default. */
const PERIOD_US = 100_000
const V1_CONTROLLERS = ['memory', 'pids', 'cpu', 'cpuacct'] as const
const V2_CONTROLLERS = ['memory', 'pids', 'cpu'] as const

let count = 0
const nextName = (): string => `shoal-${process.pid}-${++count}`
const quota = (cpus: number): number => Math.max(1_000, Math.round(cpus * PERIOD_US))

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Which group this process is in: the lines "N:controller,...:path" of /proc/self/cgroup. */
function ownGroup(text: string, controller: string): string {
  for (const line of text.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (names.split(',').includes(controller)) return path
  }
  return '/'
}

class V1Group implements ProcessGroup {
  readonly #folders: ReadonlyMap<string, string>

  constructor(folders: ReadonlyMap<string, string>) {
    this.#folders = folders
  }

  /** ENGINE_BROKEN when the kernel refuses one of the limits; what was made is removed. */
  async limit({ memoryBytes, maxTasks, cpus }: GroupLimits): Promise<this> {
    try {
      for (const folder of this.#folders.values()) make(folder)
      set(this.#at('memory'), 'memory.limit_in_bytes', memoryBytes)
      // without swap accounting there is no such file, and swap is not counted
      if (readText(join(this.#at('memory'), 'memory.memsw.limit_in_bytes')) !== undefined)
        set(this.#at('memory'), 'memory.memsw.limit_in_bytes', memoryBytes)
      set(this.#at('pids'), 'pids.max', maxTasks)
      set(this.#at('cpu'), 'cpu.cfs_period_us', PERIOD_US)
      set(this.#at('cpu'), 'cpu.cfs_quota_us', quota(cpus))
      return this
    } catch (e) {
      await this.close()
      throw e
    }
  }

  async join(pid: number): Promise<void> {
    for (const folder of new Set(this.#folders.values())) set(folder, 'cgroup.procs', pid)
  }

  async limitMemory(bytes: number): Promise<void> {
    const folder = this.#at('memory')
    const both = join(folder, 'memory.memsw.limit_in_bytes')
    const now = Number(readText(both) ?? NaN)
    // the two limits may never cross: the one of memory alone stays below
    if (bytes > now) set(folder, 'memory.memsw.limit_in_bytes', bytes)
    set(folder, 'memory.limit_in_bytes', bytes)
    if (bytes < now) set(folder, 'memory.memsw.limit_in_bytes', bytes)
  }

  async usage(): Promise<GroupUsage> {
    const oom = /^oom_kill (\d+)/m.exec(readText(join(this.#at('memory'), 'memory.oom_control')) ?? '')
    return {
      cpuNs: BigInt((readText(join(this.#at('cpuacct'), 'cpuacct.usage')) ?? '0').trim()),
      outOfMemory: Number(oom?.[1] ?? 0) > 0
    }
  }

  async close(): Promise<void> {
    for (const folder of new Set(this.#folders.values())) await remove(folder)
  }

  #at(controller: string): string {
    return this.#folders.get(controller) ?? ''
  }
}

/** Version 1: one tree per controller; two controllers may share a tree. */
async function openV1(mount: string, own: string): Promise<GroupPort | undefined> {
  const parents = new Map<string, string>()
  for (const controller of V1_CONTROLLERS) {
    const root = join(mount, controller)
    // in a container the mount begins at our own group, whose path then does not exist below it
    const inside = join(root, ownGroup(own, controller))
    const parent = isFolder(inside) ? inside : root
    if (!isFolder(parent) || !writable(parent)) return undefined
    parents.set(controller, parent)
  }
  for (const parent of new Set(parents.values())) await sweep(parent)
  return {
    kind: 'v1',
    open: limits => {
      const name = nextName()
      return new V1Group(new Map([...parents].map(([c, parent]) => [c, join(parent, name)]))).limit(limits)
    }
  }
}

class V2Group implements ProcessGroup {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** ENGINE_BROKEN when the kernel refuses one of the limits; what was made is removed. */
  async limit({ memoryBytes, maxTasks, cpus }: GroupLimits): Promise<this> {
    try {
      make(this.#folder)
      set(this.#folder, 'memory.max', memoryBytes)
      if (readText(join(this.#folder, 'memory.swap.max')) !== undefined)
        set(this.#folder, 'memory.swap.max', 0)
      set(this.#folder, 'pids.max', maxTasks)
      set(this.#folder, 'cpu.max', `${quota(cpus)} ${PERIOD_US}`)
      return this
    } catch (e) {
      await this.close()
      throw e
    }
  }

  async join(pid: number): Promise<void> {
    set(this.#folder, 'cgroup.procs', pid)
  }

  async limitMemory(bytes: number): Promise<void> {
    set(this.#folder, 'memory.max', bytes)
  }

  async usage(): Promise<GroupUsage> {
    const used = /^usage_usec (\d+)/m.exec(readText(join(this.#folder, 'cpu.stat')) ?? '')
    const oom = /^oom_kill (\d+)/m.exec(readText(join(this.#folder, 'memory.events')) ?? '')
    return { cpuNs: BigInt(used?.[1] ?? 0) * 1_000n, outOfMemory: Number(oom?.[1] ?? 0) > 0 }
  }

  async close(): Promise<void> {
    await remove(this.#folder)
  }
}

/**
 * Version 2: below our own group when its controllers are handed down (a delegated scope of systemd), else below the root when we may
 * write there.
 */
async function openV2(mount: string, own: string): Promise<GroupPort | undefined> {
  for (const parent of new Set([join(mount, ownGroup(own, '')), mount])) {
    if (!isFolder(parent) || !writable(parent)) continue
    const control = join(parent, 'cgroup.subtree_control')
    if (!handsDown(control) && !handDown(control)) continue
    await sweep(parent)
    return { kind: 'v2', open: limits => new V2Group(join(parent, nextName())).limit(limits) }
  }
  return undefined
}

const handsDown = (control: string): boolean => {
  const given = (readText(control) ?? '').trim().split(/\s+/)
  return V2_CONTROLLERS.every(c => given.includes(c))
}

/** Asks the kernel to hand the controllers down. It refuses in a group that holds processes itself, but for the root. */
function handDown(control: string): boolean {
  try {
    set(control, '', V2_CONTROLLERS.map(c => `+${c}`).join(' '))
  } catch {
    return false
  }
  return handsDown(control)
}

/** What this machine offers. `mount` and `own` are where the kernel shows its groups and which of them is ours. */
export async function openGroups(
  mount = '/sys/fs/cgroup',
  own = readText('/proc/self/cgroup') ?? ''
): Promise<GroupPort> {
  const none: GroupPort = {
    kind: 'none',
    open: () => Promise.reject(new Error('this machine has no process groups'))
  }
  return (await openV2(mount, own)) ?? (await openV1(mount, own)) ?? none
}
