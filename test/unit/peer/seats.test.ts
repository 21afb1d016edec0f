import { expect } from 'chai'
import fc from 'fast-check'
import { decide, quorumOf, type Candidate } from '../../../src/peer/requester/verify.ts'
import { openSeats, decideShard, taskFailures, unreliable } from '../../../src/peer/requester/seats.ts'
import { earned } from '../../../src/peer/requester/receipts.ts'
import { jobView } from '../../../src/peer/views.ts'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import { execution, job, plan } from '../../support/entries.ts'
import {
  checkpoint,
  filled,
  hex,
  person,
  provider,
  result,
  stranger,
  type Person
} from '../../support/records.ts'

const c = (id: string, digest: number, accepted = false): Candidate => ({ id, digest: hex(digest), accepted })
const replicas = (copies: number) => plan({ tier: 'replicas', copies })
/** An execution whose result was fetched. */
const done = async (p: Person, copy: number, digest: number, changes: Partial<ExecutionEntry> = {}) =>
  await execution(p, {
    copy,
    state: 'delivered',
    fetched: true,
    result: await result(p, { digest: hex(digest) }),
    ...changes
  })

describe('which results are accepted', () => {
  it('none: the first result stands, an equal one is accepted too, another is disputed', () => {
    expect(decide('none', 1, [], 1)).to.deep.equal({ accept: [], dispute: [], more: false })
    expect(decide('none', 1, [c('a', 1)], 0)).to.deep.equal({
      accept: ['a'],
      dispute: [],
      settled: hex(1),
      more: false
    })
    expect(decide('none', 1, [c('a', 1, true), c('b', 1), c('d', 2)], 0)).to.deep.include({
      accept: ['b'],
      dispute: ['d'],
      settled: hex(1)
    })
  })

  it('replicas: a quorum is more than half of the copies', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map(quorumOf)).to.deep.equal([1, 2, 2, 3, 3, 4, 4])
  })

  it('replicas: nothing is accepted on one word, and nothing asked for while copies are out', () => {
    expect(decide('replicas', 2, [c('a', 1)], 1)).to.deep.equal({ accept: [], dispute: [], more: false })
    expect(decide('replicas', 3, [c('a', 1), c('b', 2)], 1)).to.deep.equal({
      accept: [],
      dispute: [],
      more: false
    })
  })

  it('replicas: equal hashes with a quorum stand at once and the liar is disputed', () => {
    expect(decide('replicas', 3, [c('liar', 9), c('a', 1), c('b', 1)], 0)).to.deep.equal({
      accept: ['a', 'b'],
      dispute: ['liar'],
      settled: hex(1),
      more: false
    })
  })

  it('replicas: a mismatch with all copies in asks for one more, which decides', () => {
    expect(decide('replicas', 2, [c('a', 1), c('b', 2)], 0)).to.deep.equal({
      accept: [],
      dispute: [],
      more: true
    })
    expect(decide('replicas', 2, [c('a', 1), c('b', 2), c('d', 2)], 0)).to.deep.include({
      accept: ['b', 'd'],
      dispute: ['a'],
      more: false
    })
    expect(decide('replicas', 2, [c('a', 1), c('b', 2), c('d', 3)], 0).more).to.equal(true)
  })

  it('nothing is ever both accepted and disputed, and accepted always equals what stands', () => {
    const candidate = fc.record({
      id: fc.uuid(),
      digest: fc.integer({ min: 1, max: 3 }).map(hex),
      accepted: fc.constant(false)
    })
    fc.assert(
      fc.property(
        fc.constantFrom('none' as const, 'replicas' as const),
        fc.integer({ min: 1, max: 7 }),
        fc.array(candidate, { maxLength: 8 }),
        fc.nat(3),
        (tier, copies, list, pending) => {
          const d = decide(tier, copies, list, pending)
          expect(d.accept.filter(id => d.dispute.includes(id))).to.deep.equal([])
          for (const id of d.accept) expect(list.find(x => x.id === id)?.digest).to.equal(d.settled)
          if (d.settled === undefined) expect(d.accept.length + d.dispute.length).to.equal(0)
          else expect(d.accept.length + d.dispute.length).to.equal(list.length)
          if (tier === 'replicas' && d.settled !== undefined)
            expect(d.accept.length).to.be.at.least(quorumOf(copies))
        }
      )
    )
  })
})

describe('which executions a shard still needs', () => {
  it('one seat at first, none while it is held, none once a result stands', async () => {
    expect(openSeats(plan(), 3, [], false)).to.deep.equal([
      { shard: 3, copy: 0, attempt: 1, avoid: [], resumedFrom: undefined }
    ])
    expect(openSeats(plan(), 3, [await execution(provider)], false)).to.deep.equal([])
    expect(openSeats(plan(), 3, [await done(provider, 0, 1)], false)).to.deep.equal([])
  })

  it('a lost attempt is offered again with a higher number, to somebody else', async () => {
    const lost = await execution(provider, { state: 'lost' })
    const [seat] = openSeats(plan(), 3, [lost], false)
    expect(seat).to.include({ attempt: 2, copy: 0 })
    expect(seat?.avoid).to.deep.equal([provider.operator.address])
    expect(openSeats(plan(), 3, [lost], true)[0]?.avoid).to.deep.equal([])
  })

  it('a declined attempt counts as a try but not against the peer', async () => {
    const [seat] = openSeats(plan(), 3, [await execution(provider, { state: 'declined' })], false)
    expect(seat).to.deep.include({ attempt: 2, avoid: [] })
  })

  it('resumes from the furthest checkpoint that can be opened, not from the newest', async () => {
    const past = async (attempt: number, progress: number, key = true) =>
      await execution(provider, {
        attempt,
        state: 'lost',
        agreementId: hex(attempt),
        checkpoint: await checkpoint(provider, { progress }),
        checkpointKey: key ? filled(attempt) : undefined
      })
    const list = [
      await past(1, 2_000),
      await past(2, 6_000),
      await past(3, 1_000),
      await past(4, 9_000, false)
    ]
    const [seat] = openSeats(plan(), 3, list, false)
    expect(seat?.attempt).to.equal(5)
    expect(seat?.resumedFrom).to.deep.include({ attempt: 2, key: filled(2), context: hex(2) })
    expect(seat?.resumedFrom?.checkpoint.progress).to.equal(6_000)
  })

  it('a replica never resumes from another’s checkpoint: a copied mistake would pass for agreement', async () => {
    const lost = await execution(provider, {
      state: 'lost',
      checkpoint: await checkpoint(),
      checkpointKey: filled(1)
    })
    for (const seat of openSeats(replicas(2), 3, [lost], false)) expect(seat.resumedFrom).to.equal(undefined)
  })

  it('replicas: as many seats as copies, the missing ones only, and one more after a mismatch', async () => {
    expect(openSeats(replicas(3), 3, [], false).map(s => s.copy)).to.deep.equal([0, 1, 2])
    const running = await execution(provider, { copy: 1 })
    expect(openSeats(replicas(3), 3, [running], false).map(s => s.copy)).to.deep.equal([0, 2])
    const two = [await done(provider, 0, 1), await done(stranger, 1, 2)]
    const more = openSeats(replicas(2), 3, two, false)
    expect(more.map(s => [s.copy, s.attempt])).to.deep.equal([[2, 1]])
    expect(more[0]?.avoid).to.have.members([provider.operator.address, stranger.operator.address])
    const third = await done(person(4), 2, 2)
    expect(decideShard(replicas(2), [...two, third])).to.deep.include({
      accept: ['3/1/1', '3/1/2'],
      dispute: ['3/1/0']
    })
    expect(openSeats(replicas(2), 3, [...two, third], false)).to.deep.equal([])
  })

  it('a result that was not fetched, or was refused, decides nothing', async () => {
    const unfetched = await done(provider, 0, 1, { fetched: false })
    const refused = await done(provider, 0, 1, { state: 'disputed' })
    expect(decideShard(plan(), [unfetched]).settled).to.equal(undefined)
    expect(decideShard(plan(), [refused]).settled).to.equal(undefined)
    expect(openSeats(plan(), 3, [refused], false).length).to.equal(1)
  })

  it('two providers that say the task fails are believed, one that says it twice is not', async () => {
    const failed = (p: Person, code: string) =>
      execution(p, { state: 'lost', failure: { code, message: '' } })
    expect(
      taskFailures([await failed(provider, 'TASK_FAILED'), await failed(provider, 'LIMIT_GAS')])
    ).to.equal(1)
    expect(
      taskFailures([await failed(provider, 'TASK_FAILED'), await failed(stranger, 'TASK_TRAP')])
    ).to.equal(2)
    expect(
      taskFailures([await failed(provider, 'LIMIT_WALL'), await failed(stranger, 'LEASE_MISSED')])
    ).to.equal(0)
    expect(
      unreliable([await failed(provider, 'LEASE_MISSED'), await failed(stranger, 'TASK_FAILED')])
    ).to.deep.equal([provider.operator.address])
  })
})

describe('what a checkpoint has earned', () => {
  const price = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
  const bps = fc.integer({ min: 0, max: 10_000 })
  it('rises with progress, begins at nothing, and leaves a tenth of the price for the result', () => {
    fc.assert(
      fc.property(price, bps, bps, bps, (p, begun, x, y) => {
        const [low, high] = x < y ? [x, y] : [y, x]
        expect(earned(p, begun, low) <= earned(p, begun, high)).to.equal(true)
        expect(earned(p, begun, begun)).to.equal(0n)
        expect(earned(p, begun, high) >= 0n && earned(p, begun, high) <= (p * 9n) / 10n).to.equal(true)
      })
    )
  })

  it('is exact: half of the way from where the attempt began is nine twentieths', () => {
    expect(earned(1_000n, 0, 5_000)).to.equal(450n)
    expect(earned(1_000n, 4_000, 7_000)).to.equal(450n)
    expect(earned(1_000n, 4_000, 3_000)).to.equal(0n)
    expect(earned(1_000n, 10_000, 10_000)).to.equal(0n)
  })
})

describe('a job as people see it', () => {
  it('counts shards done, executions bought, attempts resumed and money spent to the unit', async () => {
    const closing = {
      outcome: 'accepted',
      paid: 3n * 10n ** 17n,
      fee: 10n ** 16n,
      refunded: 0n,
      bondSlashed: 0n,
      tx: hex(1)
    }
    const list = [
      await done(provider, 0, 1, { shard: 0, state: 'settled', closing }),
      await execution(provider, { shard: 1, state: 'declined' }),
      await execution(stranger, {
        shard: 1,
        attempt: 2,
        resumedFrom: { attempt: 1, checkpoint: await checkpoint(), context: hex(1), key: filled(1) }
      })
    ]
    expect(jobView(job(), list)).to.include({
      shards: 8,
      shardsDone: 1,
      executions: 2,
      resumed: 1,
      spent: '0.31'
    })
  })
})
