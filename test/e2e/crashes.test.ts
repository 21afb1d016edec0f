/** Processes die in the middle of jobs of 8 shards: nothing is lost, nothing is paid twice. */
import { expect } from 'chai'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { nbody, NBODY, submit } from '../support/e2e/jobs.ts'
import { jobEnd, jobOf, jobUntil, startWorld, story, type Buyer, type World } from '../support/e2e/world.ts'
import { alive, until } from '../support/e2e/cli.ts'
import { childrenOf } from '../support/processes.ts'

/** Escrows that ended with pay, one for each shard. */
const paidOf = (job: FullJobView): FullJobView['executionList'] =>
  job.executionList.filter(e => e.closing !== undefined && e.closing.outcome === 'accepted')

/** Every shard has one accepted execution and no other agreement of it was paid in full. */
function expectPaidOnce(job: FullJobView): void {
  expect(job.state, story(job)).to.equal('settled')
  expect(new Set(job.executionList.map(e => e.agreement)).size, 'agreements').to.equal(
    job.executionList.length
  )
  const full = paidOf(job).filter(e => e.state === 'settled' && e.acknowledged === e.price)
  expect(full.map(e => e.shard).sort(), story(job)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7])
}

describe('crashes in the middle of a job of 8 shards', function () {
  this.timeout(200_000)
  let world: World
  let buyer: Buyer

  before(async () => {
    world = await startWorld('crashes', { peers: 5, slots: 2, config: { lease: '4s' } })
    buyer = await world.buyer()
  })
  after(async () => await world?.stop())

  it('requester killed right after funding and started again: the job goes on, the result arrives, nothing is paid twice', async () => {
    const before = await world.ledger.snapshot()
    const out = join(world.folder, 'requester-killed')
    const { id } = await submit(buyer.client, NBODY, { out, overrides: nbody(150_000) })
    const funded = await jobUntil(buyer.client, id, 'some escrows are open', j =>
      j.executionList.some(e => ['open', 'started'].includes(e.state))
    )
    await buyer.child.kill()
    expect(alive(buyer.child.pid)).to.equal(false)
    buyer = await world.buyer()
    const job = await jobEnd(buyer.client, id)
    expectPaidOnce(job)
    expect(await readdir(out)).to.have.members(['0', '1', '2', '3', '4', '5', '6', '7'])
    const kept = new Set(job.executionList.map(e => e.agreement))
    for (const e of funded.executionList)
      expect(kept.has(e.agreement), 'an agreement was forgotten').to.equal(true)
    const books = await world.ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
  })

  it('chain killed and started again: no accepted transaction is lost and the job settles', async () => {
    const before = await world.ledger.snapshot()
    const out = join(world.folder, 'chain-killed')
    const { id } = await submit(buyer.client, NBODY, { out, overrides: nbody(200_000), deliverMargin: 120 })
    const running = await jobUntil(
      buyer.client,
      id,
      'escrows are open',
      j => j.executionList.filter(e => e.state === 'started').length >= 4
    )
    const old = [world.net.chain.pid, world.net.chain.anvilPid]
    await world.net.chain.kill()
    await until('chain and anvil are gone', 15_000, () => old.filter(alive).length === 0)
    // work goes on without the chain
    const progress = (j: FullJobView): number => j.executionList.reduce((n, e) => n + e.progress, 0)
    await jobUntil(buyer.client, id, 'work goes on', j => progress(j) > progress(running))
    await world.net.chain.restart()
    expect(old).to.not.include(world.net.chain.pid)
    const job = await jobEnd(buyer.client, id)
    expectPaidOnce(job)
    const books = await world.ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
    for (const e of running.executionList.filter(x => x.state === 'started')) {
      const now = job.executionList.find(x => x.agreement === e.agreement)
      expect(now?.closing?.tx, 'an escrow that was open before the crash has ended').to.match(
        /^0x[0-9a-f]{64}$/
      )
    }
  })

  it('provider killed while it runs: its shards go on elsewhere from a checkpoint, and its refund arrives', async () => {
    const before = await world.ledger.snapshot()
    const out = join(world.folder, 'provider-killed')
    const { id } = await submit(buyer.client, NBODY, {
      out,
      overrides: nbody(300_000, { 'limits.wall': '25s', deadline: '3m' }),
      deliverMargin: 5,
      challengeSeconds: 10
    })
    const half = await jobUntil(buyer.client, id, 'a checkpoint is acknowledged', j =>
      j.executionList.some(e => e.state === 'started' && e.checkpoints >= 2 && e.progress < 0.7)
    )
    const seen = half.executionList.find(e => e.state === 'started' && e.checkpoints >= 2 && e.progress < 0.7)
    const victim = world.net.peers.find(p => p.peer === seen?.provider)
    const runners = childrenOf(victim?.child.pid ?? 0)
    await victim?.child.kill()
    const job = await jobEnd(buyer.client, id)
    expectPaidOnce(job)
    const lost = job.executionList.filter(e => e.provider === victim?.peer && e.state === 'refunded')
    expect(lost.length, story(job)).to.be.greaterThan(0)
    const resumed = job.executionList.filter(e => e.resumedFrom !== undefined && e.state === 'settled')
    expect(resumed.length, story(job)).to.be.greaterThan(0)
    expect(job.resumed).to.be.at.least(resumed.length)
    const whole = job.executionList.find(e => e.state === 'settled' && e.attempt === 1)
    for (const e of resumed) {
      expect(e.resumedFrom?.progress, 'not from zero').to.be.greaterThan(0)
      expect(Number(e.gas), 'less work than a whole run').to.be.lessThan(Number(whole?.gas))
      expect(e.provider).to.not.equal(victim?.peer)
      expect(Number(e.price), 'and a lower price').to.be.lessThan(Number(whole?.price))
    }
    const books = await world.ledger.books(before, job)
    expect(books.conserved, story(job)).to.equal(true)
    expect(books.refunded > 0n).to.equal(true)
    await until('the runners of the killed peer end too', 15_000, () => runners.filter(alive).length === 0)
    // every shard of this job computes the same: the one that was handed over ends with the bytes of one without a break
    const read = (shard: number): Promise<string> => readFile(join(out, String(shard), 'final.txt'), 'utf8')
    const unbroken = job.executionList.find(e => e.state === 'settled' && e.resumedFrom === undefined)
    expect(await read(resumed[0]?.shard ?? -1)).to.equal(await read(unbroken?.shard ?? -1))
  })

  it('keeps its books over a restart: an ended job looks the same', async () => {
    const jobs = (await buyer.client.call<{ jobs: { id: string }[] }>('GET', '/v1/jobs')).jobs
    const before = await Promise.all(jobs.map(j => jobOf(buyer.client, j.id)))
    await buyer.child.stop()
    buyer = await world.buyer()
    const after = await Promise.all(jobs.map(j => jobOf(buyer.client, j.id)))
    expect(after).to.deep.equal(before)
  })
})
