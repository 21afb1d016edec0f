import { SURE_SECONDS } from '../../../src/peer/gone.ts'
import { expect } from 'chai'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ExecutionEntry, ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { deliver } from '../../../src/peer/provider/close.ts'
import { LiveProvision } from '../../../src/peer/provider/live-provision.ts'
import { awaitWorthless } from '../../../src/peer/requester/agree.ts'
import { guard } from '../../../src/peer/requester/guard.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { methods } from '../../../src/protocol/methods.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Escrow } from '../../../src/protocol/ports/settlement.ts'
import { execution, job, provision } from '../../support/entries.ts'
import * as records from '../../support/records.ts'

const DELIVERED = 1_800_000_400n
const agreement = records.agreement()
const OPEN = { state: 'open', acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n } as const

/** A peer over a chain that shows `escrow` at second `time`; what it called and what it journalled. */
function world(escrow: Partial<Escrow>, time: bigint, refuse: readonly string[] = []) {
  const calls: string[] = []
  const act = (name: string) => async () => {
    calls.push(name)
    if (refuse.includes(name)) throw new ShoalError('SETTLE_TIMEOUT', 'the answer was lost')
  }
  const settlement = {
    escrow: async () => ({ ...OPEN, ...escrow }),
    time: async () => time,
    inclusionMs: () => 1_000,
    dispute: act('dispute'),
    deliver: act('deliver'),
    acknowledge: act('acknowledge')
  }
  const quiet = () => undefined
  const ctx = {
    clock: {
      ...systemClock,
      now: () => Number(time) * 1000,
      monotonic: systemClock.monotonic,
      // waits of a second take 50 ms, so that a busy machine still has time for them
      timer: (ms: number, run: () => void) => systemClock.timer(ms / 20, run)
    },
    chainNow: () => time,
    log: { warn: quiet, debug: quiet },
    chainNews: { listen: () => quiet },
    journal: {
      putExecution: async () => undefined,
      putProvider: async () => undefined,
      addWork: async () => undefined
    },
    settlement
  } as unknown as PeerContext
  return { ctx, calls }
}

async function requester(
  state: ExecutionEntry['state'],
  escrow: Partial<Escrow>,
  time: bigint,
  step: typeof guard = guard,
  hindered?: string
): Promise<{ state: string; calls: string[] }> {
  const { ctx, calls } = world(escrow, time)
  const live = new LiveExecution(
    ctx,
    () => job({}),
    await execution(records.provider, { state, agreement }),
    () => undefined
  )
  live.hinder(hindered)
  const stop = new AbortController()
  systemClock.timer(1_300, () => stop.abort())
  await step(live, stop.signal)
  return { state: live.entry.state, calls: [...new Set(calls)] }
}

describe('what a provider commits on chain is not left to time', () => {
  const committed = { state: 'delivered', deliveredAt: DELIVERED } as const

  it('a provider that beats its heart and shows no result is given up before the window closes', async () => {
    expect((await requester('started', committed, DELIVERED + 1n)).state).to.equal('started')
    expect((await requester('started', committed, DELIVERED + 10n)).state).to.equal('lost')
  })

  it('a provider that beats its heart past the deadline is given up', async () => {
    expect((await requester('started', { state: 'open' }, agreement.deliverBy)).state).to.equal('started')
    expect((await requester('started', { state: 'open' }, agreement.deliverBy + 1n)).state).to.equal('lost')
  })

  it('a result that is still undecided when the window closes is disputed, and can still be accepted', async () => {
    expect(await requester('delivered', committed, DELIVERED + 30n)).to.deep.equal({
      state: 'delivered',
      calls: []
    })
    expect(await requester('delivered', committed, DELIVERED + 45n)).to.deep.equal({
      state: 'delivered',
      calls: ['dispute']
    })
  })

  it('what our own machine cannot take or judge is not disputed: the window passes, and pays', async () => {
    const full = 'no space left on the disk'
    expect(await requester('delivered', committed, DELIVERED + 59n, guard, full)).to.deep.equal({
      state: 'delivered',
      calls: []
    })
    // announced and committed, and our journal could not take it: it is no broken promise
    expect((await requester('started', committed, DELIVERED + 59n, guard, full)).state).to.equal('started')
    // who has committed nothing by the deadline has not delivered, whatever our trouble
    const overdue = await requester('started', { state: 'open' }, agreement.deliverBy + 1n, guard, full)
    expect(overdue.state).to.equal('lost')
  })

  it('an agreement whose opening failed is watched until nobody can open it any more', async () => {
    const none = { state: 'none' } as const
    // one RPC may lag behind another: its word counts a while after `openBy`
    const sure = agreement.openBy + SURE_SECONDS
    expect((await requester('withdrawn', none, sure, awaitWorthless)).state).to.equal('withdrawn')
    expect((await requester('withdrawn', none, sure + 1n, awaitWorthless)).state).to.equal('declined')
    expect(
      (await requester('withdrawn', { state: 'open' }, agreement.openBy + 1n, awaitWorthless)).state
    ).to.equal('lost')
  })

  it('a provider gets no signature of the requester before the escrow is open', () => {
    const body = { offer: records.hex(1), bid: records.hex(2), agreement, copy: 0 }
    const wire = { ...body, agreement: { ...agreement, price: '1', bond: '1', openBy: '1', deliverBy: '2' } }
    expect(methods.agree.request.safeParse(wire).success).to.equal(true)
    expect(methods.agree.request.safeParse({ ...wire, signature: '0x' + '11'.repeat(65) }).success).to.equal(
      false
    )
  })
})

describe('a provider whose commit was mined but not heard of', () => {
  async function finished(escrow: Partial<Escrow>, time: bigint, changes: Partial<ProviderEntry> = {}) {
    const { ctx, calls } = world(escrow, time, ['deliver'])
    const entry = await provision({
      state: 'finished',
      agreement,
      result: await records.result(),
      ...changes
    })
    const live = new LiveProvision(ctx, entry, () => undefined)
    const stop = new AbortController()
    systemClock.timer(400, () => stop.abort())
    await deliver(live, stop.signal)
    return { state: live.entry.state, calls }
  }

  it('goes on to collect, also after the deadline', async () => {
    const late = agreement.deliverBy + 5n
    expect((await finished({ state: 'delivered', deliveredAt: 1n }, late)).state).to.equal('delivered')
    expect((await finished({ state: 'open' }, late)).state).to.equal('failed')
  })

  it('near the deadline commits first, before it puts a receipt on the chain', async () => {
    const { calls } = await finished({ state: 'open' }, agreement.deliverBy - 5n, {
      receipt: await records.receipt()
    })
    expect(calls[0]).to.equal('deliver')
    const early = await finished({ state: 'open' }, agreement.deliverBy - 15n, {
      receipt: await records.receipt()
    })
    expect(early.calls[0]).to.equal('acknowledge')
  })
})
