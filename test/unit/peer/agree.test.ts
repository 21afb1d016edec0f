/** awarded -> agreed -> open: whose signature counts, what the rest of a shard costs, and when no money is locked any more. */
import { expect } from 'chai'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import type { ExecutionEntry, JobEntry } from '../../../src/peer/journal/entries.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import type { Bid } from '../../../src/protocol/records/bid.ts'
import type { TaskOffer } from '../../../src/protocol/records/offer.ts'
import { agree, openEscrow, proposeExecution } from '../../../src/peer/requester/agree.ts'
import { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { awardEntry, execution, job } from '../../support/entries.ts'
import * as r from '../../support/records.ts'
import { noLog } from '../../support/tasks.ts'

interface World {
  readonly state: string
  /** Requests, reports and chain calls, in order. */
  readonly done: readonly string[]
}

async function run(
  step: typeof agree,
  changes: Partial<ExecutionEntry>,
  its: Partial<JobEntry>,
  answer: object = {},
  lacks: readonly unknown[] = []
): Promise<World> {
  const done: string[] = []
  const stop = new AbortController()
  const ctx = {
    clock: {
      ...systemClock,
      now: () => r.NOW,
      timer: (ms: number, end: () => void) => systemClock.timer(ms / 20, end)
    },
    log: noLog,
    chainNow: () => BigInt(r.NOW / 1000),
    operator: r.requester.operator,
    typed: r.typed,
    chainNews: { listen: () => () => undefined },
    adverts: { locate: (peer: unknown) => peer },
    journal: { putExecution: async () => undefined },
    network: {
      request: async (_: unknown, method: string) => (done.push(method), answer),
      report: (_: unknown, conduct: string) => void done.push(conduct)
    },
    settlement: {
      open: async () => {
        done.push('open')
        const lack = lacks[done.filter(d => d === 'open').length - 1]
        if (lack !== undefined) throw lack
      },
      time: async () => BigInt(r.NOW / 1000),
      escrow: async () => ({ state: 'none' })
    }
  } as unknown as PeerContext
  const entry = await execution(r.provider, changes)
  const live = new LiveExecution(
    ctx,
    () => job(its),
    entry,
    () => undefined
  )
  await step(live, stop.signal)
  stop.abort()
  return { state: live.entry.state, done }
}

describe('an agreement', () => {
  const signedBy = (p: r.Person) => p.operator.sign('Agreement', r.agreement())

  it("takes the provider's signature and nobody else's: whoever sends another is reported", async () => {
    const own = await run(agree, { state: 'awarded' }, {}, { signature: await signedBy(r.provider) })
    expect(own).to.deep.equal({ state: 'agreed', done: ['agree'] })
    const other = await run(agree, { state: 'awarded' }, {}, { signature: await signedBy(r.stranger) })
    expect(other).to.deep.equal({ state: 'declined', done: ['agree', 'invalid'] })
    const broken = await run(agree, { state: 'awarded' }, {}, { signature: `0x${'00'.repeat(65)}` })
    expect(broken.state).to.equal('declined')
  })

  it('of a job that its owner cancelled is neither asked for nor opened', async () => {
    const asked = await run(agree, { state: 'awarded' }, { desired: 'cancel' })
    expect(asked).to.deep.equal({ state: 'declined', done: [] })
    const providerSignature = await signedBy(r.provider)
    const opened = await run(openEscrow, { state: 'agreed', providerSignature }, { desired: 'cancel' })
    expect(opened.done).to.deep.equal(['cancel'])
    const wanted = await run(openEscrow, { state: 'agreed', providerSignature }, {})
    expect(wanted).to.deep.equal({ state: 'open', done: ['open'] })
  })

  describe('is opened although money is missing', () => {
    const lackOf = (owner: string) => new ShoalError('FUNDS_LOW', 'has 0, needs 1', { data: { owner } })
    const [own, other] = [lackOf(r.requester.operator.address), lackOf(r.provider.operator.address)]
    const opened = async (...lacks: unknown[]) => {
      const providerSignature = await signedBy(r.provider)
      return await run(openEscrow, { state: 'agreed', providerSignature }, {}, {}, lacks)
    }

    it('on our side for a moment, as after a reorganisation that took our deposit back', async () => {
      expect(await opened(own, own)).to.deep.equal({ state: 'open', done: ['open', 'open', 'open'] })
    })
    it('but not when it stays away, and not at all for a bond that the provider lacks', async () => {
      expect(await opened(...Array.from({ length: 9 }, () => own))).to.deep.equal({
        state: 'withdrawn',
        done: ['open', 'open', 'open', 'open', 'open', 'cancel']
      })
      expect(await opened(other)).to.deep.equal({ state: 'withdrawn', done: ['open', 'cancel'] })
    })
  })

  it('is proposed under its bid and the terms of its offer, at the price of the work that is left', async () => {
    const award = await awardEntry()
    const [bid] = award.bids
    if (bid === undefined) throw new Error('an award has bids')
    const resumedFrom = {
      attempt: 1,
      // what it says of its progress counts for nothing
      checkpoint: await r.checkpoint(r.provider, { progress: 9_999 }),
      used: award.offer.needs.gas / 4n,
      key: r.filled(1),
      context: r.hex(1)
    }
    const ctx = {
      operator: r.requester.operator,
      typed: r.typed,
      clock: { now: () => r.NOW },
      chainNow: () => BigInt(r.NOW / 1000),
      random: { bytes: (n: number) => r.filled(1, n) },
      settlement: { network: { arbiter: r.ARBITER } }
    } as unknown as PeerContext
    const ref = { shard: 3, attempt: 2, copy: 0, resumedFrom }
    const e = proposeExecution(ctx, job({}), award, bid as Bid, ref)
    const { offer } = award as { offer: TaskOffer }
    expect(e.bought).to.equal((offer.needs.gas * 3n) / 4n)
    expect(e.agreement).to.include({
      ...{ price: (bid.price * 3n) / 4n, provider: bid.card.operator, splitBps: 0 },
      ...{ bond: offer.bond, arbiter: offer.arbiter, challengeWindow: offer.challengeSeconds },
      ...{ arbitrationWindow: offer.arbitrationSeconds, specHash: specDigestOf(r.common) }
    })
    expect(e.agreement.openBy < e.agreement.deliverBy).to.equal(true)
    const spent = { ...resumedFrom, used: offer.needs.gas * 2n }
    const last = proposeExecution(ctx, job({}), award, bid as Bid, { ...ref, resumedFrom: spent })
    expect(last.bought, 'a twentieth at least').to.equal(offer.needs.gas / 20n)
  })
})
