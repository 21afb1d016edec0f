/** The disputes that a peer knows of, as people see them. */
import { expect } from 'chai'
import type { Peer } from '../../../../src/peer/compose.ts'
import { caseView, disputeViews } from '../../../../src/peer/disputes/view.ts'
import { Journal } from '../../../../src/peer/journal/journal.ts'
import type { DisputeEntry } from '../../../../src/peer/journal/entries.ts'
import { memoryStore } from '../../../../src/devnet/memory-store.ts'
import { ManualClock } from '../../../support/clock.ts'
import { execution, job, provision } from '../../../support/entries.ts'
import * as r from '../../../support/records.ts'

const heard = (changes: Partial<DisputeEntry> = {}): DisputeEntry => ({
  ...{ v: 1, id: r.agreementId(), agreement: r.agreement(), heard: r.NOW, state: 'waiting' },
  ...changes
})
const ended = { paid: 1n, fee: 0n, refunded: 0n, bondSlashed: 0n }

describe('the disputes that people see', () => {
  it('a case says who was heard, and what was ruled, in percent', async () => {
    const waiting = caseView(heard({ reason: 'waiting for the provider', requester: await r.evidence() }))
    expect(waiting).to.deep.include({
      ...{ role: 'arbiter', state: 'waiting', reason: 'waiting for the provider', heard: ['requester'] },
      ...{ price: '0.004', ruling: undefined }
    })
    const ruling = { providerBps: 2_550, slashBps: 10_000, reason: 'it differs' }
    const ruled = caseView(heard({ state: 'ruled', ruling, reason: 'older' }))
    expect(ruled).to.deep.include({ ruling: { provider: 25.5, slash: 100 }, reason: 'it differs', heard: [] })
  })

  it('of all roles: cases first, then those of its own jobs and work, and nothing that was never disputed', async () => {
    const journal = new Journal(memoryStore(), new ManualClock(r.NOW))
    await journal.putJob(job(), 'submitted')
    const failure = { code: 'RESULT_MISMATCH', message: 'it differs' }
    for (const [shard, state] of [
      [1, 'disputed'],
      [2, 'resolved'],
      [3, 'settled']
    ] as const)
      await journal.putExecution(await execution(r.provider, { shard, state, failure }), state)
    for (const [n, outcome] of [
      [1, 'ruled'],
      [2, 'split'],
      [3, 'accepted']
    ] as const)
      await journal.putProvider(
        await provision({ agreementId: r.hex(n), state: 'paid', closing: { outcome, ...ended } }),
        'over'
      )
    const arbiter = { list: async () => [heard()] }
    const views = await disputeViews({ ctx: { journal }, arbiter } as unknown as Peer)
    expect(views.map(v => [v.role, v.state])).to.deep.equal([
      ['arbiter', 'waiting'],
      ['requester', 'disputed'],
      ['requester', 'resolved'],
      ['provider', 'ruled'],
      ['provider', 'split']
    ])
    expect(views[1]?.reason).to.equal('it differs')
    const without = await disputeViews({ ctx: { journal }, arbiter: undefined } as unknown as Peer)
    expect(without).to.have.length(4)
  })
})
