/** A sample of `npm run test:lies`: the same lies each time, of every part that somebody lies in. */
import { expect } from 'chai'
import { z } from 'zod'
import { amount } from '../../../src/protocol/fields.ts'
import { taskOffer } from '../../../src/protocol/records/offer.ts'
import { channels, isOpen } from '../../lies/channels.ts'
import { describeCase, playCase } from '../../lies/cases.ts'
import { fieldsOf } from '../../lies/fields.ts'
import { soil } from '../../lies/hunt.ts'
import { fieldsOn, parts, shuffled, untold, type Part } from '../../lies/plan.ts'
import { plants } from '../../lies/plants.ts'

/** Single lies that are told here, of some twenty thousand. */
const SAMPLE = 150

describe('lies', function () {
  this.timeout(120_000)
  let all: readonly Part[]

  it('nobody is harmed while nobody lies, and every story ends as it should', async () => {
    all = await parts()
    expect(all.length).to.be.at.least(25)
  })

  it('every message that moves money or work is said by somebody, and all of its fields are lied about', () => {
    expect(untold(all).channels).to.deep.equal([])
    const lied = [...channels.keys()].filter(c => !isOpen(c)).reduce((n, c) => n + fieldsOn(c).length, 0)
    expect(lied).to.be.at.least(600)
    // a field that is new in a schema needs no entry anywhere
    const grown = taskOffer.extend({ fresh: z.strictObject({ inner: amount }) })
    expect(fieldsOf(grown).map(f => f.path.join('.'))).to.include.members(['fresh', 'fresh.inner'])
  })

  it('harm nobody who tells the truth', async () => {
    // some of each part, so that a small one is not passed over
    const each = Math.ceil(SAMPLE / all.length)
    for (const c of all.flatMap(p => shuffled(p.singles, 3).slice(0, each))) {
      const { faults } = await playCase(c)
      expect(faults, describeCase(c)).to.deep.equal([])
    }
  })

  it('the faults of before can still be planted: every text that is replaced stands once', () => {
    expect(plants.length).to.equal(7)
    for (const plant of plants) expect(soil(plant).size, plant.id).to.be.greaterThan(0)
  })
})
