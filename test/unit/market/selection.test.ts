import { expect } from 'chai'
import { distance, entersAt, radius, selected } from '../../../src/market/selection.ts'
import { addressOf, hashed } from '../../support/records.ts'

const operators = (n: number) => Array.from({ length: n }, (_, i) => addressOf(`operator ${i}`))
const offers = (n: number) => Array.from({ length: n }, (_, i) => hashed(`offer ${i}`))
const WANTED = 8

describe('bid self-selection', () => {
  it('everyone bids in a small network', () => {
    for (const offer of offers(5))
      for (const o of operators(10))
        expect(selected(offer, o, { wanted: WANTED, providers: 10, elapsed: 0 })).to.equal(true)
  })

  for (const providers of [100, 10_000]) {
    it(`of ${providers} providers about the wanted number bid at once, whichever the offer`, () => {
      const all = operators(providers)
      const counts = offers(20).map(
        offer => all.filter(o => selected(offer, o, { wanted: WANTED, providers, elapsed: 0 })).length
      )
      // the circle holds 16 on average; a binomial with that mean leaves 2..40 once in ten thousand offers
      for (const n of counts) expect(n).to.be.within(2, 40)
      const mean = counts.reduce((a, b) => a + b, 0) / counts.length
      expect(mean).to.be.within(12, 20)
    })
  }

  it('the circle only grows with time and holds everyone from half of the window on', () => {
    const offer = hashed('offer')
    const all = operators(1000)
    let before = 0
    for (let elapsed = 0; elapsed <= 1; elapsed += 0.05) {
      const inside = all.filter(o => selected(offer, o, { wanted: 2, providers: 1000, elapsed })).length
      expect(inside).to.be.at.least(before)
      before = inside
    }
    for (const elapsed of [0.5, 0.9, 1, 7])
      for (const o of all) expect(selected(offer, o, { wanted: 1, providers: 1e9, elapsed })).to.equal(true)
  })

  it('a wrong estimate of the network never leaves the circle without meaning', () => {
    for (const providers of [0, -5, 1, 1e15])
      for (const elapsed of [0, 0.3, 0.49]) {
        const r = radius({ wanted: 8, providers, elapsed })
        expect(r).to.be.within(1, 2 ** 48)
        expect(Number.isInteger(r)).to.equal(true)
      }
  })

  it('the time of entry is the first at which the provider is selected', () => {
    for (const o of operators(300)) {
      const at = entersAt(hashed('offer'), o, WANTED, 300)
      expect(selected(hashed('offer'), o, { wanted: WANTED, providers: 300, elapsed: at })).to.equal(true)
      if (at > 0)
        expect(selected(hashed('offer'), o, { wanted: WANTED, providers: 300, elapsed: at - 0.01 })).to.equal(
          false
        )
    }
  })

  it('an operator is near to some offers and far from others: no key is near to everything', () => {
    const [one, two] = operators(2)
    const list = offers(200)
    for (const o of [one, two]) {
      if (o === undefined) throw new Error('two operators')
      const near = list.filter(offer => distance(offer, o) < 2 ** 47).length
      expect(near).to.be.within(70, 130)
    }
  })

  it('the spelling of an address does not move it', () => {
    const address = addressOf('someone')
    const upper = ('0x' + address.slice(2).toUpperCase()) as typeof address
    expect(distance(hashed('offer'), upper)).to.equal(distance(hashed('offer'), address))
  })
})
