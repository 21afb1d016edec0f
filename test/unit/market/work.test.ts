/** The price bounds the work, the metered work bounds the pay: exact, monotonic, and never more than was signed for. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  earned,
  gasFor,
  isFast,
  leastGas,
  plausible,
  priceFor,
  restOf,
  worth
} from '../../../src/market/work.ts'

const amount = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const rate = fc.record({
  price: fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }),
  gas: fc.bigInt({ min: 1n, max: 2n ** 64n })
})

describe('what a price buys', () => {
  it('is the same share of the work as of the price, and never more than was bid on', () => {
    const bid = { price: 1_000n, gas: 20_000n }
    expect(gasFor(1_000n, bid)).to.equal(20_000n)
    expect(gasFor(250n, bid)).to.equal(5_000n)
    expect(gasFor(1n, bid)).to.equal(20n)
    expect(gasFor(0n, bid)).to.equal(0n)
    expect(gasFor(9_999n, bid)).to.equal(20_000n)
    expect(gasFor(0n, { price: 0n, gas: 7n }), 'a bid for nothing').to.equal(7n)
  })

  it('the price of a piece of work buys all of it, and one unit less does not', () => {
    fc.assert(
      fc.property(rate, amount, (bid, n) => {
        const gas = n % (bid.gas + 1n)
        const price = priceFor(gas, bid)
        expect(gasFor(price, bid) >= gas).to.equal(true)
        if (price > 1n) expect(gasFor(price - 1n, bid) < gas).to.equal(true)
      })
    )
  })

  it('the rest after some work is what is left of it, a twentieth at least', () => {
    const bid = { price: 1_000n, gas: 20_000n }
    expect(restOf(0n, bid)).to.equal(20_000n)
    expect(restOf(15_000n, bid)).to.equal(5_000n)
    for (const used of [19_500n, 20_000n, 10n ** 30n]) expect(restOf(used, bid)).to.equal(leastGas(bid))
    expect(leastGas(bid)).to.equal(1_000n)
  })
})

describe('what metered work has earned', () => {
  it('rises with the work, is never more than the price, and of checkpoints leaves a tenth for the result', () => {
    fc.assert(
      fc.property(rate, amount, amount, (bought, x, y) => {
        const [low, high] = x < y ? [x, y] : [y, x]
        expect(worth(low, bought) <= worth(high, bought)).to.equal(true)
        expect(worth(high, bought) <= bought.price).to.equal(true)
        expect(earned(high, bought) <= (bought.price * 9n) / 10n).to.equal(true)
        expect(earned(0n, bought)).to.equal(0n)
      })
    )
  })

  it('is exact', () => {
    const bought = { price: 1_000n, gas: 20_000n }
    expect(worth(5_000n, bought)).to.equal(250n)
    expect(worth(30_000n, bought)).to.equal(1_000n)
    expect(earned(5_000n, bought)).to.equal(225n)
    expect(worth(5n, { price: 1_000n, gas: 0n })).to.equal(0n)
  })

  it('cannot be more than one thread does in the time, four times the bid at most; other engines use any number of cores', () => {
    expect(plausible(10_000n, 'wasm', 1_000, 1_000n)).to.equal(4_000n)
    expect(plausible(3_999n, 'wasm', 1_000, 1_000n)).to.equal(3_999n)
    expect(plausible(10_000n, 'wasm', -5, 1_000n)).to.equal(0n)
    expect(plausible(10_000n, 'onnx', 0, 1_000n)).to.equal(10_000n)
  })
  it('is looked at more closely when it is more than a quarter above what the bid lets expect, of one thread', () => {
    expect(isFast(1_250n, 'wasm', 1_000, 1_000n)).to.equal(false)
    expect(isFast(1_251n, 'wasm', 1_000, 1_000n)).to.equal(true)
    expect(isFast(1n, 'wasm', 0, 1_000n)).to.equal(true)
    expect(isFast(10_000n, 'onnx', 1, 1_000n)).to.equal(false)
  })
})
