/** What an arbiter rules: whoever withholds or contradicts itself loses, and what cannot be judged stays undecided. */
import { expect } from 'chai'
import {
  caseStep,
  type Again,
  type Brought,
  type CaseFacts,
  type CaseStep
} from '../../../../src/peer/arbiter/verdict.ts'

const complete: Brought = { kind: 'complete' }
const nothing: Brought = { kind: 'nothing' }
const flawed: Brought = { kind: 'flawed', why: 'shows another task than it signed for' }

/** In a few words. */
const said = (step: CaseStep): string =>
  step.kind === 'rule' ? `${step.ruling.providerBps}/${step.ruling.slashBps}` : step.kind
const step = (facts: Partial<CaseFacts>): string =>
  said(caseStep({ requester: complete, provider: complete, late: false, ...facts }))

describe('the ruling of an arbiter', () => {
  it('waits for both sides, and names whom', () => {
    const waiting = caseStep({ requester: nothing, provider: flawed, late: false })
    expect(waiting).to.deep.equal({ kind: 'wait', reason: 'waiting for the requester and the provider' })
    expect(step({ requester: nothing })).to.equal('wait')
    // what is missing now may still come: also what could not be fetched
    expect(step({ provider: flawed })).to.equal('wait')
  })

  it('runs the task when both are complete, early or late', () => {
    expect(step({})).to.equal('run')
    expect(step({ late: true })).to.equal('run')
  })

  const after: readonly (readonly [Brought, Brought, string])[] = [
    [complete, nothing, '0/10000'],
    [complete, flawed, '0/10000'],
    [nothing, complete, '10000/0'],
    [flawed, complete, '10000/0'],
    [flawed, flawed, '10000/0'],
    [flawed, nothing, '10000/0'],
    [nothing, flawed, '10000/0'],
    [nothing, nothing, 'leave']
  ]
  for (const [requester, provider, expected] of after)
    it(`of a requester with ${requester.kind} and a provider with ${provider.kind}, when time is over: ${expected}`, () => {
      expect(step({ requester, provider, late: true })).to.equal(expected)
    })

  const runs: readonly (readonly [Again, string])[] = [
    [{ kind: 'same' }, '10000/0'],
    [{ kind: 'same', shareBps: 4_000 }, '4000/0'],
    [{ kind: 'differs', why: 'other bytes' }, '0/10000'],
    [{ kind: 'impossible', why: 'no such engine' }, 'leave']
  ]
  for (const [again, expected] of runs)
    it(`follows what running the task again gave: ${again.kind} ${expected}`, () => {
      // whatever either side brings afterwards
      for (const late of [false, true])
        expect(step({ again, late, requester: flawed, provider: nothing })).to.equal(expected)
    })

  it('says why', () => {
    const ruled = caseStep({ requester: complete, provider: flawed, late: true })
    expect(ruled.kind === 'rule' && ruled.ruling.reason).to.equal(
      'the provider shows another task than it signed for'
    )
  })
})
