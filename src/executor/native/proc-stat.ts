/** /proc/PID/stat of Linux (proc(5)): who the parent is, what processor time was used, what memory is held. */

export interface ProcStat {
  readonly pid: number
  readonly parent: number
  /** User and system, of the process and of its children that it has waited for, in ticks of 1/100 s. */
  readonly ticks: number
  readonly rssPages: number
}

/** Nanoseconds of a tick: user space sees 100 in a second on every Linux (USER_HZ). */
export const TICK_NS = 10_000_000n
export const PAGE_BYTES = 4096

/** Undefined when the text is no stat line. The command's name may hold anything, also spaces and brackets. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 1 || close < open) return undefined
  const pid = Number(text.slice(0, open))
  const rest = text
    .slice(close + 2)
    .split(' ')
    .map(Number)
  // fields from the third on: state, ppid (4), ... utime (14), stime, cutime, cstime (17), ... rss (24)
  const [parent, times, rss] = [rest[1], rest.slice(11, 15), rest[21]]
  const ticks = times.reduce((n, t) => n + t, 0)
  if (!Number.isSafeInteger(pid) || parent === undefined || rss === undefined) return undefined
  if (times.length !== 4 || ![parent, ticks, rss].every(Number.isSafeInteger)) return undefined
  return { pid, parent, ticks, rssPages: rss }
}

/** A process and all that descend from it. */
export function familyOf(all: readonly ProcStat[], root: number): ProcStat[] {
  const children = Map.groupBy(all, p => p.parent)
  const family = all.filter(p => p.pid === root)
  for (const member of family)
    for (const c of children.get(member.pid) ?? []) if (c.pid !== root) family.push(c)
  return family
}

export interface Usage {
  readonly nanoseconds: bigint
  readonly memoryBytes: number
}

export const usageOf = (family: readonly ProcStat[]): Usage => ({
  nanoseconds: BigInt(family.reduce((n, p) => n + p.ticks, 0)) * TICK_NS,
  memoryBytes: family.reduce((n, p) => n + p.rssPages, 0) * PAGE_BYTES
})
