/** The few things that are done to files of the cgroup file system. */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ShoalError } from '../../protocol/errors.ts'

/** A group that still holds a dying process cannot be removed; it dies within milliseconds, of SIGKILL. */
const REMOVE_TRIES = 100
const REMOVE_PAUSE_MS = 20

export const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Undefined when there is no such file or it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** ENGINE_BROKEN when the kernel refuses. */
export function set(group: string, file: string, value: string | number | bigint): void {
  try {
    writeFileSync(join(group, file), String(value))
  } catch (cause) {
    throw new ShoalError('ENGINE_BROKEN', `The kernel refused the limit ${file} of a task.`, {
      cause,
      next: 'shoal doctor tells what this machine offers.'
    })
  }
}

/** ENGINE_BROKEN when the kernel refuses. */
export function make(group: string): void {
  try {
    mkdirSync(group)
  } catch (cause) {
    throw new ShoalError('ENGINE_BROKEN', 'The kernel refused a group for the processes of a task.', {
      cause,
      next: 'shoal doctor tells what this machine offers.'
    })
  }
}

const pidsIn = (group: string): number[] =>
  (readText(join(group, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)

function kill(group: string): void {
  for (const pid of pidsIn(group)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (e) {
      if (!(e instanceof Error && 'code' in e && e.code === 'ESRCH')) throw e
    }
  }
}

/** Kills what is in the group and removes it; true when it is gone. */
export async function remove(group: string): Promise<boolean> {
  for (let n = 0; n < REMOVE_TRIES && isFolder(group); n++) {
    kill(group)
    try {
      rmdirSync(group)
    } catch {
      await setTimeout(REMOVE_PAUSE_MS)
    }
  }
  return !isFolder(group)
}

/** Names of groups are shoal-PID-N: those of processes that are no more are leftovers of a kill -9. */
export async function sweep(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const pid = Number(/^shoal-(\d+)-\d+$/.exec(name)?.[1] ?? NaN)
    if (Number.isInteger(pid) && readText(`/proc/${pid}/stat`) === undefined) await remove(join(parent, name))
  }
}
