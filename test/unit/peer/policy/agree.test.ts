/** What a provider answers to an agreement on its own bid when its owner, or its GPUs, stand against it. */
import { expect } from 'chai'
import type { PeerContext } from '../../../../src/peer/context.ts'
import { Journal } from '../../../../src/peer/journal/journal.ts'
import type { PolicyKeeper } from '../../../../src/peer/policy/keeper.ts'
import type { Verdict } from '../../../../src/peer/policy/verdict.ts'
import type { Bidder } from '../../../../src/peer/provider/bidder.ts'
import { Capacity } from '../../../../src/peer/provider/capacity.ts'
import { Provider } from '../../../../src/peer/provider/provider.ts'
import { memoryStore } from '../../../integration/settlement/support.ts'
import { ManualClock } from '../../../support/clock.ts'
import * as r from '../../../support/records.ts'
import { noLog } from '../../../support/tasks.ts'

type Agree = (
  request: object,
  context: object
) => Promise<{ signature?: string; refusal?: { code: string; message: string } }>

interface Case {
  readonly verdict?: Verdict
  readonly gpuMemoryBytes?: number
  readonly gpuFree?: boolean
}

async function agree({ verdict, gpuMemoryBytes, gpuFree }: Case) {
  const clock = new ManualClock(r.NOW)
  const { needs } = await r.offerBody()
  const offer = await r.offer({ needs: { ...needs, gpuMemoryBytes } })
  const bid = await r.bid(offer)
  let handler: Agree | undefined
  const reserved = new Set<string>()
  const chain = { arbiter: r.ARBITER }
  const ctx = {
    ...{ clock, journal: new Journal(memoryStore(), clock), log: noLog, engines: new Map(), typed: r.typed },
    operator: r.provider.operator,
    card: () => bid.card,
    chainNow: () => BigInt(r.NOW / 1000),
    stopping: new AbortController().signal,
    config: { provider: { arbiters: [], bond: 10n ** 30n, bondLeast: 0n } },
    settlement: {
      network: chain,
      escrow: async () => ({ state: 'none' }),
      time: async () => BigInt(r.NOW / 1000),
      inclusionMs: () => 1_000,
      account: async () => ({ free: 10n ** 30n })
    },
    adverts: { locate: (peer: unknown) => peer },
    chainNews: { listen: () => () => undefined },
    gpus: { reserve: (id: string) => gpuFree === true && reserved.add(id).size > 0, cancel: () => undefined },
    network: { handle: (name: string, h: Agree) => (name === 'agree' ? (handler = h) : h, () => undefined) }
  } as unknown as PeerContext
  const capacity = new Capacity(1, () => undefined)
  const bidder = { find: () => ({ offer, bid }), agreed: () => undefined } as unknown as Bidder
  const policy = { verdict: () => verdict ?? { ok: true } } as unknown as PolicyKeeper
  const provider = new Provider(ctx, bidder, capacity, policy)
  await provider.start()
  const now = BigInt(r.NOW / 1000)
  const agreement = r.agreement({
    ...{ jobId: offer.jobId, specHash: offer.specHash, price: bid.price },
    ...{ openBy: now + 30n, deliverBy: now + 500n, challengeWindow: offer.challengeSeconds }
  })
  const request = { offer: bid.offer, bid: r.hex(1), agreement, copy: 0 }
  try {
    const { signature, refusal } = (await handler?.(request, { from: offer.card.peer })) ?? {}
    return {
      said: signature === undefined ? refusal?.message : 'signed',
      free: capacity.free,
      reserved: reserved.size
    }
  } finally {
    await provider.stop()
  }
}

describe('an agreement and the owner', () => {
  it('is signed when nothing stands against it; a GPU is kept for it when it needs one', async () => {
    expect(await agree({})).to.deep.equal({ said: 'signed', free: 0, reserved: 0 })
    expect(await agree({ gpuMemoryBytes: 0, gpuFree: true })).to.deep.equal({
      said: 'signed',
      free: 0,
      reserved: 1
    })
  })
  it('is refused outside of the policy, with the reason', async () => {
    const verdict = { ok: false, reason: 'on battery' } as const
    expect(await agree({ verdict })).to.deep.equal({ said: 'not now: on battery', free: 1, reserved: 0 })
  })
  it('is refused without a free GPU, and its slot is free again', async () => {
    expect(await agree({ gpuMemoryBytes: 0, gpuFree: false })).to.deep.equal({
      said: 'no free GPU',
      free: 1,
      reserved: 0
    })
  })
})
