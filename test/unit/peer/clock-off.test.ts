/** Whether this machine's clock is wrong: the chain tells, and where it does not, the records of others. */
import { expect } from 'chai'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { AdvertBook } from '../../../src/peer/advert-book.ts'
import { clockOff, PeersClock } from '../../../src/peer/clock-off.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { encode } from '../../../src/protocol/codec.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import type { Verdict } from '../../../src/protocol/ports/network.ts'
import { ManualClock } from '../../support/clock.ts'
import {
  advert,
  NOW,
  person,
  provider,
  requester,
  stranger,
  typed,
  type Person
} from '../../support/records.ts'

const peer = (n: number): PeerIdString => `peer-${n}` as PeerIdString

describe("this machine's clock", () => {
  it('is no reason within what clocks may differ by, and one beyond, by the chain', () => {
    const of = (seconds: number, error = 1) => clockOff({ seconds, error }, undefined)
    for (const fine of [0, 4, -29, 31, -31]) expect(of(fine), String(fine)).to.equal(undefined)
    expect(of(41)).to.equal("this machine's clock is 41 s behind the chain's: others refuse what it signs")
    expect(of(-120)).to.match(/120 s ahead of the chain's/)
    expect(of(41, 12), 'not more than the measurement may be wrong').to.equal(undefined)
  })

  it('is one by what several peers sign, unless the chain or most peers agree with it', () => {
    const others = { peers: 3, seconds: -90 }
    expect(clockOff(undefined, others)).to.equal(
      "this machine's clock is about 90 s ahead of those of 3 peers: their offers cannot be taken"
    )
    expect(clockOff({ seconds: 1, error: 1 }, others)).to.equal(undefined)
    const clock = new ManualClock(NOW)
    const told = new PeersClock(clock)
    told.refused(peer(1), 40_000)
    expect(told.told(0), 'one may be wrong itself').to.equal(undefined)
    told.refused(peer(2), 42_000)
    told.refused(peer(2), 43_000)
    told.refused(peer(3), 900_000)
    expect(told.told(2)).to.deep.equal({ peers: 3, seconds: 43 })
    expect(told.told(3)).to.equal(undefined)
    told.taken(peer(3))
    expect(told.told(1)?.peers).to.equal(2)
  })

  it('was off once: what was seen is forgotten, and no crowd is remembered', async () => {
    const clock = new ManualClock(NOW)
    const told = new PeersClock(clock)
    for (let i = 0; i < 1_000; i++) told.refused(peer(i), 60_000)
    expect(told.told(0)?.peers).to.equal(256)
    await clock.advance(5 * 60_000 + 1)
    expect(told.told(0)).to.equal(undefined)
  })

  it('is noticed by the adverts that it refuses', async () => {
    const clock = new ManualClock(NOW)
    let judge: (data: Uint8Array) => Promise<Verdict> = async () => 'ignore'
    const network = {
      peerId: requester.identity.peerId,
      subscribe: (_: string, j: typeof judge) => ((judge = j), () => undefined),
      handle: () => () => undefined,
      onPeer: () => () => undefined,
      peers: () => []
    }
    const random = { fraction: () => 0 }
    const ports = { clock, network, random, typed, identities: identityVerifier }
    const book = new AdvertBook(ports as unknown as PeerContext)
    await book.start()
    const hear = async (p: Person, seq: number, ahead: number): Promise<Verdict> =>
      await judge(encode(await advert(p, { seq, issued: NOW + ahead, expires: NOW + ahead + 60_000 })))
    expect(await hear(provider, 1, 45_000)).to.equal('ignore')
    expect(await hear(stranger, 1, 47_000)).to.equal('ignore')
    expect(book.peersTime()).to.deep.equal({ peers: 2, seconds: 47 })
    expect(await hear(await person(77), 1, 0)).to.equal('accept')
    expect(book.peersTime()?.peers).to.equal(2)
    expect(await hear(provider, 2, 0)).to.equal('accept')
    expect(book.peersTime()).to.equal(undefined)
    await book.stop()
  })
})
