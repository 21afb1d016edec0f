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

/** A transaction in a block, as a node tells it. */
interface FakeTransaction {
  readonly hash: string
  readonly nonce: number
  readonly from: string
  readonly to: string | null
  readonly input: string
}

interface FakeBlock {
  readonly hash: string
  readonly logs: object[]
  readonly transactions: FakeTransaction[]
}

const told = (tx: Transaction): FakeTransaction => {
  const { hash, nonce, from, to, data: input } = tx
  return { hash: String(hash), nonce, from: String(from), to, input }
}

export class FakeChain implements RpcTransport {
  blocks: FakeBlock[] = [{ hash: keccak256('0x00'), logs: [], transactions: [] }]
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
  /** Receipts answer null, as nodes do that index transactions later. */
  noReceipts = false
  /** Transactions by their hash answer null. */
  noTransactions = false
  /** Logs of single blocks, by which a success can be told, are not given. */
  noBlockLogs = false
  /** Receipts of whole blocks are given. */
  blockReceipts = false
  /** States of old blocks are gone. */
  pruned = false
  #fork = 0
  #foreign = 0

  /** Ends blocks above `height` and their transactions, as a crash or a reorganisation does; dropped ones are forgotten. */
  rewind(height: number): void {
    this.blocks = this.blocks.slice(0, height + 1)
    this.#fork++
    for (const [hash, r] of this.receipts) if (r.block > height) this.receipts.delete(hash)
    this.nonce = Math.max(0, ...[...this.receipts.values()].map(r => r.nonce + 1))
  }

  block(logs: object[] = [], transactions: FakeTransaction[] = []): void {
    const number = this.blocks.length
    const hash = keccak256(`0x${(number + this.#fork * 100_000).toString(16).padStart(8, '0')}`)
    this.blocks.push({ hash, logs, transactions })
  }

  mine(ok = true): void {
    for (const [hash, tx] of [...this.pool].sort((a, b) => a[1].nonce - b[1].nonce)) {
      if (tx.nonce < this.nonce) this.pool.delete(hash)
      if (tx.nonce !== this.nonce || (tx.maxFeePerGas ?? 0n) < this.minimumFee) continue
      this.pool.delete(hash)
      this.nonce++
      this.block([], [told(tx)])
      this.receipts.set(hash, { block: this.blocks.length - 1, ok, nonce: tx.nonce })
    }
  }

  /** Another program with the same key uses the next nonce. Gives the transaction's hash. */
  foreign(from: string): string {
    const hash = keccak256(`0xffff${(++this.#foreign).toString(16).padStart(8, '0')}`)
    const nonce = this.nonce++
    this.block([], [{ hash, nonce, from: from.toLowerCase(), to: `0x${'99'.repeat(20)}`, input: '0x' }])
    this.receipts.set(hash, { block: this.blocks.length - 1, ok: true, nonce })
    return hash
  }

  /** The transactions of the account that are in blocks. */
  get mined(): FakeTransaction[] {
    return this.blocks.flatMap(b => b.transactions)
  }

  close = async (): Promise<void> => undefined

  #header(n: number, whole: boolean): unknown {
    const found = this.blocks[n]
    if (found === undefined) return null
    return {
      number: quantity(n),
      hash: found.hash,
      timestamp: quantity(1_800_000_000 + n),
      baseFeePerGas: quantity(this.baseFee),
      transactions: found.transactions.map(t => (whole ? { ...t, nonce: quantity(t.nonce) } : t.hash))
    }
  }

  #transaction(hash: string): unknown {
    if (this.noTransactions) return null
    const pooled = this.pool.get(hash)
    const number = this.blocks.findIndex(b => b.transactions.some(t => t.hash === hash))
    const found = pooled === undefined ? this.mined.find(t => t.hash === hash) : told(pooled)
    if (found === undefined) return null
    const [blockNumber, blockHash] =
      pooled === undefined ? [quantity(number), this.blocks[number]?.hash] : [null, null]
    return { ...found, nonce: quantity(found.nonce), blockNumber, blockHash }
  }

  #receipt(hash: string, ofBlock = false): unknown {
    const r = this.receipts.get(hash)
    if (r === undefined || (this.noReceipts && !ofBlock)) return null
    const [blockHash, status] = [this.blocks[r.block]?.hash, r.ok ? '0x1' : '0x0']
    return { transactionHash: hash, blockNumber: quantity(r.block), blockHash, status }
  }

  /** One log for each transaction of the block that did not revert. */
  #logsOf(blockHash: string): object[] {
    const block = this.blocks.find(b => b.hash === blockHash)
    if (this.noBlockLogs || block === undefined) return []
    const fine = block.transactions.filter(t => this.receipts.get(t.hash)?.ok === true)
    return fine.map(t => ({ address: t.to, topics: [], data: '0x', transactionHash: t.hash }))
  }

  #count(tag: unknown): string {
    if (typeof tag !== 'string' || !tag.startsWith('0x')) return quantity(this.nonce)
    if (this.pruned) throw new RpcRefused(-32000, 'missing trie node', undefined)
    return quantity(this.blocks.slice(0, Number(tag) + 1).flatMap(b => b.transactions).length)
  }

  send = async ({ method, params }: RpcRequest, signal?: AbortSignal): Promise<unknown> => {
    signal?.throwIfAborted()
    if (this.away) throw new RpcUnreachable('away')
    const [first] = params
    switch (method) {
      case 'eth_blockNumber':
        return quantity(this.blocks.length - 1)
      case 'eth_getBlockByNumber':
        return this.#header(first === 'latest' ? this.blocks.length - 1 : Number(first), params[1] === true)
      case 'eth_maxPriorityFeePerGas':
        return '0x1'
      case 'eth_getTransactionCount':
        return this.#count(params[1])
      case 'eth_estimateGas':
        if (this.estimate !== undefined) throw this.estimate
        return '0x5208'
      case 'eth_getTransactionByHash':
        return this.#transaction(String(first))
      case 'eth_getTransactionReceipt':
        return this.#receipt(String(first))
      case 'eth_getBlockReceipts':
        if (!this.blockReceipts) throw new RpcRefused(-32601, method, undefined)
        return this.blocks[Number(first)]?.transactions.map(t => this.#receipt(t.hash, true)) ?? null
      case 'eth_call':
        throw new RpcRefused(3, 'execution reverted', undefined)
      case 'eth_getLogs': {
        const { fromBlock, toBlock, blockHash } = first as Record<string, string>
        if (blockHash !== undefined) return this.#logsOf(blockHash)
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
