import { multiaddr } from '@multiformats/multiaddr'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import { cardOf } from '../../../src/p2p/guards/dht-store.ts'
import { Hosts, hostOf } from '../../../src/p2p/guards/hosts.ts'
import { guardLimits } from '../../../src/p2p/guards/limits.ts'
import { DOUBT_AT, DOUBT_MS, Offences } from '../../../src/p2p/guards/offences.ts'
import { BAN_MAX_MS, BAN_MS, Bans } from '../../../src/p2p/peers/bans.ts'
import { noLog } from '../../support/tasks.ts'
import { dhtRecord } from '../../hostile/raw/kad.ts'
import { FakeClock } from './fake-clock.ts'

/** What the gater looks at: where a connection comes from, and its end. */
const socket = (ip: string): MultiaddrConnection =>
  Object.assign(new EventTarget(), {
    remoteAddr: multiaddr(`/ip4/${ip}/tcp/1`)
  }) as unknown as MultiaddrConnection
const peerId = (name: string): PeerId => ({ toString: () => name }) as PeerId

describe('hosts', () => {
  const make = (clock = new FakeClock(), bad: string[] = [], told = true) => {
    const banned = (p: string): boolean => bad.includes(p)
    const hosts = new Hosts({ clock, banned, mayTell: () => !told, resting: p => p === 'tired', max: 40 })
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

  it('a banned peer that has not been told why may come in for that; a stranger that rests may not', () => {
    const { gater } = make(new FakeClock(), ['evil'], false)
    const denied = (name: string) => gater.denyInboundEncryptedConnection?.(peerId(name), socket('9.9.9.9'))
    expect([denied('evil'), denied('tired'), denied('good')]).to.deep.equal([false, true, false])
    expect(gater.denyDialPeer?.(peerId('evil'))).to.equal(true)
  })

  it('banned peers that knock too often cost their host its welcome', () => {
    const { gater, hosts } = make(new FakeClock(), ['evil'])
    for (let i = 0; i <= guardLimits.hosts.knocks.count; i++)
      expect(gater.denyInboundEncryptedConnection?.(peerId('evil'), socket('9.9.9.9'))).to.equal(true)
    expect(hosts.isRefused('9.9.9.9')).to.equal(true)
  })
})

describe('bans', () => {
  const evidence = { kind: 'broken-frame', seen: 'a frame of kind 9', at: 5 }

  it('escalate for one peer, up to a day', () => {
    const clock = new FakeClock()
    const bans = new Bans(clock)
    for (let times = 0; times < 10; times++) {
      expect(bans.add('p', evidence)).to.equal(true)
      expect(bans.add('p', evidence)).to.equal(false)
      const ban = bans.of('p')
      expect(ban?.left).to.equal(Math.min(BAN_MAX_MS, BAN_MS * 2 ** times))
      clock.advance((ban?.left ?? 0) + 1)
      expect(bans.has('p')).to.equal(false)
    }
  })

  it('of an earlier run are taken up with what is left of them', () => {
    const clock = new FakeClock()
    const bans = new Bans(clock)
    bans.restore({ ...evidence, peer: 'p', left: 5_000, times: 1 })
    expect(bans.has('p')).to.equal(true)
    clock.advance(5_001)
    expect(bans.has('p')).to.equal(false)
  })

  it('say what they rest on, and one that was wrong leaves nothing behind', () => {
    const bans = new Bans(new FakeClock())
    bans.add('p', evidence)
    bans.add('q', { ...evidence, kind: 'dht-flood' })
    expect(bans.view()[0]).to.include({ kind: 'broken-frame', seen: 'a frame of kind 9', at: 5, times: 1 })
    expect(bans.view()[0]?.words).to.contain('multiplexer')
    expect(bans.liftKind('broken-frame')).to.deep.equal(['p'])
    expect([bans.lift('p'), bans.lift('q'), bans.lift('q')]).to.deep.equal([false, true, false])
    bans.add('p', evidence)
    expect(bans.of('p')?.times).to.equal(1)
  })
})

describe('offences', () => {
  const budget = { count: 3, windowMs: 1_000, flood: 6, kind: 'dht-flood' } as const
  const make = (good: readonly string[] = [], hosts: Readonly<Record<string, string>> = {}) => {
    const clock = new FakeClock()
    const said: string[] = []
    let late = 0
    const strikes = new Map<string, number>()
    const offences = new Offences({
      ...{ clock, log: noLog, troubles: { lateMs: () => late } },
      strike: p => {
        strikes.set(p, (strikes.get(p) ?? 0) + 1)
        return (strikes.get(p) ?? 0) >= 4
      },
      ban: (p, kind) => said.push(`${p} ${kind}`),
      lift: kind => said.push(`lift ${kind}`),
      wellBehaved: p => good.includes(p),
      hostOf: p => hosts[p]
    })
    return { clock, said, offences, beLate: (ms: number) => (late = ms) }
  }

  it('above a budget something is dropped and counted, and that is all; far above it is a ban', () => {
    const { offences, said } = make()
    expect(offences.within('p', 'x', budget, 3)).to.equal(true)
    for (let i = 0; i < 3; i++) expect(offences.within('p', 'x', budget)).to.equal(false)
    expect([said, offences.counts, offences.limited]).to.deep.equal([[], {}, { x: 3 }])
    expect(offences.within('p', 'x', budget)).to.equal(false)
    expect([said, offences.counts]).to.deep.equal([['p dht-flood'], { 'dht-flood': 1 }])
  })

  it('what comes in one burst after we were late is judged by the time in which it was sent', () => {
    const { offences, said, beLate } = make()
    beLate(10_000)
    for (let i = 0; i < 30; i++) offences.within('p', 'x', budget)
    expect([said, offences.limited]).to.deep.equal([[], {}])
    for (let i = 0; i < 40; i++) offences.within('p', 'x', budget)
    expect(said[0]).to.equal('p dht-flood')
  })

  it('one act may be a broken machine, four are a ban; of the grave ones one is enough', () => {
    const { offences, said } = make()
    for (let i = 0; i < 3; i++) offences.prove('p', 'broken-request', 'x')
    expect(said).to.deep.equal([])
    offences.prove('p', 'broken-request', 'x')
    offences.prove('q', 'huge-frame', 'x')
    expect(said).to.deep.equal(['p broken-request', 'q huge-frame'])
    expect(offences.counts).to.deep.equal({ 'broken-request': 4, 'huge-frame': 1 })
  })

  it('a kind that several well-behaved peers meet is our own mistake: it bans nobody for a while, and its bans end', () => {
    const good = ['a', 'b', 'c']
    const { offences, said, clock } = make(good)
    for (const p of good) offences.prove(p, 'dht-flood', 'x')
    expect(said).to.deep.equal(['a dht-flood', 'b dht-flood', 'lift dht-flood'])
    expect(offences.doubted).to.deep.equal(['dht-flood'])
    offences.prove('d', 'dht-flood', 'x')
    offences.prove('d', 'huge-frame', 'x')
    expect(said.slice(3)).to.deep.equal(['d huge-frame'])
    clock.advance(DOUBT_MS + 1)
    offences.prove('d', 'dht-flood', 'x')
    expect(said.slice(4)).to.deep.equal(['d dht-flood'])
  })

  it('strangers, and many names of one host, raise no doubt', () => {
    const names = Array.from({ length: 2 * DOUBT_AT }, (_, i) => `n${i}`)
    const one = make(names, Object.fromEntries(names.map(n => [n, '9.9.9.9'])))
    const strangers = make()
    for (const { offences, said } of [one, strangers]) {
      for (const n of names) offences.prove(n, 'dht-flood', 'x')
      expect([offences.doubted, said.length]).to.deep.equal([[], names.length])
    }
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
