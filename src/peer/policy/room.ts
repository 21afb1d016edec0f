/**
 * How much of this machine is on offer: what is configured, or what is there less a reserve and less what was promised to tasks and not yet
 * taken, when that is less. Pure.
 */
import { MiB } from '../../protocol/limits.ts'
import type { Needs } from '../../protocol/records/needs.ts'
import { formatSize } from '../../protocol/units.ts'
import type { Free } from './room-port.ts'

export interface RoomLimits {
  readonly memory: number
  readonly disk: number
  /** Kept back for everything else on the machine. */
  readonly reserve: { readonly memory: number; readonly disk: number; readonly descriptors: number }
}

/** A task that an agreement was signed for and that has not ended. */
export interface Promised {
  readonly needs: Pick<Needs, 'memoryBytes' | 'diskBytes' | 'outputBytes'>
  /** It runs: its input lies here, and what its processes hold is no longer free. */
  readonly started: boolean
}

export interface Room {
  /** Bytes on offer for one task. */
  readonly memory: number
  readonly disk: number
  /** Bytes for all further tasks together; Infinity where this machine cannot tell. */
  readonly memoryLeft: number
  readonly diskLeft: number
  /** Further tasks that there are descriptors for. */
  readonly tasks: number
  /** Why less than the configuration says is on offer, one sentence for each. */
  readonly reasons: readonly string[]
  /** Why nothing is; one of `reasons`. */
  readonly closed: string | undefined
}

/** Below this no task of any engine runs, bytes. */
export const MEMORY_LEAST = 32 * MiB
export const DISK_LEAST = 16 * MiB
/** What a task's pipes, streams and connections take, at the most. */
export const DESCRIPTORS_EACH = 32

const sum = (list: readonly number[]): number => list.reduce((n, x) => n + x, 0)
const least = (...list: (number | undefined)[]): number => Math.min(...list.map(x => x ?? Infinity))

/** What running tasks may still take of their memory. Where nobody can tell, they are taken to hold all of it. */
function memoryDue(all: readonly Promised[], held: number | undefined): number {
  const running = sum(all.filter(p => p.started).map(p => p.needs.memoryBytes))
  const waiting = sum(all.filter(p => !p.started).map(p => p.needs.memoryBytes))
  return waiting + running - least(running, held)
}

/** A running task's input is on the disk already, its result is not. */
const diskDue = (all: readonly Promised[]): number =>
  sum(
    all.map(({ needs, started }) => (started ? least(needs.diskBytes, needs.outputBytes) : needs.diskBytes))
  )

interface Kind {
  readonly name: string
  readonly key: string
  readonly wanted: number
  readonly free: number | undefined
  readonly reserve: number
  readonly due: number
  /** Of the smallest offer. */
  readonly least: number
}

/** What is left of a kind, what of it one task is offered, and why that is less than configured. */
function offered({ name, key, wanted, free, reserve, due, least: smallest }: Kind) {
  const left = free === undefined ? Infinity : Math.max(0, free - reserve - due)
  if (left >= wanted) return { left, size: wanted, closed: false }
  const size = left < smallest ? 0 : Math.floor(left / smallest) * smallest
  const promised = due === 0 ? '' : `, ${formatSize(due)} are promised to tasks`
  const reason = `${name}: ${formatSize(free ?? 0)} free, ${formatSize(reserve)} are kept back (provider.reserve.${key})${promised}; ${size === 0 ? 'nothing is on offer' : `${formatSize(size)} of ${formatSize(wanted)} are on offer`}`
  return { left, size, reason, closed: size === 0 }
}

export function roomOf(limits: RoomLimits, free: Free, promised: readonly Promised[]): Room {
  const { reserve } = limits
  const memory = offered({
    ...{ name: 'memory', key: 'memory', wanted: limits.memory, free: free.memory, reserve: reserve.memory },
    ...{ due: memoryDue(promised, free.tasks), least: MEMORY_LEAST }
  })
  const disk = offered({
    ...{ name: 'disk', key: 'disk', wanted: limits.disk, free: free.disk, reserve: reserve.disk },
    ...{ due: diskDue(promised), least: DISK_LEAST }
  })
  const spare = (free.descriptors ?? Infinity) - reserve.descriptors
  const tasks = Math.max(0, Math.floor(spare / DESCRIPTORS_EACH))
  const none =
    tasks > 0
      ? undefined
      : `descriptors: ${free.descriptors} may still be opened, ${reserve.descriptors} are kept back (provider.reserve.descriptors); nothing is on offer`
  const reasons = [memory.reason, disk.reason, none].filter(r => r !== undefined)
  return {
    ...{ memory: memory.size, memoryLeft: memory.left, disk: disk.size, diskLeft: disk.left },
    ...{ tasks, reasons },
    closed: memory.closed ? memory.reason : disk.closed ? disk.reason : none
  }
}

/** How many tasks of this kind there is room for. */
export const tasksFor = (room: Room, { memoryBytes, diskBytes }: Promised['needs']): number =>
  least(
    room.tasks,
    memoryBytes === 0 ? Infinity : Math.floor(room.memoryLeft / memoryBytes),
    diskBytes === 0 ? Infinity : Math.floor(room.diskLeft / diskBytes)
  )

/** Why a task does not fit, with both sizes; undefined when it does. */
export function roomRefusal(room: Room, needs: Promised['needs']): string | undefined {
  if (room.closed !== undefined) return room.closed
  if (needs.memoryBytes > room.memory)
    return `memory: the task may need ${formatSize(needs.memoryBytes)}, ${formatSize(room.memory)} are on offer`
  if (needs.diskBytes > room.disk)
    return `disk: the task may need ${formatSize(needs.diskBytes)}, ${formatSize(room.disk)} are on offer`
  return undefined
}
