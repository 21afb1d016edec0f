import { multiaddr } from '@multiformats/multiaddr'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import { cardOf } from '../../../src/p2p/guards/dht-store.ts'
import { Hosts, hostOf } from '../../../src/p2p/guards/hosts.ts'
import { guardLimits } from '../../../src/p2p/guards/limits.ts'
import { Offences } from '../../../src/p2p/guards/offences.ts'
import { BAN_MAX_MS, BAN_MS, PeerScores } from '../../../src/p2p/peers/scores.ts'
import { dhtRecord } from '../../hostile/raw/kad.ts'
import { FakeClock } from './fake-clock.ts'

/** What the gater looks at: where a connection comes from, and its end. */
const socket = (ip: string): MultiaddrConnection =>
  Object.assign(new EventTarget(), {
    remoteAddr: multiaddr(`/ip4/${ip}/tcp/1`)
  }) as unknown as MultiaddrConnection
const peerId = (name: string): PeerId => ({ toString: () => name }) as PeerId

describe('hosts', () => {
  const make = (clock = new FakeClock(), bad: string[] = []) => {
    const hosts = new Hosts({ clock, banned: p => bad.includes(p), max: 40 })
    const gater = hosts.gater()
    const knock = (ip: string): MultiaddrConnection | undefined => {
      const s = socket(ip)
      return gater.denyInboundConnection?.(s) === true ? undefined : s
    }
    return { clock, hosts, gater, knock, bad }
  }

  it('one host may not hold all handshakes, another still gets in, and places are given back', () => {
    const { knock, hosts } = make()
    const { share } = guardLimits.hosts
    const open = Array.from({ length: 40 }, () => knock('9.9.9.9')).filter(s => s !== undefined)
    expect(open).to.have.length(Math.min(guardLimits.hosts.pendingMax, 40 * share))
    expect(knock('9.9.9.8')).to.not.equal(undefined)
    for (const s of open) s.dispatchEvent(new Event('close'))
    expect(knock('9.9.9.9')).to.not.equal(undefined)
    expect(hosts.size).to.equal(2)
  })

  it('one host may not hold all connections: those that are open count like handshakes', () => {
    const { knock, gater } = make()
    let open = 0
    for (let i = 0; i < 40; i++) {
      const s = knock('9.9.9.9')
      if (s === undefined) continue
      open++
      expect(gater.denyInboundUpgradedConnection?.(peerId(`p${i}`), s)).to.equal(false)
    }
    expect(open).to.equal(40 * guardLimits.hosts.share)
    expect(knock('9.9.9.8')).to.not.equal(undefined)
  })

  it('this very machine is not counted', () => {
    const { knock } = make()
    for (let i = 0; i < 200; i++) expect(knock('127.0.0.1')).to.not.equal(undefined)
    expect(hostOf(multiaddr('/ip6/::1/tcp/1'))).to.equal(undefined)
    expect(hostOf(multiaddr('/ip4/127.0.0.2/tcp/1'))).to.equal('127.0.0.2')
  })

  it('a host with one banned identity after the other is refused, each time for longer', () => {
    const { knock, hosts, clock } = make()
    const ban = (): void => {
      for (let i = 0; i <= guardLimits.hosts.bans.count; i++) hosts.banned(multiaddr('/ip4/9.9.9.9/tcp/1'))
    }
    ban()
    expect(knock('9.9.9.9')).to.equal(undefined)
    expect(knock('9.9.9.8')).to.not.equal(undefined)
    clock.advance(guardLimits.hosts.refusedMs + 1)
    expect(knock('9.9.9.9')).to.not.equal(undefined)
    ban()
    clock.advance(guardLimits.hosts.refusedMs + 1)
    expect(hosts.isRefused('9.9.9.9')).to.equal(true)
  })

  it('banned peers that knock too often cost their host its welcome', () => {
    const { gater, hosts } = make(new FakeClock(), ['evil'])
    for (let i = 0; i <= guardLimits.hosts.knocks.count; i++)
      expect(gater.denyInboundEncryptedConnection?.(peerId('evil'), socket('9.9.9.9'))).to.equal(true)
    expect(hosts.isRefused('9.9.9.9')).to.equal(true)
  })
})

describe('bans', () => {
  it('escalate for one peer, up to a day', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    for (let times = 0; times < 10; times++) {
      scores.ban('p')
      const [ban] = scores.bans()
      expect(ban?.left).to.equal(Math.min(BAN_MAX_MS, BAN_MS * 2 ** times))
      clock.advance((ban?.left ?? 0) + 1)
      expect(scores.banned('p')).to.equal(false)
    }
  })

  it('of an earlier run are taken up with what is left of them', () => {
    const clock = new FakeClock()
    const scores = new PeerScores(clock)
    scores.restore('p', 5_000, 1)
    expect(scores.banned('p')).to.equal(true)
    clock.advance(5_001)
    expect(scores.banned('p')).to.equal(false)
  })
})

describe('offences', () => {
  it('above a budget are reported once each; above a hard one they ban', () => {
    const clock = new FakeClock()
    const said: string[] = []
    const offences = new Offences({
      clock,
      report: (p, c) => said.push(`${p} ${c}`),
      ban: p => said.push(`${p} ban`)
    })
    const quota = { count: 3, windowMs: 1_000 }
    expect(offences.within('p', 'x', quota, 3)).to.equal(true)
    expect(offences.within('p', 'x', quota)).to.equal(false)
    for (let i = 0; i < 4; i++) offences.withinOrBanned('q', 'x', quota)
    expect(said).to.deep.equal(['p spam', 'q ban'])
  })
})

describe('a DHT record', () => {
  it('gives its value, and nothing when it has none', () => {
    const value = Uint8Array.of(1, 2, 3)
    expect(cardOf(dhtRecord(new Uint8Array(300), value))).to.deep.equal(value)
    expect(cardOf(new Uint8Array())).to.deep.equal(new Uint8Array())
    expect(cardOf(Uint8Array.of(0x12, 0xff))).to.deep.equal(new Uint8Array())
  })
})
