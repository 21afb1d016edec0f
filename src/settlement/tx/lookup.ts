/** What a chain says of single transactions beside their receipts: in which block they are, and whose a nonce is. */
import type { Address, Hex32 } from '../../protocol/ids.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { malformed, quantity, RpcRefused, toNumber } from '../rpc/rpc.ts'
import { hashOf, readReceipt, type Place } from './pending.ts'

/** Blocks that one call of `nonceUser` reads one by one, where the node keeps no old states. */
const SCAN_BLOCKS = 64
/** Blocks read at the same time. */
const SCAN_PARALLEL = 8
/** A node that lagged may have shown a nonce as free this many blocks after it was used. */
const LAG_BLOCKS = 300

/** A transaction of our account, as blocks hold it. */
export interface Found extends Place {
  readonly to: string | undefined
  readonly input: string
}

interface RawTransaction {
  readonly hash: unknown
  readonly from: unknown
  readonly nonce: unknown
}

const isTransaction = (v: unknown): v is RawTransaction =>
  v !== null && typeof v === 'object' && 'hash' in v && 'from' in v && 'nonce' in v

const same = (a: unknown, b: string): boolean => typeof a === 'string' && a.toLowerCase() === b.toLowerCase()

/** `unknown`: no node that was asked has it. A transaction of another hash is refused. */
export async function whereIs(
  rpc: Rpc,
  hash: Hex32,
  signal: AbortSignal
): Promise<Place | 'pool' | 'unknown'> {
  const found = await rpc.call('eth_getTransactionByHash', [hash], { signal })
  if (found === null || found === undefined) return 'unknown'
  if (!isTransaction(found) || found.hash !== hash) throw malformed('transaction')
  const block = 'blockNumber' in found ? found.blockNumber : null
  if (block === null || block === undefined) return 'pool'
  const blockHash = 'blockHash' in found ? hashOf(found.blockHash) : undefined
  return { hash, block: toNumber(block, 'transaction'), blockHash }
}

/** A question that a node may not serve; undefined then. */
async function perhaps(rpc: Rpc, method: string, params: unknown[], signal: AbortSignal): Promise<unknown> {
  try {
    return await rpc.call(method, params, { signal })
  } catch (e) {
    if (e instanceof RpcRefused) return undefined
    throw e
  }
}

const isOf = (v: unknown, hash: Hex32): boolean =>
  v !== null && typeof v === 'object' && 'transactionHash' in v && v.transactionHash === hash

/**
 * Whether a transaction in a block succeeded, where its own receipt is missing: by the receipts of its whole block, or by its logs (what
 * reverts leaves none, and each of our calls that succeeds leaves one). Undefined when neither tells.
 */
export async function outcomeOf(rpc: Rpc, place: Place, signal: AbortSignal): Promise<boolean | undefined> {
  const receipts = await perhaps(rpc, 'eth_getBlockReceipts', [quantity(place.block)], signal)
  const own = Array.isArray(receipts) ? receipts.find(r => isOf(r, place.hash)) : undefined
  const receipt = readReceipt(own, place.hash)
  if (receipt !== undefined) return receipt.ok
  if (place.blockHash === undefined) return undefined
  const logs = await perhaps(rpc, 'eth_getLogs', [{ blockHash: place.blockHash }], signal)
  return Array.isArray(logs) && logs.some(l => isOf(l, place.hash)) ? true : undefined
}

/** Hash of the block at a height; null where the node has none. */
export async function blockHashAt(rpc: Rpc, block: number, signal: AbortSignal): Promise<Hex32 | null> {
  const found = await rpc.call('eth_getBlockByNumber', [quantity(block), false], { signal })
  if (found === null || typeof found !== 'object' || !('hash' in found)) return null
  return hashOf(found.hash) ?? null
}

/** Finds the transaction that used a nonce; one search goes on over several calls. */
export class NonceSearch {
  readonly #rpc: Rpc
  readonly #account: Address
  readonly #nonce: number
  readonly #since: number
  /** Next block of the search one by one; it begins anew at the head when the first block was read. */
  #next: number | undefined
  /** The node keeps no old states, or they led to nothing. */
  #oneByOne = false

  /** `since`: newest block when the nonce was thought to be free. */
  constructor(rpc: Rpc, account: Address, nonce: number, since: number) {
    this.#rpc = rpc
    this.#account = account
    this.#nonce = nonce
    this.#since = Math.max(0, since - LAG_BLOCKS)
  }

  /** Undefined when this part of the search did not find it: the caller comes again. */
  async step(head: number, signal: AbortSignal): Promise<Found | undefined> {
    if (!this.#oneByOne) {
      const block = await this.#byCounts(head, signal)
      const found = block === undefined ? undefined : await this.#inBlock(block, signal)
      if (found !== undefined) return found
      this.#oneByOne = true
    }
    return await this.#scan(head, signal)
  }

  /** The block in which the account's count passed the nonce, by the states of old blocks. */
  async #byCounts(head: number, signal: AbortSignal): Promise<number | undefined> {
    const used = async (block: number): Promise<boolean> => {
      const params = [this.#account, quantity(block)]
      return (
        toNumber(await this.#rpc.call('eth_getTransactionCount', params, { signal }), 'nonce') > this.#nonce
      )
    }
    try {
      if (!(await used(head))) return undefined
      let [high, step] = [head, 1]
      while (high - step > 0 && (await used(high - step))) [high, step] = [high - step, step * 2]
      let low = Math.max(0, high - step)
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2)
        if (await used(middle)) high = middle
        else low = middle
      }
      return high
    } catch (e) {
      if (e instanceof RpcRefused) return undefined // no states that old
      throw e
    }
  }

  async #scan(head: number, signal: AbortSignal): Promise<Found | undefined> {
    let next = Math.min(this.#next ?? head, head)
    for (let read = 0; read < SCAN_BLOCKS && next >= this.#since; read += SCAN_PARALLEL) {
      const blocks = Array.from({ length: SCAN_PARALLEL }, (_, i) => next - i).filter(b => b >= this.#since)
      const found = await Promise.all(blocks.map(b => this.#inBlock(b, signal)))
      const one = found.find(f => f !== undefined)
      if (one !== undefined) return one
      next -= blocks.length
    }
    const whole = next < this.#since
    this.#next = whole ? undefined : next
    if (whole) this.#oneByOne = false
    return undefined
  }

  async #inBlock(number: number, signal: AbortSignal): Promise<Found | undefined> {
    const block = await this.#rpc.call('eth_getBlockByNumber', [quantity(number), true], { signal })
    if (block === null || typeof block !== 'object' || !('transactions' in block)) return undefined
    if (!Array.isArray(block.transactions)) throw malformed('block')
    for (const t of block.transactions as unknown[]) {
      if (!isTransaction(t) || !same(t.from, this.#account)) continue
      if (toNumber(t.nonce, 'transaction') !== this.#nonce) continue
      const hash = hashOf(t.hash)
      if (hash === undefined) throw malformed('transaction')
      const blockHash = 'hash' in block ? hashOf(block.hash) : undefined
      const to = 'to' in t && typeof t.to === 'string' ? t.to : undefined
      const input = 'input' in t && typeof t.input === 'string' ? t.input : ''
      return { hash, block: number, blockHash, to, input }
    }
    return undefined
  }
}
