/** A receipt only ever grows: amount and number. */
import { expect } from 'chai'
import type { ExecutionEntry } from '../../../src/peer/journal/entries.ts'
import type { LiveExecution } from '../../../src/peer/requester/live-execution.ts'
import { signReceipt } from '../../../src/peer/requester/receipts.ts'
import { execution } from '../../support/entries.ts'
import { hex, provider, receipt, requester, typed } from '../../support/records.ts'

const holding = async (changes: Partial<ExecutionEntry>): Promise<LiveExecution> =>
  ({
    entry: await execution(provider, changes),
    ctx: { operator: requester.operator }
  }) as unknown as LiveExecution

describe('what a requester acknowledges', () => {
  it('a receipt is never replaced by one for less, or for the same', async () => {
    const held = await receipt(requester, 1_000n)
    const live = await holding({ receipt: held })
    for (const amount of [0n, 999n, 1_000n]) expect(await signReceipt(live, hex(9), amount)).to.equal(held)
  })

  it('more is a receipt of its own, under the next number and our signature', async () => {
    const next = await signReceipt(await holding({ receipt: await receipt() }), hex(9), 1_001n)
    if (next === undefined) throw new Error('nothing was signed')
    expect(next.receipt).to.include({ amount: 1_001n, sequence: 2, digest: hex(9) })
    expect(typed.signer('Receipt', next.receipt, next.signature)).to.equal(requester.operator.address)
    const first = await signReceipt(await holding({}), hex(9), 1n)
    expect(first?.receipt.sequence).to.equal(1)
    expect(await signReceipt(await holding({}), hex(9), 0n), 'for nothing').to.equal(undefined)
  })
})
