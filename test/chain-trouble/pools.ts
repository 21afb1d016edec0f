/** The habits of pools of RPC nodes and of the programs beside us: what each of them knows of a transaction, and when. */
import { Transaction } from 'ethers/transaction'
import type { Address } from '../../src/protocol/ids.ts'
import type { TransactionKey } from '../../src/settlement/keys/operator.ts'
import { quantity, RpcBusy, RpcRefused, toNumber, type RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import { seededRandom } from '../support/sim/random.ts'
import { stale, type Trouble } from './rpcs.ts'

/** Receipts come `ms` after the first look for them. `all`: so does everything else that names single transactions. */
export function lateReceipts(ms: number, all = false): Trouble {
  const seen = new Map<string, number>()
  return async (request, real, clock) => {
    const { method, params } = request
    const name = String(params[0])
    if (method === 'eth_getBlockReceipts') throw new RpcRefused(-32601, 'not offered', undefined)
    const byHash = method === 'eth_getTransactionReceipt' || (all && method === 'eth_getTransactionByHash')
    if (byHash) {
      if (!seen.has(name)) seen.set(name, clock.monotonic())
      if (clock.monotonic() - (seen.get(name) ?? 0) < ms) return null
    }
    const ofBlock = method === 'eth_getLogs' && 'blockHash' in (params[0] as object)
    return all && ofBlock ? [] : await real.send(request)
  }
}

/** Each request goes to another node of the pool: one is at the head, the others so many blocks behind. */
export function heights(...behind: readonly number[]): Trouble {
  const random = seededRandom(behind.length)
  return async (request, real, clock) => {
    const node = behind[Math.floor(random.fraction() * behind.length)] ?? 0
    return node === 0 ? await real.send(request) : await stale(node)(request, real, clock)
  }
}

/** Answers overtake one another: each is up to `ms` late. */
export function outOfOrder(ms: number): Trouble {
  const random = seededRandom(5)
  return async (request, real, clock) => {
    await clock.sleep(random.fraction() * ms)
    const answer = await real.send(request)
    await clock.sleep(random.fraction() * ms)
    return answer
  }
}

/** Transactions wait in a pool that is dropped every `ms`, and none is mined. */
export function droppedPool(ms: number): Trouble {
  const pool = new Map<string, Transaction>()
  let droppedAt = 0
  return async (request, real, clock) => {
    const { method, params } = request
    if (clock.monotonic() - droppedAt > ms) {
      pool.clear()
      droppedAt = clock.monotonic()
    }
    if (method === 'eth_sendRawTransaction') {
      const tx = Transaction.from(String(params[0]))
      pool.set(String(tx.hash), tx)
      return tx.hash
    }
    const waiting = pool.get(String(params[0]))
    if (method === 'eth_getTransactionByHash' && waiting !== undefined) {
      const { hash, from, to, data: input, nonce } = waiting
      return { hash, from, to, input, nonce: quantity(nonce), blockNumber: null, blockHash: null }
    }
    const answer = await real.send(request)
    if (method !== 'eth_getTransactionCount' || params[1] !== 'pending') return answer
    const own = [...pool.values()].filter(t => t.from?.toLowerCase() === String(params[0]).toLowerCase())
    return quantity(Math.max(toNumber(answer, 'nonce'), ...own.map(t => t.nonce + 1)))
  }
}

/** Where the transactions of the other program go. */
export const STRANGER = '0x00000000000000000000000000000000000dEaD1' as Address

/** Another program with the same keys is faster, once for each account: it uses the nonce of a transaction that is just being sent. */
export function takenNonces(keys: readonly TransactionKey[], chainId: bigint): Trouble {
  const struck = new Set<string>()
  return async (request, real) => {
    if (request.method !== 'eth_sendRawTransaction') return await real.send(request)
    const { from, nonce } = Transaction.from(String(request.params[0]))
    const key = keys.find(k => k.address.toLowerCase() === from?.toLowerCase())
    if (key !== undefined && !struck.has(key.address)) {
      struck.add(key.address)
      await real.send({ method: request.method, params: [strangers(key, chainId, nonce)] })
    }
    return await real.send(request)
  }
}

const strangers = (key: TransactionKey, chainId: bigint, nonce: number): string =>
  key.signTransaction({
    ...{ type: 2, chainId, nonce, to: STRANGER, data: '0x', gasLimit: 21_000n },
    ...{ maxFeePerGas: 100_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n }
  }).raw

const isEvents = (method: string, params: readonly unknown[]): boolean =>
  method === 'eth_getLogs' && !('blockHash' in (params[0] as object))

/** Events of at most `blocks` blocks at once. */
export const narrowEvents =
  (blocks: number): Trouble =>
  async (request: Parameters<RpcTransport['send']>[0], real) => {
    if (isEvents(request.method, request.params)) {
      const { fromBlock, toBlock } = request.params[0] as { fromBlock: string; toBlock: string }
      const size = Number(toBlock) - Number(fromBlock) + 1
      if (size > blocks) throw new RpcRefused(-32602, `range ${size} exceeds limit of ${blocks}`, undefined)
    }
    return await real.send(request)
  }

/** At most `count` events at once. */
export const fewEvents =
  (count: number): Trouble =>
  async (request, real) => {
    const answer = await real.send(request)
    if (isEvents(request.method, request.params) && Array.isArray(answer) && answer.length > count)
      throw new RpcRefused(-32005, `query returned more than ${count} results`, undefined)
    return answer
  }

/** At most `count` queries for events, and ten times as many requests, in ten seconds. */
export function seldom(count: number): Trouble {
  let times: { at: number; events: boolean }[] = []
  return async (request, real, clock) => {
    const now = clock.monotonic()
    times = times.filter(t => now - t.at < 10_000)
    const events = isEvents(request.method, request.params)
    const before = times.filter(t => !events || t.events).length
    if (before >= (events ? count : 10 * count)) throw new RpcBusy('HTTP 429', 2_000)
    times.push({ at: now, events })
    return await real.send(request)
  }
}

/** Events are not offered at all. */
export const noEvents: Trouble = async (request, real) => {
  if (request.method === 'eth_getLogs')
    throw new RpcRefused(-32601, 'eth_getLogs is not available', undefined)
  return await real.send(request)
}
