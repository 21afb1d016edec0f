/** Only what is on the chain already is not done again. */
import { expect } from 'chai'
import { acknowledged, delivered, opened, released } from '../../../src/settlement/effects.ts'
import type { Entry } from '../../../src/settlement/reads.ts'

const entry = (changes: Partial<Entry>): Entry => ({
  state: 'open',
  outcome: undefined,
  acknowledged: 0n,
  claim: 0n,
  deliveredAt: 0n,
  disputedAt: 0n,
  ...changes
})

describe('an effect that is on the chain already', () => {
  it('a receipt counts up to its amount: a higher one is still to be sent', () => {
    const e = entry({ acknowledged: 100n })
    expect([99n, 100n, 101n].map(n => acknowledged(e, n))).to.deep.equal([true, true, false])
    const ended = entry({ state: 'closed', outcome: 'released', deliveredAt: 5n })
    expect(acknowledged(ended, 1n)).to.equal(true)
    // the whole price was paid, or the claim
    expect([99n, 100n, 101n].map(n => acknowledged({ ...ended, claim: 100n }, n))).to.deep.equal([
      ...[true, true, false]
    ])
    for (const outcome of ['accepted', 'refunded', 'cancelled', 'ruled', 'split'] as const)
      expect(acknowledged(entry({ state: 'closed', outcome }), 1n), outcome).to.equal(false)
  })

  it('a delivery is there when it was made or is needless, not because the escrow has ended', () => {
    expect(delivered(entry({ deliveredAt: 5n }))).to.equal(true)
    expect(delivered(entry({ state: 'closed', outcome: 'accepted' }))).to.equal(true)
    expect(delivered(entry({}))).to.equal(false)
    for (const outcome of ['refunded', 'cancelled'] as const)
      expect(delivered(entry({ state: 'closed', outcome })), outcome).to.equal(false)
  })

  it('an escrow that has closed was opened, and only what was claimed is a release', () => {
    expect(opened(entry({ state: 'none' }))).to.equal(false)
    expect(opened(entry({ state: 'closed', outcome: 'refunded' }))).to.equal(true)
    expect(released(entry({ state: 'closed', outcome: 'ruled' }))).to.equal(false)
  })
})
