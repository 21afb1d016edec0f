/** Linux by /proc and the process groups' files; other systems tell the disk alone. */
import { readdir, readFile, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RoomPort } from '../room-port.ts'

const KiB = 1024
/** Processes of tasks that are looked at, and depth of nested groups. */
const PROCESSES_MAX = 1_024
const DEPTH_MAX = 32
const FILE_MAX = 64 * KiB

async function text(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).slice(0, FILE_MAX)
  } catch {
    return undefined // not on this machine, or gone meanwhile
  }
}

async function number(path: string): Promise<number | undefined> {
  const said = (await text(path))?.trim() ?? ''
  return /^\d{1,19}$/.test(said) ? Number(said) : undefined // `max` too: no limit
}

/** A number behind its name, one a line, as in memory.stat and /proc/meminfo. */
const field = (all: string | undefined, name: string): number | undefined => {
  const found = new RegExp(`^${name}:?\\s+(\\d{1,19})`, 'm').exec(all ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

/** Bytes that this user may still write where `path` is or would be. */
export async function freeBytes(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch (e) {
      if (dirname(at) === at) throw e
    }
  }
}

/** What the group in `folder` may still take: its limit less what cannot be dropped at once; undefined without a limit. */
async function leftInGroup(folder: string, names: readonly [limit: string, usage: string, cache: string]) {
  const [limit, usage, stat] = await Promise.all([
    number(join(folder, names[0])),
    number(join(folder, names[1])),
    text(join(folder, 'memory.stat'))
  ])
  if (limit === undefined || usage === undefined) return undefined
  return Math.max(0, limit - Math.max(0, usage - (field(stat, names[2]) ?? 0)))
}

const V2 = ['memory.max', 'memory.current', 'inactive_file'] as const
const V1 = ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_inactive_file'] as const

/** The least of this process's own group and all above it. `root`: where /proc and /sys are, for tests. */
export async function groupMemory(root = '/'): Promise<number | undefined> {
  const lines = ((await text(join(root, 'proc/self/cgroup'))) ?? '').split('\n')
  const left: number[] = []
  for (const line of lines) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) continue
    const v1 = controllers?.split(',').includes('memory') === true
    if (!v1 && controllers !== '') continue
    const mount = join(root, 'sys/fs/cgroup', v1 ? 'memory' : '')
    // inside a container the path may be the host's: then only the mount itself is there
    let at = join('/', path)
    for (let i = 0; i < DEPTH_MAX; i++, at = dirname(at)) {
      const here = await leftInGroup(join(mount, at), v1 ? V1 : V2)
      if (here !== undefined) left.push(here)
      if (at === '/') break
    }
  }
  return left.length === 0 ? undefined : Math.min(...left)
}

async function freeMemory(): Promise<number | undefined> {
  const available = field(await text('/proc/meminfo'), 'MemAvailable')
  if (available === undefined) return undefined
  return Math.min(available * KiB, (await groupMemory()) ?? Infinity)
}

/** Of the limit that stands now, less what is open. */
async function freeDescriptors(): Promise<number | undefined> {
  const limit = /^Max open files\s+(\d{1,19})/m.exec((await text('/proc/self/limits')) ?? '')?.[1]
  if (limit === undefined) return undefined
  try {
    return Number(limit) - (await readdir('/proc/self/fd')).length
  } catch {
    return undefined
  }
}

/** Processes below this one. */
async function descendants(): Promise<string[]> {
  const found = [String(process.pid)]
  for (let i = 0; i < found.length && found.length < PROCESSES_MAX; i++) {
    const threads = join('/proc', found[i] ?? '', 'task')
    for (const thread of await readdir(threads).catch(() => []))
      // ended meanwhile
      found.push(...((await text(join(threads, thread, 'children'))) ?? '').split(' ').filter(p => p !== ''))
  }
  return found.slice(1, PROCESSES_MAX)
}

/** Memory of their own: what they share, such as the program itself, is there once. */
async function heldByTasks(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined
  const all = await Promise.all((await descendants()).map(pid => text(join('/proc', pid, 'status'))))
  return all.reduce((n, s) => n + ((field(s, 'RssAnon') ?? 0) + (field(s, 'RssShmem') ?? 0)) * KiB, 0)
}

/** `home`: where blocks and results are written. */
export const systemRoom = (home: string): RoomPort => ({
  look: async (tasks, signal) => {
    signal.throwIfAborted()
    return {
      disk: await freeBytes(home).catch(() => undefined),
      memory: await freeMemory(),
      descriptors: await freeDescriptors(),
      tasks: tasks ? await heldByTasks() : 0
    }
  }
})
