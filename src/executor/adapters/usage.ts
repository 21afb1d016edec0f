/** What this process and everything it started use, from /proc. */
import { readdirSync, readFileSync } from 'node:fs'
import { familyOf, parseStat, usageOf, type ProcStat, type Usage } from '../native/proc-stat.ts'

function statOf(entry: string): ProcStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${entry}/stat`, 'utf8'))
  } catch {
    return undefined // it ended between the listing and this
  }
}

/** All processes that /proc shows. */
export const readStats = (): ProcStat[] =>
  readdirSync('/proc').flatMap(entry => (/^\d+$/.test(entry) ? (statOf(entry) ?? []) : []))

/** Zero where there is no /proc. */
export function usage(): Usage {
  if (process.platform !== 'linux') return { nanoseconds: 0n, memoryBytes: 0 }
  return usageOf(familyOf(readStats(), process.pid))
}
