/** A job whose results are paid for ends in time, keeps what is its owner's, and lets its owner out of every wait. */
import { expect } from 'chai'
import { dirname } from 'node:path'
import { memoryStore } from '../../../src/devnet/memory-store.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import type { ExecutionEntry, JobEntry } from '../../../src/peer/journal/entries.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import { resultFile, resultFolder } from '../../../src/peer/requester/fetch-result.ts'
import { JobRunner } from '../../../src/peer/requester/job-runner.ts'
import { PATIENCE_MS } from '../../../src/peer/requester/placing.ts'
import { isUnderWay } from '../../../src/peer/under-way.ts'
import { jobView } from '../../../src/peer/views.ts'
import { digestOf } from '../../../src/protocol/codec.ts'
import { bundleFromMap } from '../../../src/protocol/bundle.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Files } from '../../../src/protocol/ports/files.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { execution, job, plan } from '../../support/entries.ts'
import { systemLogger } from '../../../src/devnet/adapters/quiet-log.ts'
import { common, NOW, object, provider, result } from '../../support/records.ts'
import { memoryFiles } from '../../support/world/files.ts'

const HOME = layoutOf('/home/buyer')
const text = new TextEncoder()
const filledSignature = `0x${'11'.repeat(65)}`

interface Stage {
  readonly clock: ManualClock
  readonly files: Files
  readonly journal: Journal
  readonly runner: JobRunner
  /** Set: putting anything in its place fails so. */
  trouble: ShoalError | undefined
  /** What a provider's result holds, once it can be kept here. */
  content: Uint8Array | undefined
  readonly entry: () => JobEntry
  readonly executions: () => Promise<ExecutionEntry[]>
  /** Lets so much time pass, in steps that the flows can follow. */
  pass(ms: number, until?: () => boolean): Promise<void>
  stop(): Promise<void>
}

async function stage(
  changes: Partial<JobEntry>,
  entries: readonly Partial<ExecutionEntry>[]
): Promise<Stage> {
  const clock = new ManualClock(NOW)
  const memory = memoryFiles()
  const owner = job({
    ...changes,
    plan: plan({ out: '/work/out', inputs: [object, object], ...changes.plan })
  })
  const store = memoryStore()
  const journal = new Journal(store, clock)
  const self: Pick<Stage, 'trouble' | 'content'> = { trouble: undefined, content: undefined }
  const files: Files = {
    ...memory,
    rename: async (from, to) => {
      if (self.trouble !== undefined && to.startsWith('/work')) throw self.trouble
      await memory.rename(from, to)
    }
  }
  await journal.putJob(owner, 'began')
  for (const [shard, e] of entries.entries()) {
    const entry = await execution(provider, { shard, ...e })
    await journal.putExecution(entry, 'began')
    if (entry.fetched)
      await files.write(
        resultFile(HOME, entry),
        bundleFromMap(new Map([['out.txt', text.encode(`shard ${shard}`)]]))
      )
  }
  const escrow = {
    ...{ state: 'open', acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n }
  }
  const ctx = {
    ...{ clock, files, journal, home: HOME, log: systemLogger, config: {}, engines: new Map() },
    content: {
      forget: async () => undefined,
      get: async function* () {
        if (self.content === undefined) throw new ShoalError('DISK_FULL', 'the disk is full: /home')
        yield self.content
      }
    },
    recipient: { unwrap: async () => new Uint8Array(32) },
    operator: { sign: async () => filledSignature },
    settlement: {
      ...{ generation: 2, escrow: async () => escrow },
      time: async () => 0n,
      network: { feeBps: 0 }
    },
    network: { request: async () => await Promise.reject(new Error('nobody')), report: () => undefined },
    adverts: { locate: (p: object) => p },
    chainNews: { listen: () => () => undefined },
    chainNow: () => BigInt(Math.floor(clock.now() / 1000))
  } as unknown as PeerContext
  const market = {
    turns: { forget: () => undefined },
    claims: { saw: () => undefined },
    book: {}
  } as unknown as ConstructorParameters<typeof JobRunner>[1]
  const runner = new JobRunner(ctx, market, owner)
  const stopping = new AbortController()
  await runner.recover(stopping.signal)
  const running = runner.run(stopping.signal)
  return Object.assign(self, {
    ...{ clock, files, journal, runner },
    entry: () => runner.job,
    executions: () => journal.executions(owner.id),
    pass: async (ms: number, until = () => false) => {
      for (let passed = 0; passed <= ms && !until(); passed += 500) {
        await clock.advance(500)
        for (let i = 0; i < 8; i++) await settle()
      }
    },
    stop: async () => {
      stopping.abort(new ShoalError('CANCELLED', 'the test ends'))
      await clock.advance(0)
      await running
    }
  })
}

const busy = (): ShoalError =>
  new ShoalError('DISK_ERROR', 'EBUSY: /work/out', { data: { code: 'EBUSY' }, next: 'x' })
const paid = async (): Promise<Partial<ExecutionEntry>> => ({
  ...{ state: 'settled', fetched: true, stands: true },
  result: await result(provider)
})
const gathering = async (): Promise<Stage> => {
  const s = await stage({ state: 'gathering' }, [await paid(), await paid()])
  s.trouble = busy()
  return s
}

describe('a job that waits for a place for its result', () => {
  let s: Stage
  afterEach(async () => await s.stop())

  it('says why, tries again, and is done when there is one', async () => {
    s = await gathering()
    await s.pass(3_000)
    expect(s.entry().state).to.equal('gathering')
    expect(s.entry().trouble?.message).to.contain('/work/out: it is a mount point, or in use')
    expect(jobView(s.entry(), await s.executions())).to.deep.include({ kept: 2, trouble: s.entry().trouble })
    s.trouble = undefined
    await s.pass(60_000, () => s.entry().state === 'settled')
    expect(s.entry()).to.include({ state: 'settled', trouble: undefined })
    expect(await s.files.stat('/work/out/1/out.txt')).to.include({ kind: 'file' })
  })

  it('is done when its owner names another place', async () => {
    s = await gathering()
    await s.pass(2_000)
    s.trouble = undefined
    const got = s.runner.get('/elsewhere/out', false, new AbortController().signal)
    await s.pass(5_000, () => s.entry().state === 'settled')
    expect(await got).to.equal('/elsewhere/out')
    expect(s.entry().plan.out).to.equal('/elsewhere/out')
    expect(s.entry().state).to.equal('settled')
  })

  it('is cancelled at its owner’s wish, and keeps what was paid for', async () => {
    s = await gathering()
    await s.pass(2_000)
    await s.runner.cancel()
    await s.pass(5_000, () => s.entry().state === 'cancelled')
    expect(s.entry().state).to.equal('cancelled')
    expect(jobView(s.entry(), await s.executions()).kept).to.equal(2)
    s.trouble = undefined
    // its folder holds the paid results, and nothing else
    const names = (await s.files.list(resultFolder(HOME, s.entry().id))).map(f => f.name)
    expect(names.sort()).to.deep.equal(['0-1-0.bundle', '1-1-0.bundle'])
    expect(await s.files.stat('/work/out')).to.equal(undefined)
  })

  it('ends at the deadline with the reason, and keeps what was paid for', async () => {
    s = await gathering()
    await s.pass(plan().deadline - NOW + PATIENCE_MS + 60_000, () => s.entry().state === 'failed')
    expect(s.entry().failure?.code).to.equal('GATHER_TIMEOUT')
    expect(s.entry().failure?.message).to.contain('mount point')
    expect(s.entry().state).to.equal('failed')
    expect(jobView(s.entry(), await s.executions()).kept).to.equal(2)
  })

  it('has at least some minutes for it when the last result came in late', async () => {
    s = await stage({ state: 'gathering', plan: plan({ deadline: NOW - 1, out: '/work/out' }) }, [
      await paid(),
      await paid()
    ])
    s.trouble = busy()
    await s.pass(PATIENCE_MS - 60_000)
    expect(s.entry().state).to.equal('gathering')
  })
})

describe('a job that waits for its money', () => {
  let s: Stage
  afterEach(async () => await s.stop())
  const lost = { state: 'lost', failure: { code: 'CANCELLED', message: 'no longer needed' } } as const

  it('whose result is written is ended at its owner’s wish, and its escrows are followed further', async () => {
    s = await stage({ state: 'settling' }, [await paid(), lost])
    await s.pass(3_000)
    expect(s.entry().state).to.equal('settling')
    await s.runner.cancel()
    await s.pass(3_000)
    expect(s.entry().state).to.equal('settled')
    expect(jobView(s.entry(), await s.executions()).open).to.equal(1)
    // the next start of the peer takes it up
    expect(await isUnderWay(s.journal, s.entry())).to.equal(true)
  })

  it('takes a result that comes in after that, and pays it', async () => {
    const bundle = bundleFromMap(new Map([['out.txt', text.encode('late')]]))
    s = await stage({ state: 'settling' }, [
      await paid(),
      { state: 'delivered', result: await result(provider, { digest: digestOf(bundle) }) }
    ])
    await s.pass(3_000)
    const told = (await s.journal.history(s.entry().id)).map(h => `${h.what} ${h.detail ?? ''}`)
    expect(told.filter(t => t.includes('cannot be kept here yet the disk is full'))).to.have.length(1)
    await s.runner.cancel()
    await s.pass(2_000)
    expect(s.entry().state).to.equal('settled')
    s.content = bundle
    await s.pass(10_000)
    const late = (await s.executions()).find(e => e.shard === 1)
    expect(late).to.include({ state: 'accepted', fetched: true })
  })

  for (const [state, end] of [
    ['settling', 'settled'],
    ['failing', 'failed'],
    ['cancelling', 'cancelled']
  ] as const)
    it(`(${state}) ends by itself when the chain has not said for long that its escrows closed`, async () => {
      const soon = BigInt(Math.floor(NOW / 1000))
      const { agreement } = await execution(provider)
      const terms = {
        ...agreement,
        openBy: soon,
        deliverBy: soon,
        challengeWindow: 10,
        arbitrationWindow: 10
      }
      s = await stage({ state }, [await paid(), { ...lost, agreement: terms }])
      await s.pass(500_000)
      expect(s.entry().state).to.equal(state)
      await s.pass(200_000, () => s.entry().state === end)
      expect(s.entry().state).to.equal(end)
      const history = await s.journal.history(s.entry().id)
      expect(history.at(-1)?.detail).to.contain('SETTLE_TIMEOUT')
    })

  it('of a job that came to nothing: paid results of some of its shards are kept, the others are let go', async () => {
    s = await stage({ state: 'failing' }, [
      await paid(),
      { state: 'refunded', fetched: true, result: await result(provider) }
    ])
    await s.files.makeFolder(dirname(resultFolder(HOME, common.jobId)))
    await s.pass(5_000, () => s.entry().state === 'failed')
    await s.pass(1_000)
    const names = (await s.files.list(resultFolder(HOME, s.entry().id))).map(f => f.name)
    expect(names).to.deep.equal(['0-1-0.bundle'])
  })
})

describe('a job whose shards write no output that it names', () => {
  let s: Stage
  afterEach(async () => await s.stop())

  it('fails as soon as the first result is here, names what is missing and what was written, pays, and keeps it', async () => {
    const outputs = ['results.txt']
    s = await stage({ state: 'running', plan: plan({ out: '/work/out', outputs }) }, [
      { ...(await paid()), missing: outputs }
    ])
    await s.pass(3_000, () => s.entry().state === 'failed')
    expect(s.entry().failure).to.deep.equal({
      code: 'OUTPUT_MISSING',
      message: "shard 0 wrote no results.txt, which 'outputs' names; it wrote out.txt"
    })
    const view = jobView(s.entry(), await s.executions())
    expect(view).to.include({ state: 'failed', kept: 1 })
  })

  it('is not shown as done either when that is only seen while the results are joined', async () => {
    s = await stage({ state: 'gathering', plan: plan({ out: '/work/out', outputs: ['out.txt', 'log'] }) }, [
      await paid(),
      await paid()
    ])
    await s.pass(3_000, () => s.entry().state === 'failed')
    expect(s.entry().failure?.code).to.equal('OUTPUT_MISSING')
    expect(await s.files.stat('/work/out')).to.equal(undefined)
    const raw = s.runner.get('/work/raw', true, new AbortController().signal)
    expect(await raw).to.equal('/work/raw')
    expect(await s.files.stat('/work/raw/0/out.txt')).to.include({ kind: 'file' })
  })
})
