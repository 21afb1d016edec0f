import { expect } from 'chai'
import { ABSENT, failedStep } from '../../../src/peer/provider/steps.ts'
import { agreement, firstAgreement } from '../../support/records.ts'

describe('a failed execution on its provider’s side', () => {
  const a = agreement()
  const escrow = { state: 'open', acknowledged: 0n, claim: 0n, deliveredAt: 0n, disputedAt: 0n } as const
  const at = (now: bigint) => failedStep({ escrow, now }, a, 0n)

  it('leaves the refund to its requester for a while, then takes its bond back itself', () => {
    // a minute of grace for receipts, and as long as a requester may be absent
    const over = a.deliverBy + 60n + ABSENT
    expect(at(a.deliverBy)).to.equal('wait')
    expect(at(a.deliverBy + 61n)).to.equal('wait')
    expect(at(over)).to.equal('wait')
    expect(at(over + 1n)).to.equal('refund')
    expect(at(a.deliverBy + 1_000_000n)).to.equal('refund')
  })

  it('nor before the receipts of its grace have had their time, however long that is', () => {
    const long = agreement({ challengeWindow: 500 })
    const at = (now: bigint) => failedStep({ escrow, now }, long, 0n)
    expect(at(long.deliverBy + 500n + ABSENT)).to.equal('wait')
    expect(at(long.deliverBy + 501n + ABSENT)).to.equal('refund')
    // contracts of generation 1 know no grace
    const old = firstAgreement({ challengeWindow: 500 })
    expect(failedStep({ escrow, now: old.deliverBy + 121n }, old, 0n)).to.equal('refund')
  })
})
