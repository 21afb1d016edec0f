import { expect } from 'chai'
import {
  AT_ONCE_MAX,
  STANDING_MAX,
  ROUND_PAUSE_MS,
  Turns,
  type Turn
} from '../../../src/peer/requester/turns.ts'
import { ManualClock, settle } from '../../support/clock.ts'

const never = new AbortController().signal

/** A market with so many free slots, and jobs of so many seats each. */
function market(free: number | undefined) {
  const clock = new ManualClock(1_000_000)
  const turns = new Turns({ clock, random: { bytes: n => new Uint8Array(n), fraction: () => 0.5 } })
  const state = { free, wanted: true }
  const order: string[] = []
  const given: { job: string; turn: Turn }[] = []
  const ask = (job: string, seats = 1, signal = never): Promise<void> =>
    turns
      .take({ job, seats: () => seats, free: () => state.free, wanted: () => state.wanted }, signal)
      .then(turn => {
        order.push(`${job}:${turn.seats}`)
        given.push({ job, turn })
      })
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 250) await clock.advance(250)
    await settle()
  }
  return { clock, turns, state, order, given, ask, pass }
}

describe('whose turn it is to look for providers', () => {
  it('as many seats are offered as slots are known to be free, whoever asks first, and no slot twice', async () => {
    const { order, ask } = market(4)
    for (const job of ['a', 'b', 'c']) void ask(job, 3)
    await settle()
    expect(order).to.deep.equal(['a:3', 'b:1'])
  })

  it('twenty jobs that wait for six slots are twenty rounds and no more, in the order in which they came', async () => {
    const { order, given, state, turns, ask, pass } = market(6)
    const jobs = Array.from({ length: 20 }, (_, i) => `j${i}`)
    for (const job of jobs) void ask(job)
    await settle()
    for (let minute = 0; minute < 60 && order.length < 20; minute++) {
      // each round fills its seat; a slot is free again some seconds later
      const rounds = given.splice(0)
      state.free = (state.free ?? 0) - rounds.length
      for (const { turn } of rounds) turn.done(1)
      await pass(3_000)
      state.free += rounds.length
      turns.changed()
      await settle()
    }
    expect(order).to.deep.equal(jobs.map(job => `${job}:1`))
  })

  it('while no slot is known to be free a few at the head of the line let their offers stand', async () => {
    const { order, given, ask, pass } = market(0)
    for (let i = 0; i < 50; i++) void ask(`j${i}`)
    await settle()
    expect(order).to.deep.equal(Array.from({ length: STANDING_MAX }, (_, i) => `j${i}:1`))
    expect(given.every(g => g.turn.stands)).to.equal(true)
    await pass(60_000)
    expect(order).to.have.length(STANDING_MAX)
    given[2]?.turn.done(1)
    await pass(250)
    expect(order.at(-1)).to.equal(`j${STANDING_MAX}:1`)
  })

  it('a slot that comes free while offers stand is theirs: nobody else offers for it as well', async () => {
    const { order, given, state, turns, ask, pass } = market(0)
    for (let i = 0; i < STANDING_MAX + 2; i++) void ask(`j${i}`)
    await settle()
    state.free = 1
    turns.changed()
    await pass(2_000)
    expect(order).to.have.length(STANDING_MAX)
    // more slots than offers that stand: the others need not wait
    state.free = STANDING_MAX + 1
    turns.changed()
    await pass(2_000)
    expect(order.slice(STANDING_MAX)).to.deep.equal([`j${STANDING_MAX}:1`])
    expect(given.at(-1)?.turn.stands).to.equal(false)
  })

  it('a job whose rounds fill nothing asks more and more seldom, and at once when there is more on offer', async () => {
    const { order, given, turns, ask, pass } = market(undefined)
    const again = async (ms: number): Promise<number> => {
      const before = order.length
      for (let t = 0; t < ms; t += 250) {
        for (const { turn } of given.splice(0)) {
          turn.done(0)
          void ask('j')
        }
        await pass(250)
      }
      return order.length - before
    }
    void ask('j')
    await settle()
    expect(await again(120_000)).to.be.within(6, 14)
    expect(await again(4_000)).to.equal(0)
    const before = order.length
    turns.changed()
    await pass(ROUND_PAUSE_MS)
    expect(order.length - before).to.equal(1)
  })

  it('who had a turn goes to the end of the line', async () => {
    const { order, given, state, ask, pass } = market(1)
    void ask('a')
    await settle()
    void ask('b')
    for (const { turn } of given.splice(0)) turn.done(1)
    void ask('a')
    state.free = 1
    await pass(2_000)
    expect(order.slice(0, 2)).to.deep.equal(['a:1', 'b:1'])
  })

  it('after a declined agreement a random while passes first, longer each time, until one is agreed', async () => {
    const { order, turns, ask, pass } = market(1)
    for (let i = 0; i < 3; i++) turns.declined()
    void ask('a')
    await pass(250)
    expect(order).to.deep.equal([])
    await pass(1_500)
    expect(order).to.deep.equal(['a:1'])
    turns.agreed()
    turns.declined()
    void ask('b')
    await pass(500)
    expect(order).to.have.length(1)
  })

  it('rounds at the same time are bounded, also when nothing is known', async () => {
    const { order, ask } = market(undefined)
    for (let i = 0; i < 30; i++) void ask(`j${i}`)
    await settle()
    expect(order).to.have.length(AT_ONCE_MAX)
  })

  it('a job that is cancelled, or a peer that stops, waits no longer, and nothing is left behind', async () => {
    const { clock, state, order, given, ask, pass } = market(0)
    const stop = new AbortController()
    for (let i = 0; i < STANDING_MAX; i++) void ask(`a${i}`)
    const b = ask('b', 1, stop.signal).catch((e: Error) => e.message)
    await settle()
    stop.abort(new Error('the peer stops'))
    expect(await b).to.equal('the peer stops')
    void ask('c')
    state.wanted = false
    await pass(500)
    expect(order.slice(STANDING_MAX)).to.deep.equal(['c:0'])
    for (const { turn } of given.splice(0)) turn.done(0)
    await pass(500)
    expect(clock.pending).to.equal(0)
  })
})
