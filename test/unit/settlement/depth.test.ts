/** An escrow as it stood some blocks ago, from nodes that keep old states and from nodes that do not. */
import { expect } from 'chai'
import type { Address, Hex32 } from '../../../src/protocol/ids.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { NetworkParameters, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import { interfaceOf } from '../../../src/settlement/contracts.ts'
import { DepthReader } from '../../../src/settlement/depth.ts'
import { quantity, RpcRefused } from '../../../src/settlement/rpc/rpc.ts'
import type { Rpc } from '../../../src/settlement/rpc/reliable.ts'

const id = `0x${'11'.repeat(32)}` as Hex32
const address = '0x00000000000000000000000000000000000000EE' as Address
const network = { escrow: address, fromBlock: 0 } as NetworkParameters
const OPEN = 1
const hashAt = (block: number, fork: number): string =>
  `0x${(block + fork * 1_000).toString(16).padStart(64, '0')}`

describe('the depth of an opening', () => {
  let head: number
  /** Block of the opening. */
  let openedAt: number | undefined
  let archive: boolean
  let events: boolean
  let fork: number
  let reader: DepthReader

  beforeEach(() => {
    ;[head, openedAt, archive, events, fork] = [10, undefined, true, true, 0]
    const entry = (block: number): string => {
      const state = openedAt !== undefined && openedAt <= block ? OPEN : 0
      return interfaceOf('Escrow').encodeFunctionResult('standingOf', [[state, 0, 0, 0, 0n], 0n])
    }
    const rpc: Rpc = {
      reachable: true,
      close: async () => undefined,
      call: async (method, params) => {
        if (method === 'eth_blockNumber') return quantity(head)
        if (method === 'eth_getBlockByNumber') {
          const block = Number(params[0])
          return block > head ? null : { number: quantity(block), hash: hashAt(block, fork) }
        }
        const tag = params[1]
        if (tag === 'latest') return entry(head)
        if (!archive) throw new RpcRefused(-32000, 'missing trie node', undefined)
        return entry(Number(tag))
      }
    }
    const history = async (): Promise<SettlementEvent[]> => {
      if (!events) throw new ShoalError('CHAIN_UNREACHABLE', 'no events')
      const cursor = { block: openedAt ?? 0, index: 0 }
      return openedAt === undefined ? [] : [{ kind: 'opened', cursor, agreement: id, txHash: id }]
    }
    reader = new DepthReader({ rpc, network, history })
  })
  const at = async (depth: number): Promise<string> => (await reader.escrow(id, depth, {})).state

  for (const [what, set] of [
    ['the state of that block', () => undefined],
    ['the block of its opening', () => void (archive = false)]
  ] as const)
    it(`is told by ${what}`, async () => {
      set()
      expect(await at(2)).to.equal('none')
      openedAt = 11
      for (const [block, state] of [
        [11, 'none'],
        [12, 'none'],
        [13, 'open'],
        [40, 'open']
      ] as const) {
        head = block
        expect(await at(2), `at block ${block}`).to.equal(state)
      }
    })

  describe('where neither old states nor events can be read', () => {
    beforeEach(() => {
      archive = events = false
      openedAt = 10
    })

    it('is told by two looks that lie so far apart', async () => {
      expect(await at(2)).to.equal('none')
      head = 11
      expect(await at(2)).to.equal('none')
      head = 12
      expect(await at(2)).to.equal('open')
    })

    it('is not told by a look at a block that was replaced since', async () => {
      expect(await at(2)).to.equal('none')
      ;[head, fork] = [13, 1]
      expect(await at(2)).to.equal('none')
      head = 15
      expect(await at(2)).to.equal('open')
    })
  })

  it('nothing is older than the chain', async () => {
    openedAt = 0
    head = 1
    expect(await at(5)).to.equal('none')
  })
})
