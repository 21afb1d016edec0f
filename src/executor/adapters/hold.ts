/** Makes processes stand still, and go on: a task whose work is not paid for waits without computing. Linux only; elsewhere nothing is held. */
import { readdirSync, readFileSync } from 'node:fs'

/** Processes of one task that are looked at: its box allows fewer. */
const PROCESSES_MAX = 1_024

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter(text => text.trim() !== '')
        .map(Number)
    )
  } catch {
    return [] // it is gone, or this system has no such files
  }
}

/** A process and all below it, parents first. */
export function treeOf(pid: number): number[] {
  const all = [pid]
  for (let i = 0; i < all.length && all.length < PROCESSES_MAX; i++)
    for (const child of childrenOf(all[i] ?? 0)) if (!all.includes(child)) all.push(child)
  return all.slice(0, PROCESSES_MAX)
}

/** A child of ours and all that it started. */
export const holdChild = ({ pid }: { readonly pid?: number | undefined }, on: boolean): void => {
  if (pid !== undefined) hold(treeOf(pid), on)
}

/** Stops or continues processes; those that are gone, or are not ours to signal, are left out. */
export function hold(pids: readonly number[], on: boolean): void {
  if (process.platform !== 'linux') return
  for (const pid of pids) {
    try {
      process.kill(pid, on ? 'SIGSTOP' : 'SIGCONT')
    } catch {
      continue // it has ended meanwhile
    }
  }
}
