import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { awaitRuling } from '../../../src/peer/requester/close.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import type { Escrow } from '../../../src/protocol/ports/settlement.ts'
import { execution, job } from '../../support/entries.ts'
import { provider } from '../../support/records.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'

/** A disputed execution over a chain that shows `escrow` at second `time`; returns what was called. */
async function ruling(escrow: Partial<Escrow>, time: (deliverBy: bigint) => bigint): Promise<string[]> {
  const entry = await execution(provider, { state: 'disputed' })
  const calls: string[] = []
  const stop = new AbortController()
  const act = (name: string) => async () => {
    calls.push(name)
    stop.abort()
  }
  const settlement = {
    escrow: async () => ({
      ...{ state: 'open', acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n },
      ...escrow
    }),
    time: async () => {
      // looked at the time and did nothing: one pass is enough
      systemClock.timer(20, () => stop.abort())
      return time(entry.agreement.deliverBy)
    },
    refund: act('refund'),
    dispute: act('dispute'),
    release: act('release'),
    split: act('split')
  }
  const ctx = {
    clock: systemClock,
    log: { warn: () => undefined, info: () => undefined },
    // it is away
    arbiters: {
      find: async () => {
        throw new ShoalError('PEER_UNREACHABLE', 'no such arbiter')
      },
      forget: () => undefined
    },
    chainNews: { listen: () => () => undefined },
    settlement
  } as unknown as PeerContext
  await awaitRuling(
    new LiveExecution(
      ctx,
      () => job({}),
      entry,
      () => undefined
    ),
    stop.signal
  )
  return calls
}

describe('a result that was refused', () => {
  it('and never committed on chain: the money is taken back once receipts no longer count, not left in the escrow', async () => {
    // the challenge window is 60 s
    expect(await ruling({ state: 'open' }, deliverBy => deliverBy + 61n)).to.deep.equal(['refund'])
    expect(await ruling({ state: 'open' }, deliverBy => deliverBy + 60n)).to.deep.equal([])
  })

  it('and committed on chain: it is disputed there', async () => {
    const committed = { state: 'delivered', deliveredAt: 1_800_000_490n } as const
    expect(await ruling(committed, deliverBy => deliverBy)).to.deep.equal(['dispute'])
    // too late to object: whoever ends it, it ends
    expect(await ruling(committed, deliverBy => deliverBy + 51n)).to.deep.equal(['release'])
  })

  it('and an arbiter who is silent: the split ends it', async () => {
    const silent = { state: 'disputed', deliveredAt: 1_800_000_490n, disputedAt: 1_800_000_500n } as const
    expect(await ruling(silent, deliverBy => deliverBy + 3_600n)).to.deep.equal([])
    expect(await ruling(silent, deliverBy => deliverBy + 3_601n)).to.deep.equal(['split'])
  })
})
