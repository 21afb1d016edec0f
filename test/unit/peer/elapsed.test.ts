/** How long work has gone on, whatever becomes of our clocks meanwhile. */
import { expect } from 'chai'
import { Elapsed } from '../../../src/peer/elapsed.ts'
import type { Clock } from '../../../src/protocol/ports/clock.ts'

const HOUR = 3_600_000

describe('how long work has gone on', () => {
  const hands = { wall: 50 * HOUR, monotonic: 7 }
  const clock = { now: () => hands.wall, monotonic: () => hands.monotonic } as Clock
  beforeEach(() => Object.assign(hands, { wall: 50 * HOUR, monotonic: 7 }))
  const pass = (wall: number, monotonic = wall): void => {
    hands.wall += wall
    hands.monotonic += monotonic
  }

  it('is nothing before it has begun, and then what has passed', () => {
    const elapsed = new Elapsed(clock, undefined)
    pass(HOUR)
    expect(elapsed.ms).to.equal(0)
    elapsed.note(hands.wall)
    pass(1_500)
    elapsed.note(hands.wall - 1_500)
    expect(elapsed.ms).to.equal(1_500)
  })

  it('goes on when the wall clock is set back an hour, or stepped by seconds', () => {
    const elapsed = new Elapsed(clock, hands.wall)
    pass(10_000)
    pass(-HOUR, 0)
    expect(elapsed.ms).to.equal(10_000)
    pass(5_000)
    expect(elapsed.ms).to.equal(15_000)
    pass(HOUR - 5_000, 0)
    expect(elapsed.ms).to.equal(15_000)
  })

  it('counts the hour in which the machine slept and its monotonic clock stood still', () => {
    const elapsed = new Elapsed(clock, hands.wall)
    pass(HOUR, 0)
    expect(elapsed.ms).to.equal(HOUR)
  })

  it('counts what passed before a restart, and is never less than none', () => {
    expect(new Elapsed(clock, hands.wall - 8_000).ms).to.equal(8_000)
    const early = new Elapsed(clock, hands.wall + HOUR)
    expect(early.ms).to.equal(0)
    pass(3_000)
    expect(early.ms).to.equal(3_000)
  })
})
