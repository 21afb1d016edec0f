/** What a closed escrow's slot tells without its events, against the contract's own arithmetic. */
import { expect } from 'chai'
import { blindEnd, closingOf } from '../../../src/peer/closing.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { Escrow, EscrowOutcome } from '../../../src/protocol/ports/settlement.ts'

const terms = { price: 1_000n, bond: 100n, splitBps: 0 } as Agreement
const firstTerms = { ...terms, splitBps: 4_000 }
const closed = (outcome: EscrowOutcome, acknowledged: bigint, claim = 0n, deliveredAt = 9n): Escrow => ({
  ...{ state: 'closed', outcome, acknowledged, claim, deliveredAt, disputedAt: 0n }
})

describe('an escrow that closed unheard', () => {
  for (const [outcome, acknowledged, claim, paid, fee, refunded] of [
    ['accepted', 1_000n, 0n, 990n, 10n, 0n],
    ['accepted', 350n, 350n, 347n, 3n, 650n],
    ['released', 0n, 0n, 990n, 10n, 0n],
    ['released', 0n, 350n, 347n, 3n, 650n],
    ['refunded', 250n, 0n, 248n, 2n, 750n],
    ['refunded', 0n, 0n, 0n, 0n, 1_000n],
    // the rest of what was claimed is nobody's
    ['split', 0n, 0n, 0n, 0n, 0n],
    ['split', 200n, 350n, 198n, 2n, 650n],
    ['split', 700n, 0n, 693n, 7n, 0n]
  ] as const)
    it(`${outcome} with ${acknowledged} acknowledged of a claim of ${claim === 0n ? 'all' : claim}`, () => {
      const end = closingOf(closed(outcome, acknowledged, claim), terms, 100)
      expect(end).to.deep.equal({ outcome, paid, fee, refunded, bondSlashed: 0n })
    })

  // the amounts that contracts of generation 1 gave
  for (const [outcome, acknowledged, paid, fee, refunded] of [
    ['accepted', 1_000n, 990n, 10n, 0n],
    ['released', 0n, 990n, 10n, 0n],
    ['refunded', 250n, 247n, 3n, 750n],
    ['refunded', 0n, 0n, 0n, 1_000n],
    ['split', 0n, 396n, 4n, 600n],
    ['split', 700n, 693n, 7n, 300n]
  ] as const)
    it(`${outcome} with ${acknowledged} acknowledged, by the rules of generation 1`, () => {
      const end = closingOf(closed(outcome, acknowledged), firstTerms, 100)
      expect(end).to.deep.equal({ outcome, paid, fee, refunded, bondSlashed: 0n })
    })

  it('cancelled and ruled name amounts that only their events tell', () => {
    for (const outcome of ['cancelled', 'ruled'] as const) {
      expect(closingOf(closed(outcome, 5n), terms, 100)).to.equal(undefined)
      expect(blindEnd(closed(outcome, 5n), terms, 100)?.closing).to.equal(undefined)
    }
    expect(blindEnd(closed('cancelled', 5n), terms, 100)?.move).to.equal('closed-cancelled')
  })

  it('an open one has no end', () => {
    const open: Escrow = { state: 'open', acknowledged: 5n, claim: 0n, deliveredAt: 0n, disputedAt: 0n }
    expect(blindEnd(open, terms, 100)).to.equal(undefined)
  })
})
