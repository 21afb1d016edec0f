/** What was paid for while its requester was away: brought home, or given up within a minute. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ExecutionEntry, JobEntry } from '../../../src/peer/journal/entries.ts'
import { layoutOf } from '../../../src/peer/home/layout.ts'
import { collectPaid } from '../../../src/peer/requester/collect.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { decideShard, openSeats, taskFailures } from '../../../src/peer/requester/seats.ts'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { oneChunk } from '../../../src/protocol/bundle.ts'
import { digestOf } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { ExecutionEvent } from '../../../src/protocol/records/events.ts'
import { execution, job, plan } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'
import { EagerClock } from '../../support/world/clock.ts'
import { bundle } from '../../support/world/court.ts'
import { memoryFiles } from '../../support/world/files.ts'

const bytes = bundle('out.txt', 'done')
const paid = { outcome: 'released', paid: 1n, fee: 0n, refunded: 0n, bondSlashed: 0n }
const NOTHING: ExecutionEvent[] = []

interface Away {
  /** What the provider says when it is asked for the nth time; it cannot be reached when this throws. */
  readonly says?: (n: number) => Promise<readonly ExecutionEvent[]>
  readonly content?: Uint8Array
  /** What the journal refuses when it is written for the nth time. */
  readonly journal?: (n: number) => Error | undefined
  readonly changes?: Partial<ExecutionEntry>
  readonly job?: Partial<JobEntry>
}

const head = { seq: 1, at: r.NOW }
const resultOf = (p = r.provider) => r.result(p, { digest: digestOf(bytes) })
const announced = async (p = r.provider): Promise<readonly ExecutionEvent[]> => [
  { ...head, kind: 'result', result: await resultOf(p) }
]

async function collected(a: Away = {}) {
  const clock = new EagerClock(r.NOW)
  const reports: string[] = []
  let asked = 0
  let written = 0
  const network = {
    report: (_: string, what: string) => void reports.push(what),
    async *stream() {
      yield* await (a.says ?? (() => announced()))(++asked)
    }
  }
  const ctx = {
    ...{ clock, log: noLog, network, files: memoryFiles(), home: layoutOf('/home') },
    ...{ typed: r.typed, identities: identityVerifier, content: { get: () => oneChunk(a.content ?? bytes) } },
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    recipient: { unwrap: async () => r.filled(4) },
    journal: {
      putExecution: async () => {
        const failure = a.journal?.(++written)
        if (failure !== undefined) throw failure
      }
    }
  } as unknown as PeerContext
  const entry = await execution(r.provider, { state: 'settled', closing: paid, ...a.changes })
  const owner = job({ plan: plan({ tier: 'none' }), ...a.job })
  const live = new LiveExecution(
    ctx,
    () => owner,
    entry,
    () => undefined
  )
  let over = false
  const done = collectPaid(live, new AbortController().signal).finally(() => (over = true))
  await clock.run(() => over, clock.now() + 600_000)
  await done
  const seconds = (clock.now() - r.NOW) / 1000
  return { entry: live.entry, plan: owner.plan, reports, asked, seconds }
}

describe('what was paid for while its requester was away', () => {
  it('is brought home, and is the result of its shard', async () => {
    const { entry, plan, reports } = await collected()
    expect(entry).to.include({ state: 'settled', fetched: true })
    expect(decideShard(plan, [entry]).settled).to.not.equal(undefined)
    expect(reports).to.deep.equal([])
  })

  it('is brought home without asking again when its provider has announced it before', async () => {
    const { entry, asked } = await collected({ changes: { result: await resultOf() } })
    expect([entry.fetched, asked]).to.deep.equal([true, 0])
  })

  it('is waited for while its provider is away', async () => {
    const says = async (n: number): Promise<readonly ExecutionEvent[]> => {
      if (n < 5) throw new ShoalError('PEER_UNREACHABLE', 'not there')
      return await announced()
    }
    const { entry, seconds } = await collected({ says })
    expect(entry.fetched).to.equal(true)
    expect(seconds).to.be.within(20, 30)
  })

  it('is given up within a minute, and the shard is free again', async () => {
    for (const says of [
      async () => {
        throw new ShoalError('PEER_UNREACHABLE', 'not there')
      },
      async () => NOTHING,
      () => announced(r.stranger)
    ]) {
      const { entry, plan, reports, seconds } = await collected({ says })
      expect(entry).to.include({ state: 'settled', fetched: false })
      expect(entry.failure).to.not.equal(undefined)
      expect(seconds).to.be.within(50, 65)
      expect(reports).to.deep.equal(['broken-promise'])
      expect(openSeats(plan, entry.shard, [entry], false)).to.have.length(1)
    }
  })

  it('is not given up while the trouble is our own, and a full journal ends nothing', async () => {
    const emfile = Object.assign(new Error('x'), { code: 'EMFILE' })
    const says = async (n: number): Promise<readonly ExecutionEvent[]> => {
      if (n < 40) throw new ShoalError('PEER_UNREACHABLE', 'not there', { cause: emfile })
      return await announced()
    }
    const { entry, reports, seconds } = await collected({ says })
    expect([entry.fetched, entry.failure]).to.deep.equal([true, undefined])
    expect(reports).to.deep.equal([])
    expect(seconds).to.be.within(190, 200)
    const full = (n: number) => (n < 5 ? new ShoalError('DISK_FULL', 'full') : undefined)
    expect((await collected({ journal: full })).entry.fetched).to.equal(true)
    const wrong = await collected({ journal: full, content: bundle('out.txt', 'else') })
    expect([wrong.entry.failure?.code, wrong.reports]).to.deep.equal(['RESULT_MISMATCH', ['broken-promise']])
  })

  it('is given up at once when it is not what was signed', async () => {
    const { entry, reports, seconds } = await collected({ content: bundle('out.txt', 'else') })
    expect(entry.failure?.code).to.equal('RESULT_MISMATCH')
    expect(entry.fetched).to.equal(false)
    expect(reports).to.deep.equal(['broken-promise'])
    expect(seconds).to.be.lessThan(5)
  })

  it('may be the word that the task failed, which counts as one, and is no broken promise', async () => {
    const says = async (): Promise<readonly ExecutionEvent[]> => [
      { ...head, kind: 'task-failed', failure: await r.failure() }
    ]
    const { entry, plan, reports } = await collected({ says })
    expect(entry.failure).to.deep.equal({ code: 'TASK_FAILED', message: 'exit code 3' })
    expect(reports).to.deep.equal([])
    expect(taskFailures([entry])).to.equal(1)
    expect(openSeats(plan, entry.shard, [entry], false)).to.have.length(1)
  })

  it('is not asked for when it is here, when nothing was paid, or when nobody wants it any more', async () => {
    for (const a of [
      { changes: { fetched: true } },
      { changes: { state: 'refunded' } },
      { job: { desired: 'cancel' } },
      { job: { state: 'failed' } }
    ] as const)
      expect((await collected(a)).asked).to.equal(0)
  })
})
