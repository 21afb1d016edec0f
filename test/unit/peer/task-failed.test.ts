/** A provider says that the task failed by its own fault: what is paid for that. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { onTaskFailed } from '../../../src/peer/requester/task-failed.ts'
import { identityVerifier } from '../../../src/p2p/identity.ts'
import { ManualClock } from '../../support/clock.ts'
import { execution, job } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

/** After an hour of work; `others` at the same shard. */
async function stated(others: readonly ExecutionEntry[], changes: Partial<ExecutionEntry> = {}) {
  const sent: unknown[] = []
  const entry = await execution(r.provider, { startedAt: r.NOW - 3_600_000, ...changes })
  const ctx = {
    ...{ clock: new ManualClock(r.NOW), log: noLog, typed: r.typed, identities: identityVerifier },
    operator: r.requester.operator,
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    network: { request: async (_: unknown, _method: string, body: unknown) => void sent.push(body) },
    journal: {
      executions: async () => [entry, ...others],
      putExecution: async () => undefined,
      addWork: async () => undefined
    }
  } as unknown as PeerContext
  const live = new LiveExecution(
    ctx,
    () => job(),
    entry,
    () => undefined
  )
  await onTaskFailed(live, await r.failure(), new AbortController().signal)
  return { entry: live.entry, sent, worth: (entry.agreement.price * 9_000_000_000n) / entry.bought }
}

describe('a task that is said to fail by its own fault', () => {
  it('is paid for the work that was metered, and the receipt is sent', async () => {
    const { entry, sent, worth } = await stated([])
    expect(entry.state).to.equal('lost')
    expect(entry.receipt?.receipt.amount).to.equal(worth)
    expect(sent).to.deep.equal([entry.receipt])
  })

  it('is paid for nothing beyond its receipts when another provider has done it', async () => {
    const done = await execution(r.stranger, {
      ...{ state: 'accepted', fetched: true, attempt: 2, result: await r.result(r.stranger) }
    })
    const { entry, sent } = await stated([done])
    expect(entry).to.deep.include({ state: 'lost', receipt: undefined })
    expect(entry.taskFailure?.code).to.equal('TASK_FAILED')
    expect(sent).to.deep.equal([])
    const held = await r.receipt()
    expect((await stated([done], { receipt: held })).entry.receipt).to.deep.equal(held)
  })

  it('is noted also when we had given it up before', async () => {
    const failure = { code: 'LEASE_MISSED', message: 'no sign of life' }
    const { entry, worth } = await stated([], { state: 'lost', failure })
    expect(entry.state).to.equal('lost')
    expect(entry.failure?.code).to.equal('TASK_FAILED')
    expect(entry.receipt?.receipt.amount).to.equal(worth)
  })
})
