import { expect } from 'chai'
import { Waiter } from '../../../src/peer/waiter.ts'
import { ManualClock } from '../../support/clock.ts'

describe('waiting for time, a change, or the end', () => {
  it('a change wakes everybody who pauses, and leaves no timer behind', async () => {
    const clock = new ManualClock()
    const waiter = new Waiter(clock)
    const signal = new AbortController().signal
    const both = Promise.all([waiter.pause(1_000, signal), waiter.pause(9_000, signal)])
    waiter.wake()
    expect(await both).to.deep.equal([false, false])
    expect(clock.pending).to.equal(0)
  })

  it('the end wakes too, also when it came before', async () => {
    const clock = new ManualClock()
    const waiter = new Waiter(clock)
    const stop = new AbortController()
    const pause = waiter.pause(1_000, stop.signal)
    stop.abort()
    expect(await pause).to.equal(false)
    expect(await waiter.pause(1_000, stop.signal)).to.equal(false)
    expect(clock.pending).to.equal(0)
  })
})
