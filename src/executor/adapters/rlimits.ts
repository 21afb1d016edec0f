/**
 * Limits of single processes (setrlimit(2)), where this machine gives us no process groups: the last resort. Memory is limited for each process
 * alone, cores not at all. RLIMIT_DATA counts what is written to, so V8's and CUDA's large reservations of addresses pass. Processes are
 * counted for each user namespace, which every box has of its own, since Linux 5.14; before, a limit would count all of the owner's.
 */
import { execFile } from 'node:child_process'
import { release } from 'node:os'
import { promisify } from 'node:util'
import { ShoalError } from '../../protocol/errors.ts'
import { familyOf } from '../native/proc-stat.ts'
import type { Box, Mount } from '../sandbox/box.ts'
import { readStats } from './usage.ts'

const INSIDE = '/shoal/prlimit'
const PATIENCE_MS = 10_000

export const countsPerNamespace = (kernel = release()): boolean => {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14)
}

/** The command under limits that it and its children keep, and what the box must show for it. */
export function underLimits(
  prlimit: string,
  box: Box,
  command: readonly string[]
): { readonly box: Box; readonly command: readonly string[] } {
  const shown: Mount = { host: prlimit, inside: INSIDE }
  const tasks = countsPerNamespace() ? [`--nproc=${box.maxTasks}`] : []
  const data = box.memoryLater === true ? [] : [`--data=${box.memoryBytes}`]
  return {
    box: { ...box, reads: [...box.reads, shown] },
    command: [INSIDE, ...tasks, ...data, '--', ...command]
  }
}

/** The user of a box's processes; empty when it is ours. The kernel lets nobody else change their limits, root least of all in a container. */
export interface Owner {
  readonly uid?: number
  readonly gid?: number
}

/**
 * Limits the memory of a box that runs one process, which has run nothing foreign yet. `pid` is bubblewrap's. ENGINE_BROKEN when that is not
 * possible.
 */
export async function limitData(prlimit: string, pid: number, bytes: number, user: Owner): Promise<void> {
  const family = familyOf(readStats(), pid)
  try {
    for (const { pid: member } of family)
      await promisify(execFile)(prlimit, ['--pid', String(member), `--data=${bytes}`], {
        ...user,
        timeout: PATIENCE_MS
      })
  } catch (cause) {
    throw new ShoalError('ENGINE_BROKEN', 'The memory of a task could not be limited.', {
      cause,
      next: 'shoal doctor tells what this machine offers.'
    })
  }
}
