import { expect } from 'chai'
import { BanNotices, NOTICES_MAX, TRY_MS } from '../../../src/p2p/peers/notices.ts'
import { Rests, REST_MS } from '../../../src/p2p/peers/rests.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { MemoryLog } from '../../integration/p2p/fixtures.ts'
import { FakeClock } from './fake-clock.ts'

const id = (name: string): PeerIdString => name as PeerIdString
const p = id('p')
const notice = { kind: 'dht-flood', seen: 'more than 600', left: 1_800_000, times: 1 }

describe('bans against us', () => {
  const make = () => {
    const clock = new FakeClock()
    const log = new MemoryLog()
    return { clock, log, notices: new BanNotices({ clock, log }) }
  }

  it('are remembered until they end, and said once', () => {
    const { clock, log, notices } = make()
    notices.heard(p, notice)
    notices.heard(p, { ...notice, left: 1_700_000 })
    const warned = log.lines.filter(l => l.level === 'warn')
    expect(warned.map(l => [l.message, l.fields['seen']])).to.deep.equal([
      ['a peer has banned us: it says that we sent a flood of DHT messages', 'more than 600']
    ])
    expect(notices.view()[0]).to.include({ peer: p, kind: 'dht-flood', seen: 'more than 600', times: 1 })
    clock.advance(1_700_001)
    expect([notices.view(), notices.mayDial(p)]).to.deep.equal([[], true])
  })

  it('keep us from knocking, more seldom each time', () => {
    const { clock, notices } = make()
    notices.heard(p, notice)
    const tries: number[] = []
    for (let second = 0; second < 600; second++) {
      clock.advance(1_000)
      if (notices.mayDial(p)) tries.push(second)
    }
    expect(tries[0]).to.be.within(TRY_MS / 1_000 - 2, TRY_MS / 1_000 + 2)
    expect(tries.length).to.be.within(3, 6)
    expect(notices.mayDial(id('another'))).to.equal(true)
  })

  it('are over when their maker says so, or talks to us again', () => {
    const { notices } = make()
    notices.heard(p, notice)
    notices.heard(p, { ...notice, left: 0 })
    expect(notices.of(p)).to.equal(undefined)
    notices.heard(p, notice)
    notices.over(p)
    expect([notices.of(p), notices.mayDial(p)]).to.deep.equal([undefined, true])
  })

  it('a thousand liars do not make the list grow, and no lie lasts longer than a day', () => {
    const { clock, notices } = make()
    for (let i = 0; i < 1_000; i++) notices.heard(id(`peer ${i}`), { ...notice, left: 10 ** 12 })
    expect(notices.view()).to.have.length(NOTICES_MAX)
    clock.advance(24 * 3_600_000 + 1)
    expect(notices.view()).to.deep.equal([])
  })
})

describe('strangers', () => {
  it('wait a little longer each time, and not at all once they have said who they are', () => {
    const clock = new FakeClock()
    const rests = new Rests(clock)
    rests.add('s')
    clock.advance(REST_MS + 1)
    expect(rests.has('s')).to.equal(false)
    rests.add('s')
    clock.advance(REST_MS + 1)
    expect(rests.has('s')).to.equal(true)
    rests.end('s')
    expect(rests.has('s')).to.equal(false)
  })
})
