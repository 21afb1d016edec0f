/** What a process holds at a moment, after garbage collection: memory, handles, timers, listeners, files, bytes in its home. */
import { getEventListeners } from 'node:events'
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { getHeapSpaceStatistics } from 'node:v8'
import { MIB } from '../support/proc.ts'

export interface Measure {
  /** ms since the process began. */
  readonly at: number
  /** JS heap and what hangs on it outside, after two collections, MiB. */
  readonly heap: number
  /** Part of it that is compiled code and what belongs to it, MiB: V8 compiles what runs often, for a long time on. */
  readonly code: number
  readonly rss: number
  /** Sockets, servers, pipes and other handles. */
  readonly handles: number
  readonly timers: number
  /** Listeners on the process and on the signals that are handed out at start. */
  readonly listeners: number
  readonly files: number
  /** Bytes under the home folder, MiB. */
  readonly disk: number
}

function diskOf(folder: string): number {
  let bytes = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    try {
      bytes += entry.isDirectory() ? diskOf(path) : statSync(path).size
    } catch {
      // removed while we looked
    }
  }
  return bytes
}

/** Names of live handles and timers. */
export const resources = (): { handles: string[]; timers: number } => {
  const all = process.getActiveResourcesInfo()
  const isTimer = (name: string): boolean => name === 'Timeout' || name === 'Immediate'
  return { handles: all.filter(n => !isTimer(n)), timers: all.filter(isTimer).length }
}

/** What each open descriptor leads to. */
export const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return [] // the one that lists them
    }
  })

/** Bytecode, machine code and their tables. */
const codeBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(s => /^(code|trusted)_/.test(s.space_name))
    .reduce((n, s) => n + s.space_used_size, 0)

/** Needs --expose-gc. */
export function measure(home: string, signals: readonly AbortSignal[]): Measure {
  if (gc === undefined) throw new Error('start with --expose-gc')
  gc()
  gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  const { handles, timers } = resources()
  const onProcess = process.eventNames().reduce((n, e) => n + process.listenerCount(e), 0)
  const onSignals = signals.reduce((n, s) => n + getEventListeners(s, 'abort').length, 0)
  return {
    at: performance.now(),
    heap: (heapUsed + external) / MIB,
    code: codeBytes() / MIB,
    rss: rss / MIB,
    handles: handles.length,
    timers,
    listeners: onProcess + onSignals,
    files: openFiles().length,
    disk: diskOf(home) / MIB
  }
}
