/** A requester that was away asks a provider, which has restarted meanwhile, for what has ended: it is read from the journal. */
import { expect } from 'chai'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ProviderEntry } from '../../../src/peer/journal/entries.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import type { Bidder } from '../../../src/peer/provider/bidder.ts'
import { Capacity } from '../../../src/peer/provider/capacity.ts'
import { ENDED_MAX, Provider } from '../../../src/peer/provider/provider.ts'
import type { Hex32 } from '../../../src/protocol/ids.ts'
import type { ExecutionEvent } from '../../../src/protocol/records/events.ts'
import { memoryStore } from '../../integration/settlement/support.ts'
import { ManualClock } from '../../support/clock.ts'
import { provision } from '../../support/entries.ts'
import { rejection } from '../../support/failures.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

type Handler = (request: object, context: object) => Promise<object> | AsyncIterable<ExecutionEvent>

const closing = { outcome: 'released', paid: 1n, fee: 0n, refunded: 0n, bondSlashed: 0n } as const
const signal = new AbortController().signal

/** A provider that starts with these entries in its journal. */
async function restarted(entries: readonly ProviderEntry[]) {
  const clock = new ManualClock(r.NOW)
  const journal = new Journal(memoryStore(), clock)
  for (const entry of entries) await journal.putProvider(entry, 'as it ended')
  const handlers = new Map<string, Handler>()
  const [strange, looks, reads]: [string[], string[], string[]] = [[], [], []]
  const ctx = {
    ...{ clock, log: noLog, engines: new Map() },
    journal: Object.assign(Object.create(journal) as Journal, {
      provider: async (id: Hex32) => {
        reads.push(id)
        return await journal.provider(id)
      },
      providers: () => journal.providers()
    }),
    chainNews: { listen: (id: string) => (looks.push(id), () => undefined) },
    network: {
      handle: (name: string, handler: Handler) => (handlers.set(name, handler), () => undefined),
      accuse: (_: string, kind: string) => strange.push(kind)
    }
  } as unknown as PeerContext
  const capacity = new Capacity(1, () => undefined)
  const provider = new Provider(ctx, {} as Bidder, capacity)
  await provider.start()
  const call = (name: string, request: object, from: string) =>
    handlers.get(name)?.(request, { from, signal })
  const events = async (e: ProviderEntry, after = 0, from: string = e.requester.peer) => {
    const found: ExecutionEvent[] = []
    const said = call('events', { agreement: e.agreementId, after }, from) as AsyncIterable<ExecutionEvent>
    for await (const event of said) found.push(event)
    return found
  }
  return { provider, events, call, looks, reads, capacity }
}

const paid = async (n = 1, changes: Partial<ProviderEntry> = {}): Promise<ProviderEntry> =>
  await provision({
    ...{ state: 'paid', agreementId: r.hashed(String(n)), closing, starts: 1, result: await r.result() },
    ...changes
  })

describe('an execution that ended before its provider restarted', () => {
  it('is known to its requester: what was paid for is shown, after whatever it has heard before', async () => {
    const entry = await paid(1, { checkpoint: await r.checkpoint() })
    const { provider, events, looks, capacity } = await restarted([entry])
    const found = await events(entry)
    expect(found.map(e => e.kind)).to.deep.equal(['result'])
    // heard of in the process before
    const last = 1 * 2 ** 32 + 77
    expect((await events(entry, last)).map(e => e.kind)).to.deep.equal(['result'])
    expect(await events(entry, found[0]?.seq ?? 0)).to.deep.equal([])
    // it costs neither a slot nor a look at the chain, and is not among what is under way
    expect([looks, capacity.free, provider.live]).to.deep.equal([[], 1, []])
    await provider.stop()
  })

  it('is told to have failed when it did, and its start is answered with the truth', async () => {
    const failure = await r.failure()
    const failed = await paid(1, { result: undefined, taskFailure: failure })
    const gone = await paid(2, { ...{ state: 'expired', result: undefined, closing: undefined } })
    const { provider, events, call } = await restarted([failed, gone])
    expect((await events(failed)).map(e => e.kind)).to.deep.equal(['task-failed'])
    expect((await events(gone)).map(e => e.kind)).to.deep.equal(['failed'])
    const start = { agreement: gone.agreementId, spec: {}, addresses: [] }
    const answer = (await call('start', start, gone.requester.peer)) as { refusal?: { message: string } }
    expect(answer.refusal?.message).to.equal('this execution is expired')
    await provider.stop()
  })

  it('is known to nobody else, and what was never agreed to nobody', async () => {
    const entry = await paid()
    const { provider, events } = await restarted([entry])
    await rejection(events(entry, 0, r.stranger.identity.peerId), 'NOT_FOUND')
    await rejection(events({ ...entry, agreementId: r.hashed('9') }), 'NOT_FOUND')
    await provider.stop()
  })

  it('is read once, and no more of them are held than before', async () => {
    const many = await Promise.all(Array.from({ length: ENDED_MAX + 3 }, (_, n) => paid(n + 1)))
    const { provider, events, reads } = await restarted(many)
    const first = many[0] ?? (await paid())
    await events(first)
    await events(first)
    expect(reads).to.have.length(1)
    for (const e of many) await events(e)
    expect(reads).to.have.length(many.length)
    // the oldest were let go, and are read again
    await events(first)
    expect(reads).to.have.length(many.length + 1)
    await provider.stop()
  })
})
