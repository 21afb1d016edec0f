import { expect } from 'chai'
import type { Guest } from '../../../src/executor/wasm/wasi/guest.ts'
import { GuestMemory } from '../../../src/executor/wasm/wasi/memory.ts'
import { systemCalls } from '../../../src/executor/wasm/wasi/system-calls.ts'

/** Addresses of the guest's memory that the calls below write to. */
const [TIME, SUBSCRIPTION, EVENT, COUNT] = [0, 64, 128, 192]

describe('the clock that a task sees', () => {
  const memory = new GuestMemory()
  memory.attach(new WebAssembly.Memory({ initial: 1 }))
  const guest = { memory, args: [], env: [], charge: () => undefined } as unknown as Guest
  const calls = systemCalls(guest) as Record<string, (...args: (number | bigint)[]) => number>
  const now = (): bigint => {
    calls['clock_time_get']?.(0, 0n, TIME)
    return memory.u64(TIME)
  }
  /** Sleeps until a time on the task's own clock. */
  const sleepUntil = (time: bigint): void => {
    memory.bytes(SUBSCRIPTION, 48).fill(0)
    memory.setU64(SUBSCRIPTION + 24, time)
    memory.setU16(SUBSCRIPTION + 40, 1)
    expect(calls['poll_oneoff']?.(SUBSCRIPTION, EVENT, 1, COUNT)).to.equal(0)
  }

  it('moves on with every look and with a sleep, and never goes back', () => {
    const first = now()
    expect(now() > first).to.equal(true)
    sleepUntil(10n ** 12n)
    const late = now()
    expect(late > 10n ** 12n).to.equal(true)
    sleepUntil(1n)
    expect(now() > late, 'after a sleep until a time that has passed').to.equal(true)
  })
})
