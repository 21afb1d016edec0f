/** Arguments, environment, clock, randomness, waiting, the end. */
import type { Guest, HostCalls } from './guest.ts'
import { BYTES_PER_GAS } from './guest.ts'
import { ERRNO, WasiError } from './errno.ts'
import { TaskExit } from './stop.ts'

/** What one look at the clock adds: 1 ms, in nanoseconds. */
const TICK = 1_000_000n
const MAX_U64 = (1n << 64n) - 1n

const { success, nosys, notsup, notsock } = ERRNO

function stringCalls(guest: Guest, name: string, list: readonly Uint8Array[]): HostCalls {
  const { memory } = guest
  const total = list.reduce((sum, s) => sum + s.length + 1, 0)
  return {
    [`${name}_sizes_get`]: (count: number, size: number) => {
      memory.setU32(count, list.length)
      memory.setU32(size, total)
      return success
    },
    [`${name}_get`]: (pointers: number, buffer: number) => {
      guest.charge(total / BYTES_PER_GAS)
      let at = buffer
      list.forEach((s, i) => {
        memory.setU32(pointers + i * 4, at)
        memory.bytes(at, s.length).set(s)
        memory.setU8(at + s.length, 0)
        at += s.length + 1
      })
      return success
    }
  }
}

/** Time that begins at 0 and counts calls; a sleep moves it on and takes no real time. */
class CallClock {
  #now = 0n

  tick(): bigint {
    this.#now += TICK
    return this.#now
  }

  sleepUntil(time: bigint): void {
    if (time > this.#now) this.#now = time > MAX_U64 ? MAX_U64 : time
  }

  get now(): bigint {
    return this.#now
  }
}

interface Subscription {
  readonly userdata: bigint
  readonly type: number
  /** For a clock: when it fires. */
  readonly due: bigint
  readonly fd: number
}

const CLOCK = 0
const FD_READ = 1
const MAX_SUBSCRIPTIONS = 1024

function readSubscription(guest: Guest, at: number, now: bigint): Subscription {
  const { memory } = guest
  const type = memory.u8(at + 8)
  if (type > 2) throw new WasiError('inval')
  const timeout = type === CLOCK ? memory.u64(at + 24) : 0n
  const absolute = type === CLOCK && (memory.u16(at + 40) & 1) === 1
  return { userdata: memory.u64(at), type, due: absolute ? timeout : now + timeout, fd: memory.u32(at + 16) }
}

function writeEvent(guest: Guest, at: number, s: Subscription): void {
  const { memory } = guest
  memory.bytes(at, 32).fill(0)
  memory.setU64(at, s.userdata)
  memory.setU8(at + 10, s.type)
  if (s.type === CLOCK) return
  memory.setU64(at + 16, s.type === FD_READ ? 0n : 65536n)
  memory.setU16(at + 24, s.type === FD_READ ? 1 : 0)
}

/** Files and streams are always ready; without them the clock jumps to the first deadline. */
function poll(
  guest: Guest,
  clock: CallClock,
  input: number,
  output: number,
  count: number,
  written: number
): number {
  if (count === 0 || count > MAX_SUBSCRIPTIONS) throw new WasiError('inval')
  guest.charge(count * 20)
  const now = clock.tick()
  const all = Array.from({ length: count }, (_, i) => readSubscription(guest, input + i * 48, now))
  const ready = all.filter(s => s.type !== CLOCK)
  for (const s of ready) guest.descriptors.get(s.fd)
  if (ready.length === 0) {
    clock.sleepUntil(all.reduce((first, s) => (s.due < first ? s.due : first), MAX_U64))
    ready.push(...all.filter(s => s.due <= clock.now))
  }
  ready.forEach((s, i) => writeEvent(guest, output + i * 32, s))
  guest.memory.setU32(written, ready.length)
  return success
}

function checkClock(id: number): void {
  if (id > 3) throw new WasiError('inval')
}

export function systemCalls(guest: Guest): HostCalls {
  const { memory } = guest
  const clock = new CallClock()
  return {
    ...stringCalls(guest, 'args', guest.args),
    ...stringCalls(guest, 'environ', guest.env),
    clock_res_get: (id: number, out: number) => {
      checkClock(id)
      memory.setU64(out, TICK)
      return success
    },
    clock_time_get: (id: number, _precision: bigint, out: number) => {
      checkClock(id)
      memory.setU64(out, clock.tick())
      return success
    },
    random_get: (buffer: number, length: number) => {
      guest.charge(length / 4)
      const target = memory.bytes(buffer, length)
      for (let i = 0; i < length; i += 65536) target.set(guest.random(Math.min(65536, length - i)), i)
      return success
    },
    poll_oneoff: (input: number, output: number, count: number, written: number) =>
      poll(guest, clock, input, output, count, written),
    proc_exit: (code: number) => {
      throw new TaskExit(code)
    },
    proc_raise: () => nosys,
    sched_yield: () => success,
    sock_accept: () => notsup,
    sock_recv: () => notsock,
    sock_send: () => notsock,
    sock_shutdown: () => notsock
  }
}
