/** Handing a task over: a provider that waits until the opening is deep is waited for, one that does not answer is not. */
import { expect } from 'chai'
import { confirmationsOf, notDeep } from '../../../src/peer/confirmations.ts'
import type { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { start } from '../../../src/peer/requester/start.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { ManualClock } from '../../support/clock.ts'
import { execution, job } from '../../support/entries.ts'
import * as r from '../../support/records.ts'

/** What became of an execution whose provider answers like this, and after how many seconds. */
async function handOver(
  answer: (second: number) => object,
  left = 3_600
): Promise<{ moves: string[]; seconds: number; failure?: { code: string; message: string } }> {
  const clock = new ManualClock(r.NOW)
  const agreement = r.agreement({
    specHash: specDigestOf(job().plan.common),
    deliverBy: BigInt(r.NOW / 1000 + left)
  })
  const entry = await execution(r.provider, { state: 'open', agreement })
  const moves: string[] = []
  let failure: { code: string; message: string } | undefined
  const second = (): number => (clock.monotonic() - r.NOW) / 1000
  const live = {
    ctx: {
      clock,
      ...{ operator: r.requester.operator, typed: r.typed },
      chainNow: () => BigInt(Math.floor(clock.now() / 1000)),
      content: { put: async () => ({ cid: 'b', key: r.filled(1) }), forget: async () => undefined },
      wrap: async () => r.filled(2),
      network: { request: async () => answer(second()), addresses: () => [] }
    },
    ...{ entry, provider: entry.provider, job: () => job() },
    ...{ patch: async () => undefined, keepSpec: async () => undefined },
    move: async (move: string, _: string, patch: { failure?: typeof failure }) => {
      moves.push(move)
      failure = patch.failure
      live.entry = { ...entry, state: 'started' }
    },
    pause: (ms: number) => clock.sleep(ms)
  }
  const done = start(live as unknown as LiveExecution, new AbortController().signal)
  for (let i = 0; i < 1_000 && moves.length === 0; i++) await clock.advance(1_000)
  await done
  return { moves, seconds: second(), failure }
}

const refused = { accepted: false, refusal: { code: 'FUND_TIMEOUT', message: 'the escrow is not open' } }
const shallow = { accepted: false, refusal: { code: 'NOT_NOW', message: notDeep(2) }, waitMs: 1_000 }
const taken = { accepted: true }

describe('a task is handed over', () => {
  it('to a provider that waits until the opening is deep, for as long as blocks take', async () => {
    const { moves } = await handOver(second => (second < 120 ? shallow : taken))
    expect(moves).to.deep.equal(['start'])
  })

  it('not to one that never gets that far: ten minutes, and then the rest of the usual wait', async () => {
    const { moves, seconds } = await handOver(() => shallow)
    expect(moves).to.deep.equal(['lose'])
    expect(seconds).to.be.within(600, 620)
  })

  it('not to one that puts us off for longer than it was given for the work', async () => {
    const { moves, seconds } = await handOver(() => shallow, 100)
    expect(moves).to.deep.equal(['lose'])
    expect(seconds).to.be.within(100, 120)
    const never = await handOver(() => ({ ...shallow, waitMs: 10 ** 9 }), 100)
    expect(never.seconds).to.be.within(100, 120)
  })

  it('to nobody while we have no descriptors left, which counts against nobody', async () => {
    const cause = Object.assign(new Error('x'), { code: 'EMFILE' })
    const fails = (e: Error) => () => {
      throw e
    }
    const own = await handOver(fails(new ShoalError('PEER_UNREACHABLE', 'no', { cause })))
    expect([own.moves, own.failure?.code]).to.deep.equal([['lose'], 'OWN_TROUBLE'])
    const away = await handOver(fails(new ShoalError('PEER_UNREACHABLE', 'no')))
    expect([away.moves, away.failure?.code]).to.deep.equal([['lose'], 'START_TIMEOUT'])
  })

  it('not to one that does not see the escrow at all', async () => {
    const { moves, seconds, failure } = await handOver(() => refused)
    expect(moves).to.deep.equal(['lose'])
    expect(seconds).to.be.lessThan(20)
    expect(failure?.code).to.equal('START_TIMEOUT')
  })

  it('not twice to one that refuses it for good: its own code is kept, with both values, and not that it took too long', async () => {
    const differs = { code: 'TERMS_DIFFER', message: 'other work', term: 'gas', offered: '10', given: '100' }
    for (const [refusal, message] of [
      [differs, 'other work (gas: offered 10, given 100)'],
      [{ code: 'TIME_SHORT', message: 'too late' }, 'too late']
    ] as const) {
      const { moves, seconds, failure } = await handOver(() => ({ accepted: false, refusal }))
      expect(moves).to.deep.equal(['lose'])
      expect(seconds).to.be.lessThan(2)
      expect(failure).to.deep.equal({ code: refusal.code, message })
    }
  })
})

describe('how deep an opening must be', () => {
  const of = (own: number | undefined, file: number | undefined): number =>
    confirmationsOf({
      config: { chain: { confirmations: own } },
      settlement: { network: { confirmations: file } }
    } as unknown as Parameters<typeof confirmationsOf>[0])

  it("is the owner's word, else that of the network's file, else two blocks", () => {
    expect([of(5, 0), of(0, 3), of(undefined, 0), of(undefined, 3), of(undefined, undefined)]).to.deep.equal([
      ...[5, 0, 0, 3, 2]
    ])
  })
})
