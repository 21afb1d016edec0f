import type { Libp2p } from '@libp2p/interface'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { identity } from 'multiformats/hashes/identity'
import { ANNOUNCEMENT_MS, Announcements } from '../../../src/p2p/announcements.ts'
import { noLog } from '../../support/tasks.ts'
import { FakeClock } from './fake-clock.ts'

const cidOf = (n: number): CID => CID.createV1(raw.code, identity.digest(Buffer.from(String(n))))

function setUp() {
  const clock = new FakeClock()
  const withdrawn: string[] = []
  const libp2p = {
    contentRouting: { cancelReprovide: async (cid: CID) => void withdrawn.push(cid.toString()) }
  } as unknown as Libp2p
  const all = new Announcements({ libp2p, clock, log: noLog })
  all.start()
  return { clock, withdrawn, all, add: (n: number, ms: number) => all.add(String(n), cidOf(n), ms) }
}

describe('announcements in the DHT', () => {
  it('each is withdrawn when what it is for has ended, whatever came before it', () => {
    const { clock, withdrawn, all, add } = setUp()
    add(1, 10 * 60_000)
    add(2, 90_000)
    clock.advance(2 * 60_000)
    expect(withdrawn).to.deep.equal([cidOf(2).toString()])
    expect(all.size).to.equal(1)
    clock.advance(9 * 60_000)
    expect(all.size).to.equal(0)
  })

  it('none outlives two hours, and one that is announced again begins anew', () => {
    const { clock, withdrawn, all, add } = setUp()
    add(1, Number.MAX_SAFE_INTEGER)
    clock.advance(ANNOUNCEMENT_MS - 60_000)
    add(1, Number.MAX_SAFE_INTEGER)
    clock.advance(60_000)
    expect(withdrawn).to.deep.equal([])
    clock.advance(ANNOUNCEMENT_MS)
    expect(all.size).to.equal(0)
  })

  it('the oldest makes room above 4,096', () => {
    const { withdrawn, all, add } = setUp()
    for (let n = 0; n < 4_098; n++) add(n, 60_000)
    expect(all.size).to.equal(4_096)
    expect(withdrawn).to.deep.equal([cidOf(0), cidOf(1)].map(String))
  })

  it('stop forgets them', () => {
    const { clock, all, add } = setUp()
    add(1, 60_000)
    all.stop()
    expect(all.size).to.equal(0)
    expect(clock.pending).to.equal(0)
  })
})
