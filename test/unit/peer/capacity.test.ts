import { expect } from 'chai'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { hex } from '../../support/records.ts'

describe('execution slots', () => {
  it('are given out up to their number, once for each agreement, and come back', () => {
    let changes = 0
    const slots = new Capacity(2, () => changes++)
    expect([1, 2, 3].map(n => slots.reserve(hex(n)))).to.deep.equal([true, true, false])
    expect(slots.free).to.equal(0)
    expect(slots.reserve(hex(2)), 'asked for again').to.equal(true)
    expect(slots.free).to.equal(0)
    slots.release(hex(1))
    slots.release(hex(1))
    expect(slots.free).to.equal(1)
    expect(slots.reserve(hex(3))).to.equal(true)
    expect(changes).to.equal(4)
  })

  it('a provider without slots sells nothing', () => {
    expect(new Capacity(0, () => undefined).reserve(hex(1))).to.equal(false)
  })
})
