/** One side before its arbiter: it says the same until it is heard, not too often, and never stops the flow around it. */
import { expect } from 'chai'
import type { PeerContext } from '../../../../src/peer/context.ts'
import { Pleading } from '../../../../src/peer/disputes/plead.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import type { ResponseOf } from '../../../../src/protocol/methods.ts'
import { refuse } from '../../../../src/protocol/records/refusal.ts'
import { ManualClock } from '../../../support/clock.ts'
import * as r from '../../../support/records.ts'

type Answer = ResponseOf<'evidence'> | ShoalError

describe('a side before its arbiter', () => {
  const signal = new AbortController().signal

  function before(answers: readonly Answer[], recipients: readonly Uint8Array[] = [r.filled(9)]) {
    const clock = new ManualClock(r.NOW)
    const said: string[] = []
    const forgotten: string[] = []
    let [calls, made, finds] = [0, 0, 0]
    const ctx = {
      clock,
      log: { info: (fields: { said: string }) => void said.push(fields.said) },
      arbiters: {
        find: async () =>
          await r.card(r.person(7), { recipient: recipients[Math.min(finds++, recipients.length - 1)] }),
        forget: (who: string) => void forgotten.push(who)
      },
      adverts: { locate: (peer: unknown) => peer },
      network: {
        request: async () => {
          const answer = answers[Math.min(calls++, answers.length - 1)]
          if (answer instanceof ShoalError || answer === undefined) throw answer ?? new Error('no answer')
          return answer
        }
      }
    } as unknown as PeerContext
    const pleading = new Pleading()
    const make = async () => {
      made++
      return await r.evidence()
    }
    const step = () => pleading.step(ctx, r.agreement(), make, signal)
    return { clock, said, forgotten, step, counts: () => ({ calls, made }) }
  }

  it('calls at most every five seconds, and makes its evidence once', async () => {
    const b = before([{ state: 'waiting', reason: 'waiting for the provider' }])
    expect(await b.step()).to.not.equal(undefined)
    expect(await b.step()).to.equal(undefined)
    await b.clock.advance(4_999)
    expect(await b.step()).to.equal(undefined)
    await b.clock.advance(1)
    await b.step()
    expect(b.counts()).to.deep.equal({ calls: 2, made: 1 })
    expect(b.said, 'logged when it changes').to.deep.equal(['waiting: waiting for the provider'])
  })

  it('wraps its evidence anew for an arbiter with another key', async () => {
    const b = before([{ state: 'waiting' }], [r.filled(9), r.filled(8)])
    await b.step()
    await b.clock.advance(5_000)
    await b.step()
    expect(b.counts()).to.deep.equal({ calls: 2, made: 2 })
  })

  it('hears what the arbiter hands over', async () => {
    const handed = { result: await r.result(), wrapped: r.filled(6, 80) }
    const b = before([{ state: 'decided', handed }])
    const heard = await b.step()
    expect(heard?.handed).to.deep.equal(handed)
    expect(heard?.arbiter.peer).to.equal(r.person(7).identity.peerId)
  })

  it('says why it is refused, and goes on', async () => {
    const b = before([{ state: 'left', refusal: refuse('NOT_NOW', 'too many disputes are open here') }])
    expect(await b.step()).to.equal(undefined)
    expect(b.said[0]).to.contain('too many disputes')
    expect(b.forgotten).to.deep.equal([])
  })

  it('looks for an arbiter afresh that does not answer, and throws nothing', async () => {
    const b = before([new ShoalError('PEER_UNREACHABLE', 'it is not there'), { state: 'waiting' }])
    expect(await b.step()).to.equal(undefined)
    expect(b.forgotten).to.deep.equal([r.ARBITER])
    await b.clock.advance(5_000)
    expect(await b.step()).to.not.equal(undefined)
    expect(b.said).to.deep.equal(['it is not there', 'waiting'])
  })
})
