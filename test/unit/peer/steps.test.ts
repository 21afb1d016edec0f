import { expect } from 'chai'
import { recoupStep } from '../../../src/peer/requester/steps.ts'
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

describe('a committed result of a provider that was given up', () => {
  const a = agreement()
  const escrow = {
    state: 'delivered',
    acknowledged: 0n,
    claim: a.price,
    deliveredAt: 1_000n,
    disputedAt: 0n
  } as const
  const at = (now: bigint, refused: boolean, hindered: boolean) =>
    recoupStep({ escrow, now }, a, refused, 0n, false, hindered)
  const last = 1_000n + BigInt(a.challengeWindow) - 1n

  it('is disputed before its window closes, but not when it is our own machine that cannot take it', () => {
    expect(at(1_001n, false, false)).to.equal('seek-result')
    expect(at(last, false, false)).to.equal('dispute')
    expect(at(last, false, true)).to.equal('seek-result')
    expect(at(last + 2n, false, true)).to.equal('release')
  })

  it('is disputed at once when it was here and was wrong', () => {
    expect([at(1_001n, true, false), at(1_001n, true, true)]).to.deep.equal(['dispute', 'dispute'])
  })
})
