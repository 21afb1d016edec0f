import { expect } from 'chai'
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import { decodeHeader, encodeFrame, MAX_PAYLOAD } from '../../../src/executor/runner/frames.ts'
import { CheckpointRelay, PROGRESS_EVERY, ProgressRelay } from '../../../src/executor/runner/relay.ts'
import { noLog, recorder } from '../../support/tasks.ts'

/** A clock that moves only when told. */
function handClock(): { clock: Clock; move(ms: number): void } {
  let now = 0
  const timers = new Map<number, { at: number; fn: () => void }>()
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.reject(new Error('not used here')),
    timer: (ms, fn) => {
      const id = timers.size
      timers.set(id, { at: now + ms, fn })
      return () => timers.delete(id)
    },
    every: () => () => undefined
  }
  const move = (ms: number): void => {
    now += ms
    for (const [id, t] of [...timers]) if (t.at <= now && timers.delete(id)) t.fn()
  }
  return { clock, move }
}

const checkpoint = (n: number) => ({ progress: n / 10, gas: BigInt(n), bundle: Uint8Array.of(n) })

describe('progress on its way to a person', () => {
  it('comes at a bounded rate, and the newest always comes', () => {
    const { clock, move } = handClock()
    const hooks = recorder()
    const relay = new ProgressRelay(clock, hooks)
    for (let i = 0; i < 50; i++) relay.offer(i / 100, undefined)
    expect(hooks.progress).to.deep.equal([[0, undefined]])
    move(PROGRESS_EVERY)
    expect(hooks.progress).to.deep.equal([
      [0, undefined],
      [0.49, undefined]
    ])
    relay.offer(1, 'end')
    relay.flush()
    relay.flush()
    move(PROGRESS_EVERY * 10)
    expect(hooks.progress.slice(2)).to.deep.equal([[1, 'end']])
  })
})

describe('checkpoints on their way to a requester', () => {
  it('go one at a time; of those that wait only the newest is kept', async () => {
    const release: (() => void)[] = []
    const hooks = recorder(() => new Promise(done => release.push(done)))
    const relay = new CheckpointRelay(hooks, noLog)
    for (const n of [1, 2, 3]) relay.offer(checkpoint(n))
    expect(hooks.checkpoints.map(c => c.bundle[0])).to.deep.equal([1])
    release[0]?.()
    await new Promise(setImmediate)
    expect(hooks.checkpoints.map(c => [c.sequence, c.bundle[0]])).to.deep.equal([
      [1, 1],
      [2, 3]
    ])
    relay.offer(checkpoint(4))
    relay.drop()
    release[1]?.()
    await relay.idle()
    expect(hooks.checkpoints).to.have.length(2)
  })
})

describe('frames between engine and runner', () => {
  it('are refused when they are too large', () => {
    const frame = encodeFrame(7, Uint8Array.of(1, 2))
    expect(decodeHeader(frame)).to.deep.equal({ type: 7, length: 2 })
    expect(() => encodeFrame(7, new Uint8Array(MAX_PAYLOAD + 1))).to.throw('too large')
    expect(() => decodeHeader(Uint8Array.of(255, 255, 255, 255, 1))).to.throw('too large')
  })
})
