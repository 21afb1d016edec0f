import { expect } from 'chai'
import {
  decideShard,
  failures,
  openSeats,
  standing,
  taskFailures,
  unreliable
} from '../../../src/peer/requester/seats.ts'
import { executionView, jobView } from '../../../src/peer/views.ts'
import type { ExecutionEntry, JobPlan } from '../../../src/peer/journal/entries.ts'
import { execution, job, plan } from '../../support/entries.ts'
import {
  agreement,
  checkpoint,
  common,
  filled,
  failure,
  hex,
  needs,
  person,
  provider,
  result,
  stranger,
  type Person
} from '../../support/records.ts'

const replicas = (copies: number, changes: Partial<JobPlan> = {}) =>
  plan({ tier: 'replicas', copies, ...changes })
/** An execution whose result was fetched. */
const done = async (p: Person, copy: number, digest: number, changes: Partial<ExecutionEntry> = {}) =>
  await execution(p, {
    copy,
    state: 'delivered',
    fetched: true,
    result: await result(p, { digest: hex(digest) }),
    ...changes
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

  it('a failed task that was paid in full is a failure, and its seat is open', async () => {
    const failure = { code: 'LIMIT_GAS', message: '' }
    const all = [
      await execution(provider, { state: 'settled', failure }),
      await execution(stranger, { attempt: 2, state: 'cancelled', failure })
    ]
    expect(taskFailures(all)).to.equal(2)
    expect(failures(all).length).to.equal(2)
    expect(openSeats(plan(), 3, all, false).map(s => s.attempt)).to.deep.equal([3])
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

describe('the checkpoint that the next attempt begins from', () => {
  const left = async (
    p: Person,
    attempt: number,
    progress: number,
    gas: bigint,
    changes: Partial<ExecutionEntry> = {}
  ) =>
    await execution(p, {
      ...{ attempt, state: 'refunded', failure: { code: 'LEASE_MISSED', message: '' } },
      checkpoint: await checkpoint(p, { progress, gas }),
      checkpointKey: filled(1),
      ...changes
    })

  it('is the furthest, and what was metered until it adds up over the attempts', async () => {
    const first = await left(provider, 1, 2_000, 100n)
    const from = openSeats(plan(), 3, [first], false)[0]?.resumedFrom
    expect(from).to.include({ attempt: 1, used: 100n })
    const second = await left(stranger, 2, 5_000, 40n, { resumedFrom: from })
    expect(openSeats(plan(), 3, [first, second], false)[0]?.resumedFrom).to.include({
      attempt: 2,
      used: 140n
    })
  })

  it('is none any more when a task that began from one failed by its own fault: it may have been a lie', async () => {
    const first = await left(provider, 1, 2_000, 100n)
    const resumedFrom = openSeats(plan(), 3, [first], false)[0]?.resumedFrom
    const stated = { taskFailure: await failure(stranger, { code: 'LIMIT_GAS' }), resumedFrom }
    const spent = { ...stated, failure: { code: 'LIMIT_GAS', message: '' } }
    const second = await execution(stranger, { attempt: 2, state: 'cancelled', ...spent })
    expect(openSeats(plan(), 3, [first, second], false)[0]?.resumedFrom).to.equal(undefined)
    expect(taskFailures([first, second]), 'and it says nothing about the task').to.equal(0)
  })
})

describe('results that are not compared by bytes', () => {
  const compared = (copies: number) =>
    replicas(copies, {
      common: { ...common, needs: { ...needs, compare: { by: 'tolerance', absolute: 1, relative: 0 } } }
    })
  const saw = (digest: number, same: boolean) => ({ with: hex(digest), same })

  it('wait until they were held against one another; the verdict counts from either side, and for all of one digest', async () => {
    const [a, b] = [await done(provider, 0, 1), await done(stranger, 1, 2)]
    expect(decideShard(compared(2), [a, b])).to.deep.equal({
      accept: [],
      dispute: [],
      more: false,
      compare: ['3/1/0', '3/1/1']
    })
    expect(openSeats(compared(2), 3, [a, b], false), 'nobody is asked for more meanwhile').to.deep.equal([])
    for (const pair of [
      [{ ...a, compared: [saw(2, true)] }, b],
      [a, { ...b, compared: [saw(1, true)] }]
    ])
      expect(decideShard(compared(2), pair)).to.deep.include({ accept: ['3/1/0', '3/1/1'] })
    const third = await done(person(4), 2, 2)
    const three = [a, { ...b, compared: [saw(1, false)] }, third]
    expect(decideShard(compared(3), three)).to.deep.equal({
      accept: ['3/1/1', '3/1/2'],
      dispute: ['3/1/0'],
      settled: '3/1/1',
      more: false
    })
  })

  it('equal fingerprints are the same without a look; other ones say nothing', async () => {
    const list = [
      await done(provider, 0, 1, { fingerprint: hex(7) }),
      await done(stranger, 1, 2, { fingerprint: hex(7) }),
      await done(person(4), 2, 3, { fingerprint: hex(8) })
    ]
    expect(decideShard(compared(3), list.slice(0, 2))).to.deep.include({ accept: ['3/1/0', '3/1/1'] })
    expect(decideShard(compared(3), list).compare).to.deep.equal(['3/1/2', '3/1/0'])
  })

  it('the job keeps the result that stands, not the first or the last that was paid', async () => {
    const paid = { state: 'settled' as const }
    const list = [
      await done(provider, 0, 1, paid),
      await done(stranger, 1, 2, { ...paid, stands: true }),
      await done(person(4), 2, 3, paid)
    ]
    expect(standing(list).map(e => e.copy)).to.deep.equal([1])
    expect(standing(list.slice(0, 1)).map(e => e.copy)).to.deep.equal([0])
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
        resumedFrom: { attempt: 1, checkpoint: await checkpoint(), context: hex(1), key: filled(1), used: 1n }
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

  it('says what a dispute that nobody ruled on took from everybody, as money that is spent', async () => {
    const signed = agreement({ price: 10n ** 18n })
    const closing = {
      ...{ outcome: 'split', paid: 2n * 10n ** 17n, fee: 10n ** 16n, bondSlashed: 0n, tx: hex(1) },
      refunded: 3n * 10n ** 17n
    }
    const silent = await execution(provider, { state: 'resolved', agreement: signed, closing })
    expect(executionView(silent).closing).to.include({ burned: '0.49' })
    expect(jobView(job(), [silent]).spent).to.equal('0.7')
    const ruled = { ...silent, closing: { ...closing, outcome: 'ruled', refunded: 79n * 10n ** 16n } }
    expect(executionView(ruled).closing).to.include({ burned: '0' })
  })
})
