/** What the kernel says of a process (Linux /proc): memory, processor time, bytes read and written, open files. */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessUse {
  /** Resident memory, bytes. */
  readonly rss: number
  /** Processor time of all its threads since it began, s. */
  readonly cpu: number
  /** Bytes through read and write calls: sockets, pipes and files together. */
  readonly io: number
  /** Open file descriptors. */
  readonly files: number
}

/** Ticks of /proc/PID/stat in a second: fixed at 100 on Linux for user space. */
const HERTZ = 100

const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1])

/** Throws when the process is gone. */
export function processUse(pid: number): ProcessUse {
  const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  const stat = read('stat')
  // the command name may hold spaces: fields are counted from behind it; utime and stime are the 14th and 15th of all
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const io = read('io')
  return {
    rss: field(read('status'), 'VmRSS') * 1024,
    cpu: (Number(rest[11]) + Number(rest[12])) / HERTZ,
    io: field(io, 'rchar') + field(io, 'wchar'),
    files: readdirSync(`/proc/${pid}/fd`).length
  }
}

export const MIB = 1024 * 1024
