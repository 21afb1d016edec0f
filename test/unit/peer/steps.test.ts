import { expect } from 'chai'
import { ABSENT, failedStep } from '../../../src/peer/provider/steps.ts'
import { agreement } from '../../support/records.ts'

describe('a failed execution on its provider’s side', () => {
  const a = agreement()
  const escrow = { state: 'open', acknowledged: 0n, deliveredAt: 0n, disputedAt: 0n } as const
  const at = (now: bigint) => failedStep({ escrow, now }, a, 0n)

  it('leaves the refund to its requester for a while, then takes its bond back itself', () => {
    expect(at(a.deliverBy)).to.equal('wait')
    expect(at(a.deliverBy + 1n)).to.equal('wait')
    expect(at(a.deliverBy + ABSENT)).to.equal('wait')
    expect(at(a.deliverBy + ABSENT + 1n)).to.equal('refund')
    expect(at(a.deliverBy + 1_000_000n)).to.equal('refund')
  })
})
