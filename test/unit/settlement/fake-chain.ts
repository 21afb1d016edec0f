/** A scripted node for tests of the sender and the watcher: blocks, a pool, receipts, logs, and the faults of real nodes. */
import { Transaction } from 'ethers/transaction'
import { keccak256 } from 'ethers/crypto'
import {
  RpcRefused,
  RpcUnreachable,
  quantity,
  type RpcRequest,
  type RpcTransport
} from '../../../src/settlement/rpc/rpc.ts'

interface FakeBlock {
  readonly hash: string
  readonly logs: object[]
}

export class FakeChain implements RpcTransport {
  blocks: FakeBlock[] = [{ hash: keccak256('0x00'), logs: [] }]
  /** Hash to raw transaction, not mined. */
  readonly pool = new Map<string, Transaction>()
  /** Hash to block number and success. */
  readonly receipts = new Map<string, { block: number; ok: boolean; nonce: number }>()
  readonly sent: Transaction[] = []
  nonce = 0
  away = false
  /** Transactions below this fee stay in the pool. */
  minimumFee = 0n
  /** Base fee of the newest block, wei. */
  baseFee = 100n
  /** Offers below the base fee are refused, as some nodes do, and not kept. */
  refusesCheap = false
  mining = true
  /** Thrown by the next eth_estimateGas. */
  estimate: RpcRefused | undefined
  #fork = 0

  /** Ends blocks above `height` and their transactions, as a crash or a reorganisation does; dropped ones are forgotten. */
  rewind(height: number): void {
    this.blocks = this.blocks.slice(0, height + 1)
    this.#fork++
    for (const [hash, r] of this.receipts) if (r.block > height) this.receipts.delete(hash)
    this.nonce = Math.max(0, ...[...this.receipts.values()].map(r => r.nonce + 1))
  }

  block(logs: object[] = []): void {
    const number = this.blocks.length
    const hash = keccak256(`0x${(number + this.#fork * 100_000).toString(16).padStart(8, '0')}`)
    this.blocks.push({ hash, logs })
  }

  mine(ok = true): void {
    for (const [hash, tx] of [...this.pool].sort((a, b) => a[1].nonce - b[1].nonce)) {
      if (tx.nonce < this.nonce) this.pool.delete(hash)
      if (tx.nonce !== this.nonce || (tx.maxFeePerGas ?? 0n) < this.minimumFee) continue
      this.pool.delete(hash)
      this.nonce++
      this.block()
      this.receipts.set(hash, { block: this.blocks.length - 1, ok, nonce: tx.nonce })
    }
  }

  close = async (): Promise<void> => undefined

  send = async ({ method, params }: RpcRequest, signal?: AbortSignal): Promise<unknown> => {
    signal?.throwIfAborted()
    if (this.away) throw new RpcUnreachable('away')
    const [first] = params
    const header = (n: number): unknown => {
      const found = this.blocks[n]
      if (found === undefined) return null
      return {
        number: quantity(n),
        hash: found.hash,
        timestamp: quantity(1_800_000_000 + n),
        baseFeePerGas: quantity(this.baseFee)
      }
    }
    switch (method) {
      case 'eth_blockNumber':
        return quantity(this.blocks.length - 1)
      case 'eth_getBlockByNumber':
        return header(first === 'latest' ? this.blocks.length - 1 : Number(first))
      case 'eth_maxPriorityFeePerGas':
        return '0x1'
      case 'eth_getTransactionCount':
        return quantity(this.nonce)
      case 'eth_estimateGas':
        if (this.estimate !== undefined) throw this.estimate
        return '0x5208'
      case 'eth_getTransactionReceipt': {
        const r = this.receipts.get(String(first))
        if (r === undefined) return null
        const [blockHash, status] = [this.blocks[r.block]?.hash, r.ok ? '0x1' : '0x0']
        return { transactionHash: first, blockNumber: quantity(r.block), blockHash, status }
      }
      case 'eth_call':
        throw new RpcRefused(3, 'execution reverted', undefined)
      case 'eth_getLogs': {
        const { fromBlock, toBlock } = first as { fromBlock: string; toBlock: string }
        return this.blocks.slice(Number(fromBlock), Number(toBlock) + 1).flatMap(b => b.logs)
      }
      case 'eth_sendRawTransaction': {
        const tx = Transaction.from(String(first))
        const hash = String(tx.hash)
        this.sent.push(tx)
        if ((tx.maxFeePerGas ?? 0n) < this.baseFee && this.refusesCheap)
          throw new RpcRefused(-32003, 'max fee per gas less than block base fee', undefined)
        if (tx.nonce < this.nonce) throw new RpcRefused(-32003, 'nonce too low', undefined)
        if (this.pool.has(hash)) throw new RpcRefused(-32003, 'transaction already imported', undefined)
        this.pool.set(hash, tx)
        if (this.mining) this.mine()
        return hash
      }
      default:
        throw new RpcRefused(-32601, method, undefined)
    }
  }
}
