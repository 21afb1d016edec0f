import { expect } from 'chai'
import { NOTHING } from '../../../src/market/classes.ts'
import { whyNobody, whyNoneKnown } from '../../../src/peer/requester/nobody.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { BanView, NetworkHealth } from '../../../src/protocol/ports/network-health.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { ManualClock } from '../../support/clock.ts'
import { advert, NOW, offer, provider, requester, stranger, type Person } from '../../support/records.ts'

const calm: NetworkHealth = {
  ...{ offences: {}, limited: {}, bans: [], bannedBy: [], doubted: [], troubles: [] },
  ...{ bootstrap: { known: 3, answered: 3, connected: 3 }, otherVersions: 0 }
}
const banOf = (p: Person | string, words = 'a flood of DHT messages'): BanView => ({
  peer: (typeof p === 'string' ? p : p.identity.peerId) as PeerIdString,
  ...{ kind: 'dht-flood', words, seen: '', at: NOW, until: NOW + 60_000, times: 1 }
})

describe('why nobody bids', () => {
  const why = async (
    health: Partial<NetworkHealth>,
    connected = 0,
    sellers: readonly Person[] = [],
    more: Partial<PeerContext> = {}
  ): Promise<string> => {
    const adverts = await Promise.all(sellers.map(p => advert(p)))
    const ctx = {
      clock: new ManualClock(NOW),
      adverts: { list: () => adverts, serves: () => true, proven: () => NOTHING },
      network: { peers: () => Array.from({ length: connected }), health: () => ({ ...calm, ...health }) },
      ...more
    }
    return whyNobody(ctx as unknown as PeerContext, await offer())
  }

  it('no bootstrap peer has answered', async () => {
    const said = await why({ bootstrap: { known: 3, answered: 0, connected: 0 } })
    expect(said).to.equal('no peer is connected: of 3 bootstrap peers none has answered')
  })

  it('none is configured', async () => {
    expect(await why({ bootstrap: { known: 0, answered: 0, connected: 0 } })).to.contain(
      'none to begin with is configured'
    )
  })

  it('they answered, and the connection is gone', async () => {
    const said = await why({ bootstrap: { known: 2, answered: 1, connected: 0 } })
    expect(said).to.equal('no peer is connected any more; 1 of 2 bootstrap peers answered before')
  })

  it('peers are connected, and none of them sells', async () => {
    expect(await why({}, 2)).to.equal('2 peers are connected, and none that sells is known here')
    // its own advert is none
    expect(await why({}, 1, [requester])).to.equal('1 peer is connected, and none that sells is known here')
  })

  it('they ban this peer: who, and for what', async () => {
    const said = await why({ bannedBy: [banOf(provider), banOf(stranger, 'requests in crumbs')] })
    expect(said).to.equal(
      `no peer is connected; 2 peers ban this one: …${provider.identity.peerId.slice(-8)} says that it sent a flood of DHT messages, ` +
        `…${stranger.identity.peerId.slice(-8)} says that it sent requests in crumbs`
    )
    const many = Array.from({ length: 9 }, (_, i) => banOf(`peer-number-${i}`))
    expect(await why({ bannedBy: many })).to.match(/9 peers ban this one: .*, and 6 more$/)
  })

  it('of those that are known one bans this peer, and one is banned by it', async () => {
    const said = await why({ bannedBy: [banOf(provider)], bans: [banOf(stranger)] }, 1, [provider, stranger])
    expect(said).to.contain('of 2 known providers 1 that ban this peer, 1 that this peer bans;')
    expect(said).to.contain('this peer bans 1 peer (shoal peers)')
  })

  it('of those that are known the class, or the memory that they claim, is not proven', async () => {
    const body = await offer({ class: 'high-end' })
    const list = [await advert(provider, { class: 'high-end' })]
    const book = { list: () => list, serves: () => false, proven: () => NOTHING }
    const ctx = {
      clock: new ManualClock(NOW),
      adverts: book,
      network: { peers: () => [{}], health: () => calm }
    }
    const ask = (o: typeof body): string => whyNobody(ctx as unknown as PeerContext, o)
    expect(ask(body)).to.equal('of 1 known providers 1 of whom class high-end is not proven')
    const large = await offer({ needs: { ...body.needs, memoryBytes: 2 * 1024 ** 3 } })
    list[0] = await advert(provider, { memoryBytes: 64 * 1024 ** 3 })
    const served = { ...ctx, adverts: { ...book, serves: () => true } } as unknown as PeerContext
    expect(whyNobody(served, large)).to.contain('1 with too little memory that is free and proven')
  })

  it('whoever looks for offers before there is a job hears the same', () => {
    const health = { ...calm, otherVersions: 1, bootstrap: { known: 2, answered: 0, connected: 0 } }
    const ctx = { network: { peers: () => [], health: () => health }, clockOff: () => 'the clock is off' }
    expect(whyNoneKnown(ctx as unknown as PeerContext)).to.equal(
      'no peer is connected: of 2 bootstrap peers none has answered; 1 connected peer of another version; the clock is off'
    )
  })

  it('the clock, the version and our own troubles are named, whatever else there is', async () => {
    const clockOff = (): string => 'the clock of this machine is 41 s ahead of the chain'
    const health = { otherVersions: 2, troubles: ['too many open files'] }
    expect(await why(health, 2, [provider], { clockOff })).to.equal(
      'of 1 known providers 1 silent; 2 connected peers of another version; ' +
        'the clock of this machine is 41 s ahead of the chain; too many open files'
    )
  })
})
