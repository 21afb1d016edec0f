/** Escrows are looked at themselves, since an RPC may leave out an event and a chain may go back. */
import { expect } from 'chai'
import { ChainNews } from '../../../src/peer/chain-news.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import type { AgreementId } from '../../../src/protocol/ids.ts'
import type { EscrowState, Settlement, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { ManualClock } from '../../support/clock.ts'
import { hex } from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

const id = hex(7)
const opened = {
  kind: 'opened',
  agreement: id,
  txHash: hex(8),
  cursor: { block: 3, index: 0 }
} as SettlementEvent

/** News over a chain that tells of no event by itself. */
function news(
  clock: ManualClock,
  chain: { state: EscrowState; asked?: string[]; history?: () => Promise<SettlementEvent[]> }
) {
  const settlement = {
    watch: async (_: unknown, __: unknown, signal: AbortSignal) =>
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true })),
    escrow: async (agreement: string) => {
      chain.asked?.push(agreement)
      return { state: chain.state, acknowledged: 0n, deliveredAt: 0n, disputedAt: 0n }
    },
    history: chain.history ?? (async () => [opened, { ...opened, kind: 'closed', outcome: 'accepted' }])
  } as unknown as Settlement
  return new ChainNews({ settlement, journal: new Journal(memoryStore(), clock), clock, log: noLog })
}

describe('news of the chain', () => {
  it('an event that the RPC left out is found when its escrow is looked at', async () => {
    const clock = new ManualClock()
    const n = news(clock, { state: 'closed' })
    const heard: string[] = []
    n.listen(id, { onEvent: async e => void heard.push(e.kind), onMissing: async () => undefined })
    await n.start()
    await clock.advance(10_000)
    await clock.advance(1)
    await n.stop()
    expect(heard).to.deep.equal(['opened', 'closed'])
  })

  it('an escrow that is not there is counted in a row, and the count begins anew when it is', async () => {
    const clock = new ManualClock()
    const chain: { state: EscrowState } = { state: 'none' }
    const n = news(clock, chain)
    const missing: number[] = []
    n.listen(id, { onEvent: async () => undefined, onMissing: async times => void missing.push(times) })
    await n.start()
    for (const state of ['none', 'none', 'open', 'none'] as const) {
      chain.state = state
      await clock.advance(10_000)
      await clock.advance(1)
    }
    await n.stop()
    expect(missing).to.deep.equal([1, 2, 1])
  })

  for (const [what, history] of [
    ['cannot be read', () => Promise.reject(new Error('refused'))],
    ['are left out', async () => [opened]]
  ] as const)
    it(`a closed escrow whose events ${what} ends by what looks tell, not at the first`, async () => {
      const clock = new ManualClock()
      const chain = { state: 'open' as EscrowState, history }
      const n = news(clock, chain)
      const looks: string[] = []
      const heard: string[] = []
      n.listen(id, {
        onEvent: async e => void heard.push(e.kind),
        onMissing: async () => undefined,
        onLook: async (escrow, blind) => void looks.push(`${escrow.state} ${blind}`)
      })
      await n.start()
      for (let i = 0; i < 5; i++) {
        await clock.advance(10_000)
        await clock.advance(1)
        chain.state = 'closed'
      }
      await n.stop()
      expect(looks).to.deep.equal([
        'open false',
        'closed false',
        'closed false',
        'closed true',
        'closed true'
      ])
      expect(heard).to.not.include('closed')
    })

  it('looks at a bounded number at a time, and at all in turn', async () => {
    const clock = new ManualClock()
    const asked: string[] = []
    const n = news(clock, { state: 'open', asked })
    const ids = Array.from({ length: 150 }, (_, i) => `0x${i.toString(16).padStart(64, '0')}` as AgreementId)
    for (const each of ids)
      n.listen(each, { onEvent: async () => undefined, onMissing: async () => undefined })
    await n.start()
    const rounds: number[] = []
    for (let i = 0; i < 3; i++) {
      const before = asked.length
      await clock.advance(10_000)
      await clock.advance(1)
      rounds.push(asked.length - before)
    }
    await n.stop()
    expect(rounds).to.deep.equal([64, 64, 22])
    expect(new Set(asked).size).to.equal(150)
  })
})
