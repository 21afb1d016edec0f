import { expect } from 'chai'
import { Allowance } from '../../../../src/peer/capacity/allowance.ts'
import { ManualClock } from '../../../support/clock.ts'

describe('what challenges may cost', () => {
  it('begins full, fills evenly up to its bound, and what was begun may take it below nothing', async () => {
    const clock = new ManualClock()
    const a = new Allowance(clock, 0.5, 100)
    expect(a.left).to.equal(100)
    a.spend(140)
    expect(a.left).to.equal(-40)
    await clock.advance(80)
    expect(a.left).to.equal(0)
    await clock.advance(1_000)
    expect(a.left).to.equal(100)
  })
})
