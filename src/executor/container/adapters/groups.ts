/** The kernel's process groups that podman makes for a job, all below one of ours by name: who is in them, what they used, their end. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isFolder, readText, remove } from '../../adapters/cgroup-files.ts'

const MOUNT = '/sys/fs/cgroup'

/** Version 2 has one tree, version 1 one for each controller, a mixture has both. */
const roots = (): string[] => [MOUNT, ...readdirSync(MOUNT).map(name => join(MOUNT, name))]

const foldersOf = (name: string): string[] =>
  roots()
    .map(root => join(root, name))
    .filter(isFolder)

/** Nanoseconds of processor time, of processes that ended too; 0 before the first one, and where nobody counts. */
export function cpuNs(name: string): bigint {
  const v1 = readText(join(MOUNT, 'cpuacct', name, 'cpuacct.usage'))
  if (v1 !== undefined) return BigInt(v1.trim())
  const v2 = /^usage_usec (\d+)/m.exec(readText(join(MOUNT, name, 'cpu.stat')) ?? '')
  return BigInt(v2?.[1] ?? 0) * 1_000n
}

/** The kernel charges in batches: use stops a little below the limit. */
const SLACK = 1024 * 1024

/**
 * Whether they came up to this many bytes. Version 1 counts ends for want of memory only in podman's own group, which is gone by then, so
 * the highest use is asked; it holds those below as well.
 */
export function outOfMemory(name: string, limit: number): boolean {
  const highest = readText(join(MOUNT, 'memory', name, 'memory.max_usage_in_bytes'))
  if (highest !== undefined) return Number(highest) >= limit - SLACK
  const kills = /^oom_kill (\d+)/m.exec(readText(join(MOUNT, name, 'memory.events')) ?? '')
  return Number(kills?.[1] ?? 0) > 0
}

const pidsIn = (folder: string): number[] => [
  ...(readText(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number),
  ...readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(entry => pidsIn(join(folder, entry.name)))
]

/** Processes that are in them now; none when there are no such groups. */
export function pidsOf(name: string): number[] {
  try {
    return [...new Set(foldersOf(name).flatMap(pidsIn))]
  } catch {
    return [] // gone meanwhile
  }
}

async function removeTree(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(join(folder, entry.name))
  await remove(folder)
}

/** Kills all that is in them and removes them. Harmless when there are none. */
export async function removeGroups(name: string): Promise<void> {
  for (const folder of foldersOf(name)) await removeTree(folder).catch(() => undefined) // gone meanwhile
}
