import { expect } from 'chai'
import { Pacer, SHARE } from '../../../src/p2p/engine/pacer.ts'
import { Quotas } from '../../../src/p2p/engine/quota.ts'
import { FakeClock } from './fake-clock.ts'

const quota = { count: 50, windowMs: 10_000 }
const never = new AbortController().signal

/** Lets promises that are due settle. */
const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('our turns at the budgets of others', () => {
  it('a burst goes out at once, the rest at an even pace, and the other side never refuses any of it', async () => {
    const clock = new FakeClock()
    const [pacer, theirs] = [new Pacer(clock), new Quotas(clock)]
    let [out, refused] = [0, 0]
    for (let i = 0; i < 200; i++)
      void pacer.turn('p', quota, never).then(() => {
        out++
        if (!theirs.take('us', 'x', quota)) refused++
      })
    await settle()
    expect(out).to.equal(quota.count * SHARE)
    for (let second = 0; second < 60; second++) {
      clock.advance(1_000)
      await settle()
    }
    expect([out, refused]).to.deep.equal([200, 0])
  })

  it('each peer and kind has turns of its own, and one that is given up does not block', async () => {
    const clock = new FakeClock()
    const pacer = new Pacer(clock)
    for (let i = 0; i < 40; i++) await pacer.turn('p', quota, never)
    await pacer.turn('q', quota, never)
    const gone = AbortSignal.abort(new Error('given up'))
    const error = await pacer.turn('p', quota, gone).catch((e: Error) => e.message)
    expect(error).to.equal('given up')
  })
})
