/** A requester that repeats its start (after a restart, or over a slow chain) hears the truth about the task. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import type { Bidder } from '../../../src/peer/provider/bidder.ts'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { Provider } from '../../../src/peer/provider/provider.ts'
import type { ProviderState } from '../../../src/protocol/machines/execution.ts'
import type { ResponseOf } from '../../../src/protocol/methods.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { ManualClock } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

type Start = (request: object, context: object) => Promise<ResponseOf<'start'>>

/** What a provider in this state answers to a start. */
async function answerIn(state: ProviderState): Promise<ResponseOf<'start'>> {
  const clock = new ManualClock(r.NOW)
  const journal = new Journal(memoryStore(), clock)
  const entry = await provision({ state })
  await journal.putProvider(entry, state)
  const handlers = new Map<string, Start>()
  const settlement = {
    escrow: async () => ({ state: 'open', acknowledged: 0n, deliveredAt: 0n, disputedAt: 0n }),
    time: async () => BigInt(r.NOW / 1000)
  }
  const ctx = {
    ...{ clock, journal, settlement, log: noLog, engines: new Map() },
    chainNews: { listen: () => () => undefined },
    content: { forget: async () => undefined },
    network: { handle: (name: string, handler: Start) => (handlers.set(name, handler), () => undefined) }
  } as unknown as PeerContext
  const provider = new Provider(ctx, {} as Bidder, new Capacity(1, () => undefined))
  await provider.start()
  const request = { agreement: entry.agreementId, spec: {}, addresses: [] }
  const signal = new AbortController().signal
  const answer = await handlers.get('start')?.(request, { from: entry.requester.peer, signal })
  await provider.stop()
  return answer ?? { accepted: false }
}

describe('a repeated start', () => {
  it('is accepted by a provider that has the task or its result', async () => {
    expect((await answerIn('finished')).accepted).to.equal(true)
    expect((await answerIn('delivered')).accepted).to.equal(true)
  })

  it('is refused by one that gave the task up: its heartbeats would be taken for work', async () => {
    expect(await answerIn('failed')).to.deep.equal({
      accepted: false,
      refusal: { code: 'NOT_NOW', message: 'this execution is failed' }
    })
  })
})
