import { expect } from 'chai'
import { Claims } from '../../../src/peer/requester/claims.ts'
import type { Hex32, PeerIdString } from '../../../src/protocol/ids.ts'
import type { ExecutionState } from '../../../src/protocol/machines/execution.ts'
import type { CapacityAdvert } from '../../../src/protocol/records/advert.ts'

const p = 'p' as PeerIdString
const seat = (shard: number) => ({ jobId: '0x1' as Hex32, shard, attempt: 1, copy: 0 })
const entry = (shard: number, state: ExecutionState) => ({
  ...seat(shard),
  state,
  provider: { peer: p, addresses: [], operator: '0x1', recipient: new Uint8Array() } as never
})

describe('slots that our own jobs have just taken', () => {
  function make() {
    let now = 1_000
    let changes = 0
    const known = { seq: 1, slotsFree: 3 }
    const claims = new Claims({
      clock: { monotonic: () => now },
      seqOf: () => known.seq,
      changed: () => changes++
    })
    const free = () => claims.free({ card: { peer: p }, ...known } as unknown as CapacityAdvert)
    return { claims, known, free, pass: (ms: number) => (now += ms), changes: () => changes }
  }

  it('are not free for another job, until the advert says so itself', () => {
    const { claims, known, free } = make()
    claims.claim(seat(1), p)
    claims.claim(seat(2), p)
    expect(free()).to.equal(1)
    // an advert that was on its way does not know of them yet
    known.seq = 2
    expect(free()).to.equal(1)
    claims.saw(entry(1, 'agreed'))
    expect(free()).to.equal(1)
    Object.assign(known, { seq: 3, slotsFree: 2 })
    expect(free()).to.equal(1) // the second is still on its way
    claims.saw(entry(2, 'agreed'))
    Object.assign(known, { seq: 4, slotsFree: 1 })
    expect(free()).to.equal(1)
  })

  it('are free again when nothing came of it, and the others hear of it', () => {
    const { claims, free, changes } = make()
    claims.claim(seat(1), p)
    claims.release(seat(1))
    claims.release(seat(1))
    expect([free(), changes()]).to.deep.equal([3, 1])
  })

  it('a provider that has declined has none, whatever its advert says, until the next one', () => {
    const { claims, known, free } = make()
    claims.claim(seat(1), p)
    claims.saw(entry(1, 'declined'))
    expect(free()).to.equal(0)
    known.seq = 2
    expect(free()).to.equal(3)
  })

  it('what a bidder could not know when it made its bid is told apart from what it knew', () => {
    const { claims, pass } = make()
    claims.claim(seat(1), p)
    claims.saw(entry(1, 'agreed'))
    pass(500)
    expect(claims.taken(p, 1_200)).to.equal(0)
    claims.claim(seat(2), p)
    pass(500)
    claims.saw(entry(2, 'agreed'))
    expect(claims.taken(p, 1_200)).to.equal(1)
    expect(claims.taken('q' as PeerIdString, 0)).to.equal(0)
  })

  it('end with the work', () => {
    const { claims, free } = make()
    for (const state of ['delivered', 'lost', 'settled', 'cancelled'] as const) {
      claims.claim(seat(1), p)
      claims.saw(entry(1, 'agreed'))
      expect(free(), state).to.equal(2)
      claims.saw(entry(1, state))
      expect(free(), state).to.equal(3)
    }
  })
})
