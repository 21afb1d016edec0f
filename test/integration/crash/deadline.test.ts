/** A provider that says it is alive and delivers nothing. Real peers on simulated time, real contracts. */
import { expect } from 'chai'
import { Person } from '../../crash/cast.ts'
import { isOver, linesOf, Theatre } from '../../crash/theatre.ts'

describe('a provider that only sends signs of life', function () {
  this.timeout(60_000)
  let theatre: Theatre
  before(async () => (theatre = await Theatre.open()))
  after(async () => await theatre?.close())

  it('loses the task at the deadline: another one gets it, and the money of the first returns', async () => {
    const { verdict, slots } = await theatre.show({
      // a day between two steps
      stepMs: { mortal: 86_400_000 },
      play: async ({ clock, slots: s, out }) => {
        for (const seller of [s.provider, s.mortal, s.successor]) seller.start()
        await clock.sleep(1_500)
        s.requester.start()
        const until = clock.monotonic() + 120_000
        await new Person(clock, s.requester, out, {}).submit(until)
        while (clock.monotonic() < until && !(await isOver(s, [s.provider, s.successor])))
          await clock.sleep(100)
        await clock.sleep(3_000)
        return clock.monotonic() < until
      }
    })
    expect(verdict.problems, linesOf(slots).slice(-30).join('\n')).to.deep.equal([])
    expect(verdict.history.join('\n')).to.match(/not delivered in time/)
    expect(verdict.summary).to.match(/0\/1 settled/)
  })
})
