/** The selling side's handlers: nobody works before the money is locked, and only the other party is heard. */
import { expect } from 'chai'
import { notDeep } from '../../../src/peer/confirmations.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import type { Bidder } from '../../../src/peer/provider/bidder.ts'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { Provider } from '../../../src/peer/provider/provider.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { ManualClock, settle } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

type Handler = (request: object, context: object) => Promise<Record<string, unknown>>

interface Selling {
  readonly clock: ManualClock
  readonly capacity: Capacity
  readonly journal: Journal
  readonly entry: ProviderEntry
  readonly ask: (
    method: string,
    request: object,
    from?: r.Person,
    signal?: AbortSignal
  ) => Promise<Record<string, unknown> | undefined>
}

/** A provider with one execution, over a chain whose escrow is in `escrow`, and was in `deep()` so many blocks ago as its owner wants. */
async function selling(
  escrow: string,
  use: (s: Selling) => Promise<void>,
  { confirmations = 0, deep = () => escrow }: { confirmations?: number; deep?: () => string } = {}
): Promise<void> {
  const clock = new ManualClock(r.NOW)
  const journal = new Journal(memoryStore(), clock)
  const entry = await provision({ state: 'agreed', checkpoint: undefined })
  await journal.putProvider(entry, 'agreed')
  const handlers = new Map<string, Handler>()
  const settlement = {
    network: {},
    escrow: async (_: unknown, { depth = 0 }: { depth?: number }) => ({
      state: depth === 0 ? escrow : depth === confirmations ? deep() : 'unasked',
      ...{ acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n }
    }),
    time: async () => BigInt(r.NOW / 1000),
    inclusionMs: () => 1_000,
    acknowledge: async () => undefined
  }
  const ctx = {
    ...{ clock, journal, settlement, log: noLog, engines: new Map() },
    config: { chain: { confirmations } },
    typed: r.typed,
    chainNow: () => BigInt(Math.floor(clock.now() / 1000)),
    operator: r.provider.operator,
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    content: { forget: async () => undefined },
    network: {
      handle: (name: string, handler: Handler) => (handlers.set(name, handler), () => undefined)
    }
  } as unknown as PeerContext
  const capacity = new Capacity(1, () => undefined)
  const provider = new Provider(ctx, {} as Bidder, capacity)
  await provider.start()
  const patient = new AbortController().signal
  const ask: Selling['ask'] = async (method, request, from = r.requester, signal = patient) =>
    await handlers.get(method)?.(request, { from: from.identity.peerId, signal })
  try {
    await use({ clock, capacity, journal, entry, ask })
  } finally {
    await provider.stop()
  }
}

describe('a provider under agreement', () => {
  it('takes no task before the escrow is open', async () => {
    await selling('none', async ({ ask, clock, entry, journal }) => {
      const handover = await r.handover()
      const answer = ask('start', { agreement: entry.agreementId, spec: {}, handover, addresses: [] })
      await settle()
      await clock.advance(11_000)
      expect(await answer).to.deep.equal({
        accepted: false,
        refusal: { code: 'FUND_TIMEOUT', message: 'the escrow is not open' }
      })
      expect((await journal.provider(entry.agreementId))?.state).to.equal('agreed')
    })
  })

  it('waits for no escrow when whoever asked has gone', async () => {
    await selling('none', async ({ ask, clock, entry }) => {
      const gone = new AbortController()
      const handover = await r.handover()
      const start = { agreement: entry.agreementId, spec: {}, handover, addresses: [] }
      const answer = ask('start', start, r.requester, gone.signal)
      await settle()
      gone.abort(new Error('gone'))
      await clock.advance(300)
      expect(String(await answer.catch((e: unknown) => e))).to.match(/gone/)
    })
  })

  it('takes no task before the opening is deep, says so, and takes it then', async () => {
    let state = 'none'
    const use = async ({ ask, clock, entry, journal }: Selling): Promise<void> => {
      const handover = await r.handover()
      const start = { agreement: entry.agreementId, spec: {}, handover, addresses: [] }
      const answer = ask('start', start)
      await settle()
      await clock.advance(11_000)
      expect(await answer).to.deep.equal({
        accepted: false,
        refusal: { code: 'NOT_NOW', message: notDeep(2) },
        waitMs: 1_000
      })
      expect((await journal.provider(entry.agreementId))?.state).to.equal('agreed')
      state = 'open'
      expect(await ask('start', start)).to.deep.equal({ accepted: true })
    }
    await selling('open', use, { confirmations: 2, deep: () => state })
  })

  it('takes no task whose escrow was open once and is not any more', async () => {
    const use = async ({ ask, clock, entry }: Selling): Promise<void> => {
      const handover = await r.handover()
      const answer = ask('start', { agreement: entry.agreementId, spec: {}, handover, addresses: [] })
      await settle()
      await clock.advance(11_000)
      expect(await answer).to.deep.equal({
        accepted: false,
        refusal: { code: 'FUND_TIMEOUT', message: 'the escrow is not open' }
      })
    }
    await selling('closed', use, { confirmations: 2, deep: () => 'open' })
  })

  it('takes no task so late that its work could not be delivered any more', async () => {
    await selling('open', async ({ ask, clock, entry, journal }) => {
      const handover = await r.handover()
      const start = { agreement: entry.agreementId, spec: {}, handover, addresses: [] }
      // 80 s of work at the bid's speed, and ten to commit; 500 s until the deadline
      await clock.advance(411_000)
      expect(await ask('start', start)).to.deep.include({
        accepted: false,
        refusal: {
          code: 'TIME_SHORT',
          message: 'the task came too late for the work to be delivered by the deadline'
        }
      })
      expect((await journal.provider(entry.agreementId))?.state).to.equal('agreed')
    })
  })

  it('takes no task whose handover names other work than was bought, another agreement, or another’s word', async () => {
    await selling('open', async ({ ask, entry }) => {
      const { handover, signature } = await r.handover()
      const start = { agreement: entry.agreementId, spec: {}, addresses: [] }
      const more = { ...handover, gas: handover.gas + 1n }
      const signed = { handover: more, signature: await r.requester.operator.sign('Handover', more) }
      const answer = await ask('start', { ...start, handover: signed })
      expect(answer?.['refusal']).to.deep.include({ code: 'TERMS_DIFFER' })
      const other = { ...handover, agreement: r.hex(9) }
      for (const wrong of [
        { handover: more, signature },
        await r.handover(r.stranger),
        { handover: other, signature: await r.requester.operator.sign('Handover', other) }
      ])
        await rejection(ask('start', { ...start, handover: wrong }), 'SIGNATURE_INVALID')
    })
  })

  it('hears nobody but its requester: to others there is no such agreement', async () => {
    await selling('open', async ({ ask, entry, journal }) => {
      const cancel = { agreement: entry.agreementId, reason: 'CANCELLED' }
      await rejection(ask('cancel', cancel, r.stranger), 'NOT_FOUND')
      await rejection(ask('receipt', await r.receipt(), r.stranger), 'NOT_FOUND')
      expect((await journal.provider(entry.agreementId))?.state).to.equal('agreed')
    })
  })

  it("keeps a receipt under its requester's signature, no other, and none for less", async () => {
    await selling('open', async ({ ask, entry, journal }) => {
      const held = async () => (await journal.provider(entry.agreementId))?.receipt?.receipt.amount
      await rejection(ask('receipt', await r.receipt(r.stranger)), 'SIGNATURE_INVALID')
      expect(await held()).to.equal(undefined)
      await ask('receipt', await r.receipt(r.requester, 1_000n))
      await ask('receipt', await r.receipt(r.requester, 999n))
      expect(await held()).to.equal(1_000n)
      const tooMuch = await r.receipt(r.requester, entry.agreement.price + 1n)
      await rejection(ask('receipt', tooMuch), 'RECORD_INVALID')
    })
  })

  it('lets go of its slot when the work ends, however long the money takes', async () => {
    await selling('open', async ({ ask, entry, capacity }) => {
      expect(capacity.free).to.equal(0)
      const answer = await ask('cancel', { agreement: entry.agreementId, reason: 'CANCELLED' })
      expect(answer?.['release']).to.have.nested.property('release.amount', 0n)
      for (let i = 0; i < 5; i++) await settle()
      expect(capacity.free).to.equal(1)
    })
  })
})
