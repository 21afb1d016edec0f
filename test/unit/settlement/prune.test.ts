import { expect } from 'chai'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { pruneBlocks } from '../../../src/settlement/chain/prune.ts'

const block = (number: number, transactions: unknown[] = []) => ({
  header: { number: `0x${number.toString(16)}`, x: 1 },
  transactions
})

describe('pruning a dumped state', () => {
  it('drops old empty blocks and nothing else', () => {
    const blocks = [block(3), block(0), block(1), block(2, [{ hash: '0x1' }]), block(4), block(5)]
    const state = { best_block_number: 5, accounts: { a: { nonce: 1 } }, transactions: [{ t: 1 }], blocks }
    const pruned = JSON.parse(pruneBlocks(JSON.stringify(state), 2)) as typeof state
    expect(pruned).to.deep.equal({
      ...state,
      blocks: [block(0), block(2, [{ hash: '0x1' }]), block(4), block(5)]
    })
  })

  it('refuses what is no state', () => {
    for (const text of ['{}', '[]', '{"best_block_number":1,"blocks":[{}]}']) {
      try {
        pruneBlocks(text)
        expect.fail(text)
      } catch (e) {
        expect(isShoalError(e, 'RECORD_INVALID'), text).to.equal(true)
      }
    }
  })
})
