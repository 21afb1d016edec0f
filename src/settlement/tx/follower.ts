/** One round over the transactions under way: which are mined, which must be sent again, which are stuck. */
import type { ShoalError } from '../../protocol/errors.ts'
import { chainError } from '../revert.ts'
import { quantity, RpcRefused, toNumber } from '../rpc/rpc.ts'
import type { TxBook } from './book.ts'
import type { Intent } from './journal.ts'
import { readReceipt, type Pending, type Receipt } from './pending.ts'

/** Receipts asked for in one round. */
const ROUND_MAX = 64
/** A refused rebroadcast is final after this many times. */
const REFUSALS_MAX = 5
/** Rounds in which a nonce is missing before later transactions get fresh ones. */
const GAP_ROUNDS = 10

export class TxFollower {
  readonly #book: TxBook
  #gaps = 0

  constructor(book: TxBook) {
    this.#book = book
  }

  /** Throws what the RPC threw; the next round begins afresh. */
  async round(): Promise<void> {
    const { rpc, options } = this.#book.parts
    const { signal } = this.#book.stopping
    const head = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
    const count = await this.#book.count('latest', signal)
    const replaced = await this.#isReplaced()
    const due = this.#book.list().filter(({ intent: { minedAt } }) => {
      return minedAt === undefined || replaced || head < minedAt || head - minedAt >= options.confirmations
    })
    const looks = await Promise.allSettled(due.slice(0, ROUND_MAX).map(async p => await this.#look(p, head)))
    const failed = looks.find(l => l.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const first = this.#book.unmined()[0]
    if (first !== undefined) await this.#book.lane.run(async () => await this.#unblock(first, count))
  }

  /** The block of the newest mined transaction is another one now. Then blocks before it may be, too; were they, it would be. */
  async #isReplaced(): Promise<boolean> {
    const { rpc } = this.#book.parts
    let newest: Intent | undefined
    for (const { intent } of this.#book.list())
      if (intent.minedIn !== undefined && (intent.minedAt ?? 0) >= (newest?.minedAt ?? 0)) newest = intent
    if (newest?.minedAt === undefined) return false
    const params = [quantity(newest.minedAt), false]
    const block = await rpc.call('eth_getBlockByNumber', params, { signal: this.#book.stopping.signal })
    if (block === null || typeof block !== 'object' || !('hash' in block)) return false
    return block.hash !== newest.minedIn
  }

  /** Looks whether a transaction was mined, and acts on it. */
  async #look(p: Pending, head: number): Promise<void> {
    const { rpc, log } = this.#book.parts
    for (const hash of p.intent.hashes) {
      const answer = await rpc.call('eth_getTransactionReceipt', [hash], {
        signal: this.#book.stopping.signal
      })
      const receipt = readReceipt(answer, hash)
      if (receipt === undefined) continue
      if (p.intent.minedAt !== undefined) await this.#settle(p, receipt, head)
      else if (receipt.ok) await this.#book.mined(p, hash, receipt)
      else await this.#book.fail(p, await this.#reason(p.intent, receipt.block))
      return
    }
    if (p.intent.minedAt !== undefined) {
      const { minedAt: _, minedIn: __, ...intent } = p.intent
      log.warn(
        { method: intent.method, nonce: intent.nonce },
        'the chain went back: a mined transaction is sent again'
      )
      p.sentAt = -Infinity
      await this.#book.change(p, intent)
    }
    await this.#again(p)
  }

  /** A mined one that is looked at again: deep enough and forgotten, or in another block than before. */
  async #settle(p: Pending, { block, blockHash }: Receipt, head: number): Promise<void> {
    if (head - block >= this.#book.parts.options.confirmations) return await this.#book.forget(p)
    if (blockHash !== p.intent.minedIn)
      await this.#book.change(p, { ...p.intent, minedAt: block, minedIn: blockHash })
  }

  /** Sends an unmined transaction again when its time has come. */
  async #again(p: Pending): Promise<void> {
    const { clock, log, options } = this.#book.parts
    if (clock.monotonic() - p.sentAt < options.rebroadcastMs) return
    const refusal = await this.#book.send(p)
    if (refusal === undefined) return
    p.refusals++
    log.debug({ nonce: p.intent.nonce, reason: refusal.message }, 'a repeated transaction was refused')
    if (p.refusals < REFUSALS_MAX) return
    if (!/nonce too low/i.test(refusal.message))
      return await this.#book.fail(p, chainError(p.intent, refusal))
    await this.#book.lane.run(async () => await this.#replace(p))
  }

  /** Inside the lane: its nonce was used by somebody else, so it needs a fresh one. */
  async #replace(p: Pending): Promise<void> {
    if (!this.#book.holds(p)) return
    const { signal } = this.#book.stopping
    // Where the nonce is still free the answers come from behind the node that refuses: the transaction may well be mined
    // there, and a fresh nonce would do it twice.
    if ((await this.#book.count('latest', signal)) <= p.intent.nonce) return
    await this.#book.renew([p], await this.#book.count('pending', signal))
  }

  /** Why a mined transaction reverted: the same call again on the block before it. */
  async #reason(intent: Intent, block: number): Promise<ShoalError> {
    const { rpc, key } = this.#book.parts
    const request = { from: key.address, to: intent.to, data: intent.data, gas: quantity(intent.gas) }
    for (const tag of [quantity(Math.max(block - 1, 0)), 'latest']) {
      try {
        await rpc.call('eth_call', [request, tag], { signal: this.#book.stopping.signal })
      } catch (e) {
        if (!(e instanceof RpcRefused)) throw e
        if (e.data !== undefined) return chainError(intent, e) // else this node keeps no old states: try the next tag
      }
    }
    return chainError(intent, { message: 'reverted when mined', data: undefined })
  }

  /** Inside the lane: the first unmined transaction waits for a missing nonce, or its fee is too low. */
  async #unblock(first: Pending, count: number): Promise<void> {
    if (!this.#book.holds(first) || first.intent.minedAt !== undefined) return
    const { clock, options } = this.#book.parts
    this.#gaps = first.intent.nonce > count ? this.#gaps + 1 : 0
    if (this.#gaps >= GAP_ROUNDS) {
      this.#gaps = 0
      await this.#book.renew(
        this.#book.unmined(),
        await this.#book.count('latest', this.#book.stopping.signal)
      )
    } else if (first.intent.nonce === count) {
      const since = clock.monotonic() - first.signedAt
      if (since > options.stuckMs || (since > options.rebroadcastMs && (await this.#tooCheap(first))))
        await this.#book.resign(first, first.intent.nonce, first.intent.hashes)
    }
  }

  /** No block takes it as it is: fees rose since it was signed, or the chain went back to a dearer time. */
  async #tooCheap({ intent }: Pending): Promise<boolean> {
    const { base } = await this.#book.fees(this.#book.stopping.signal)
    return base > intent.maxFee
  }
}
