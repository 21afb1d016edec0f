import { expect } from 'chai'
import { AddressBook } from '../../../src/p2p/peers/address-book.ts'
import { backoffMs } from '../../../src/p2p/peers/backoff.ts'
import { FakeClock, steady } from './fake-clock.ts'

const any = (): boolean => true
const address = ['/ip4/127.0.0.1/tcp/1']

describe('backoff', () => {
  it('doubles from a second to five minutes, with jitter of half', () => {
    expect(backoffMs(1, steady(0))).to.equal(500)
    expect(backoffMs(1, steady(1))).to.equal(1_000)
    expect(backoffMs(4, steady(1))).to.equal(8_000)
    expect(backoffMs(40, steady(1))).to.equal(300_000)
  })
})

describe('address book', () => {
  it('offers a peer again only after its backoff, and the reliable ones first', () => {
    const clock = new FakeClock()
    const book = new AddressBook({ clock, random: steady(0.5) })
    book.learn('bad', address)
    book.learn('good', address)
    book.failed('bad')
    expect(book.pick(5, any).map(c => c.peer)).to.deep.equal(['good'])
    clock.advance(1_000)
    expect(book.pick(5, any).map(c => c.peer)).to.deep.equal(['good', 'bad'])
  })

  it('hearing of a peer again does not end its backoff', () => {
    const book = new AddressBook({ clock: new FakeClock(), random: steady(0.5) })
    book.learn('bad', address)
    book.failed('bad')
    book.learn('bad', address)
    expect(book.pick(5, any)).to.deep.equal([])
  })

  it('stays bounded under a flood of made-up peers and keeps the newest', () => {
    const clock = new FakeClock()
    const book = new AddressBook({ clock, random: steady(0.5) }, 10)
    for (let i = 0; i < 100; i++) {
      clock.advance(1)
      book.learn(`peer ${i}`, address)
    }
    expect(book.size).to.equal(10)
    expect(book.pick(10, any).map(c => c.peer)).to.include('peer 99')
  })

  it('forgets a peer that never answers', () => {
    const book = new AddressBook({ clock: new FakeClock(), random: steady(0.5) })
    book.learn('gone', address)
    for (let i = 0; i < 8; i++) book.failed('gone')
    expect(book.size).to.equal(0)
  })

  it('a peer without addresses is no candidate', () => {
    const book = new AddressBook({ clock: new FakeClock(), random: steady(0.5) })
    book.learn('light', [])
    expect(book.size).to.equal(0)
  })
})
