import { expect } from 'chai'
import { OwnTroubles } from '../../../src/p2p/guards/own-troubles.ts'
import { troubleOf } from '../../../src/protocol/own-trouble.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { FakeClock } from './fake-clock.ts'

/** A clock whose timers can be held up, and whose wall clock can be set. */
class OddClock extends FakeClock {
  wall = 0
  #held = 0
  override now(): number {
    return this.monotonic() + this.wall
  }
  override monotonic(): number {
    return this.time + this.#held
  }
  /** Time goes by and no timer runs. */
  block(ms: number): void {
    this.#held += ms
  }
}

const failed = (code: string): Error => Object.assign(new Error('x'), { code })

describe('own troubles', () => {
  const make = () => {
    const clock = new OddClock()
    const troubles = new OwnTroubles(clock)
    troubles.start()
    clock.advance(30_000)
    return { clock, troubles }
  }

  it('a loop that runs has none', () => {
    const { troubles } = make()
    expect([troubles.lateMs(10_000), troubles.excuses(10_000), troubles.view()]).to.deep.equal([0, false, []])
  })

  it('a loop that was late is seen before its next beat, and for a while after', () => {
    const { clock, troubles } = make()
    clock.block(5_000)
    expect(troubles.lateMs(1_000)).to.be.within(4_700, 5_000)
    clock.advance(1_000)
    expect(troubles.lateMs(10_000)).to.be.within(4_700, 5_000)
    expect(troubles.excuses(1_000)).to.equal(true)
    expect(troubles.view()[0]).to.match(/late by 4\d\d\d|late by 5000/)
    clock.advance(15_000)
    expect([troubles.lateMs(10_000), troubles.excuses(1_000)]).to.deep.equal([0, false])
  })

  it('a wall clock that leaps, and a machine that slept, are seen', () => {
    for (const leap of [3_600_000, -20_000]) {
      const { clock, troubles } = make()
      clock.wall += leap
      clock.advance(1_000)
      expect(troubles.excuses(1_000), String(leap)).to.equal(true)
      expect(troubles.lateMs(10_000)).to.be.most(60_000)
    }
  })

  it('what the system refuses is found among causes, and excuses for a while', () => {
    const { clock, troubles } = make()
    const deep = new ShoalError('PEER_UNREACHABLE', 'no', {
      cause: new Error('x', { cause: failed('EMFILE') })
    })
    expect(troubles.note(deep)).to.equal(true)
    expect([troubles.excuses(0), troubles.view()]).to.deep.equal([true, ['too many open files']])
    clock.advance(30_000)
    expect(troubles.excuses(0)).to.equal(false)
    expect(troubleOf(new ShoalError('DISK_FULL', 'full'))).to.contain('no space')
  })

  it('what others do is none: refused, reset, silent, or one of several ways closed', () => {
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE'])
      expect(troubleOf(failed(code)), code).to.equal(undefined)
    expect(troubleOf(new AggregateError([failed('ENETUNREACH'), failed('ECONNREFUSED')]))).to.equal(undefined)
    expect(troubleOf(new AggregateError([failed('ENETUNREACH')]))).to.contain('no way')
    const circle = new Error('x')
    circle.cause = circle
    expect(troubleOf(circle)).to.equal(undefined)
  })
})
