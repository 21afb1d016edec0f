import { expect } from 'chai'
import { OpenCount, Quotas } from '../../../src/p2p/engine/quota.ts'
import { FakeClock } from './fake-clock.ts'

const quota = { count: 3, windowMs: 1_000 }
const take = (quotas: Quotas, n: number, peer = 'a', method = 'm'): number =>
  Array.from({ length: n }, () => quotas.take(peer, method, quota)).filter(Boolean).length

describe('quotas', () => {
  it('lets a burst of `count` through and refuses the next', () => {
    expect(take(new Quotas(new FakeClock()), 5)).to.equal(3)
  })

  it('fills evenly, never above `count`', () => {
    const clock = new FakeClock()
    const quotas = new Quotas(clock)
    take(quotas, 3)
    clock.advance(334)
    expect(take(quotas, 3)).to.equal(1)
    clock.advance(60_000)
    expect(take(quotas, 10)).to.equal(3)
  })

  it('counts each peer and each method for itself', () => {
    const quotas = new Quotas(new FakeClock())
    take(quotas, 3)
    expect(take(quotas, 1, 'b')).to.equal(1)
    expect(take(quotas, 1, 'a', 'other')).to.equal(1)
  })

  it('refused requests do not push the quota further away', () => {
    const clock = new FakeClock()
    const quotas = new Quotas(clock)
    for (let i = 0; i < 20; i++) {
      take(quotas, 5)
      clock.advance(100)
    }
    clock.advance(1_000)
    expect(take(quotas, 3)).to.equal(3)
  })

  it('forgets peers whose bucket is full again', () => {
    const clock = new FakeClock()
    const quotas = new Quotas(clock)
    take(quotas, 1, 'a')
    clock.advance(900)
    take(quotas, 3, 'b')
    clock.advance(200)
    quotas.forgetIdle()
    expect(quotas.size).to.equal(1)
  })

  it('never keeps more buckets than its bound, however many peers come', () => {
    const quotas = new Quotas(new FakeClock(), 50)
    for (let i = 0; i < 1_000; i++) take(quotas, 1, `peer ${i}`)
    expect(quotas.size).to.equal(50)
  })
})

describe('open requests', () => {
  it('are limited for each key, and leaving twice frees one place only', () => {
    const open = new OpenCount()
    const first = open.enter('a', 2)
    expect(open.enter('a', 2)).to.not.equal(undefined)
    expect(open.enter('a', 2)).to.equal(undefined)
    first?.()
    first?.()
    expect(open.enter('a', 2)).to.not.equal(undefined)
    expect(open.enter('a', 2)).to.equal(undefined)
  })

  it('leave nothing behind', () => {
    const open = new OpenCount()
    open.enter('a', 1)?.()
    expect(open.size).to.equal(0)
  })
})
