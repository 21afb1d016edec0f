/** What a closed escrow's slot tells without its events, against the contract's own arithmetic. */
import { expect } from 'chai'
import { blindEnd, closingOf } from '../../../src/peer/closing.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { Escrow, EscrowOutcome } from '../../../src/protocol/ports/settlement.ts'

const terms = { price: 1_000n, bond: 100n, splitBps: 4_000 } as Agreement
const closed = (outcome: EscrowOutcome, acknowledged: bigint): Escrow => ({
  ...{ state: 'closed', outcome, acknowledged, deliveredAt: 0n, disputedAt: 0n }
})

describe('an escrow that closed unheard', () => {
  // the amounts of test/integration/settlement/lifecycle.test.ts, which come from the chain
  for (const [outcome, acknowledged, paid, fee, refunded] of [
    ['accepted', 1_000n, 990n, 10n, 0n],
    ['released', 0n, 990n, 10n, 0n],
    ['refunded', 250n, 247n, 3n, 750n],
    ['refunded', 0n, 0n, 0n, 1_000n],
    ['split', 0n, 396n, 4n, 600n],
    ['split', 700n, 693n, 7n, 300n]
  ] as const)
    it(`${outcome} with ${acknowledged} acknowledged`, () => {
      const end = closingOf(closed(outcome, acknowledged), terms, 100)
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
    const open: Escrow = { state: 'open', acknowledged: 5n, deliveredAt: 0n, disputedAt: 0n }
    expect(blindEnd(open, terms, 100)).to.equal(undefined)
  })
})
