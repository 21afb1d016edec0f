/** When a provider shows how the task ended: at once, but after the commit when a receipt could come too late. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { LiveProvision } from '../../../src/peer/provider/live-provision.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import * as r from '../../support/records.ts'

/** What the requester hears of an execution with so many seconds left, and what it hears once it is shown. */
async function heard(left: number, changes: Partial<ProviderEntry>): Promise<[string[], string[]]> {
  const clock = new ManualClock(r.NOW)
  const ctx = {
    clock,
    chainNow: () => BigInt(r.NOW / 1000),
    settlement: { inclusionMs: () => 1_000 },
    chainNews: { listen: () => () => undefined }
  } as unknown as PeerContext
  const deliverBy = BigInt(r.NOW / 1000 + left)
  const entry = await provision({
    ...{ state: 'finished', checkpoint: undefined, agreement: r.agreement({ deliverBy }) },
    ...changes
  })
  const live = new LiveProvision(ctx, entry, () => undefined)
  const stop = new AbortController()
  const kinds: string[] = []
  const reading = (async () => {
    for await (const e of live.events.follow(0, stop.signal)) kinds.push(e.kind)
  })()
  for (let i = 0; i < 10; i++) await settle()
  const before = [...kinds]
  live.show()
  live.show()
  for (let i = 0; i < 10; i++) await settle()
  stop.abort(new Error('the test is over'))
  await reading.catch(() => undefined)
  return [before, kinds]
}

describe('how a task ended', () => {
  it('is shown at once when there is time for a receipt', async () => {
    expect(await heard(17, { result: await r.result() })).to.deep.equal([['result'], ['result']])
    expect((await heard(17, { taskFailure: await r.failure() }))[0]).to.deep.equal(['task-failed'])
  })

  it('is not shown before it is committed when the time is short', async () => {
    expect(await heard(16, { result: await r.result() })).to.deep.equal([[], ['result']])
    expect(await heard(16, { taskFailure: await r.failure() })).to.deep.equal([[], ['task-failed']])
  })

  it('is shown again after a restart, however late: it is committed', async () => {
    expect((await heard(-60, { state: 'delivered', result: await r.result() }))[0]).to.deep.equal(['result'])
  })
})
