import { expect } from 'chai'
import type { P2PNetwork } from '../../../src/p2p/network.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { addressOf, isConnected, MemoryLog, startPeer, stopAll, systemClock, until } from './fixtures.ts'

const warnings = (log: MemoryLog): string[] =>
  log.lines.filter(l => l.level === 'warn').map(l => `${l.message} | ${String(l.fields['seen'])}`)
const connections = (p: P2PNetwork): number => p.libp2p.getConnections().length

describe('a ban is told', () => {
  afterEach(stopAll)

  /** Two peers that know each other; the second has a log. */
  async function pair(): Promise<{ judge: P2PNetwork; judged: P2PNetwork; log: MemoryLog }> {
    const log = new MemoryLog()
    const judge = await startPeer()
    const judged = await startPeer({ log })
    await judged.connect(addressOf(judge))
    await until('they know each other', () => isConnected(judge, judged) && isConnected(judged, judge))
    return { judge, judged, log }
  }

  it('before the connection is cut: the banned peer knows by whom, for what and how long, and says it once', async () => {
    const { judge, judged, log } = await pair()
    judge.accuse(judged.peerId, 'huge-packet', 'a packet of 9 MiB')
    await until('it has heard', () => judged.health().bannedBy.length === 1)
    await until('it is cut off', () => connections(judge) === 0)
    expect(judged.health().bannedBy[0]).to.include({
      peer: judge.peerId,
      kind: 'huge-packet',
      seen: 'a packet of 9 MiB',
      words: 'a gossip packet above every limit'
    })
    expect(judged.health().bannedBy[0]?.until).to.be.within(
      Date.now() + 29 * 60_000,
      Date.now() + 31 * 60_000
    )
    expect(warnings(log)).to.deep.equal([
      'a peer has banned us: it says that we sent a gossip packet above every limit | a packet of 9 MiB'
    ])
    expect(judge.health().bans[0]).to.include({ peer: judged.peerId, kind: 'huge-packet' })
    expect(judged.health().bans).to.deep.equal([])
  })

  it('when it comes back, if the first time there was no way to say it; and nothing else of it is read', async () => {
    const { judge, judged } = await pair()
    let asked = 0
    judge.handle('adverts', () => Promise.resolve({ adverts: (asked++, []) }))
    judge.accuse(judged.peerId, 'huge-frame', 'a frame of 9 MiB')
    await until('it is cut off', () => connections(judge) === 0)
    expect(judged.health().bannedBy).to.deep.equal([])
    const request = judged.request(addressOf(judge), 'adverts', { known: [] }).catch((e: unknown) => e)
    await until('it has heard', () => judged.health().bannedBy[0]?.kind === 'huge-frame')
    await until('it is cut off again', () => connections(judge) === 0)
    await request
    expect([asked, isConnected(judge, judged)]).to.deep.equal([0, false])
  })

  it('whoever knows does not knock: what it wanted of that peer fails at once, with the reason', async () => {
    const { judge, judged } = await pair()
    judge.accuse(judged.peerId, 'huge-packet', 'x')
    await until('it has heard', () => judged.health().bannedBy.length === 1)
    await until('it is cut off', () => connections(judged) === 0)
    let dials = 0
    judged.libp2p.addEventListener('connection:open', () => dials++)
    for (let i = 0; i < 20; i++) {
      const error = await judged.request(addressOf(judge), 'adverts', { known: [] }).catch((e: unknown) => e)
      expect(isShoalError(error, 'PEER_REFUSED') && error.message).to.contain('has banned this one')
    }
    expect([dials, judged.peers()]).to.deep.equal([0, []])
    // nor is it held against the one that knows why nobody answers, nor against the other
    expect(judged.health().offences).to.deep.equal({})
  })

  it('a ban that ends early lets the peer in again, and it says that it is talked to', async () => {
    const { judge, judged, log } = await pair()
    judge.accuse(judged.peerId, 'huge-packet', 'x')
    await until('it has heard', () => judged.health().bannedBy.length === 1)
    await until('it is cut off', () => connections(judge) === 0)
    expect(judge.forgive(judged.peerId)).to.equal(true)
    await judge.connect(addressOf(judged))
    await until('they know each other', () => isConnected(judge, judged) && isConnected(judged, judge))
    expect(judged.health().bannedBy).to.deep.equal([])
    expect(log.lines.some(l => l.message.includes('talks to us again'))).to.equal(true)
  })

  it('a peer that does not listen is cut off all the same', async () => {
    const { judge, judged } = await pair()
    await judged.libp2p.unhandle('/shoal/test/farewell/1')
    judge.accuse(judged.peerId, 'huge-packet', 'x')
    await until('it is cut off', () => connections(judge) === 0, 3_000)
    expect(judged.health().bannedBy).to.deep.equal([])
  })

  it('three well-behaved peers that meet the same evidence are right: the ban ends for all of them', async () => {
    const log = new MemoryLog()
    let ahead = 0
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead }
    const judge = await startPeer({ clock, log })
    const others = await Promise.all([1, 2, 3].map(() => startPeer({ bootstrap: [addressOf(judge)] })))
    for (const p of others) p.handle('adverts', () => Promise.resolve({ adverts: [] }))
    await until('all are there', () => others.every(p => isConnected(judge, p)))
    for (const p of others)
      for (let i = 0; i < 10; i++) await judge.request(addressOf(p), 'adverts', { known: [] })
    ahead = 120_000
    const [one, two, three] = others
    if (one === undefined || two === undefined || three === undefined) throw new Error('unreachable')
    judge.accuse(one.peerId, 'dht-flood', 'x')
    judge.accuse(two.peerId, 'dht-flood', 'x')
    expect(judge.health().bans).to.have.length(2)
    judge.accuse(three.peerId, 'dht-flood', 'x')
    const { bans, doubted, offences } = judge.health()
    expect([bans, doubted, offences]).to.deep.equal([[], ['dht-flood'], { 'dht-flood': 3 }])
    expect(log.lines.filter(l => l.level === 'error').map(l => l.message)).to.deep.equal([
      'several well-behaved peers have sent a flood of DHT messages: our measure is wrong, it bans nobody for a while'
    ])
    expect(isConnected(judge, three)).to.equal(true)
  })
})
