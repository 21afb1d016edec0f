/** One round over the transactions under way: which are mined, which must be sent again, which are stuck. */
import { formatGasPrice } from '../../protocol/units.ts'
import { toNumber } from '../rpc/rpc.ts'
import type { TxBook } from './book.ts'
import { Fate } from './fate.ts'
import { Forms } from './forms.ts'
import { Gap } from './gap.ts'
import type { Intent } from './journal.ts'
import { blockHashAt, whereIs } from './lookup.ts'
import { isMined, readReceipt, type Pending, type Place, type Receipt } from './pending.ts'

/** Receipts asked for in one round. */
const ROUND_MAX = 64
/** A transaction that nodes refused so often for what it is, and that none knows, is made void. */
const REFUSALS_MAX = 5
const VOID_MS = 60_000
/** Between two looks at the fate of one: at first, and at most. */
const FATE_MS = 1_000
const FATE_MAX_MS = 10_000
/** Forms under earlier nonces are looked at so many times less often. */
const EARLIER_SELDOM = 10
/** Blocks that passed over a transaction before its price is to blame. */
const PASSED_BLOCKS = 3
/** A wait that lasts this long is said in the log, once; a plain one for a block after longer. */
const WARN_MS = 30_000
const WARN_MINING_MS = 120_000

export class TxFollower {
  readonly #book: TxBook
  readonly #fate: Fate
  readonly #forms: Forms
  readonly #gap: Gap

  constructor(book: TxBook) {
    this.#book = book
    this.#fate = new Fate(book)
    this.#forms = new Forms(book)
    this.#gap = new Gap(book)
  }

  /** Throws what the RPC or the journal threw; the next round begins afresh. */
  async round(): Promise<void> {
    for (const p of this.#book.list()) if (p.deep && !this.#book.isAwaited(p)) await this.#book.forget(p)
    if (this.#book.list().some(p => !p.deep)) await this.#lookAtAll()
    await this.#book.noteTold()
  }

  async #lookAtAll(): Promise<void> {
    const { rpc, options } = this.#book.parts
    const { signal } = this.#book.stopping
    const head = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
    const count = await this.#book.count('latest', signal)
    const replaced = await this.#isReplaced()
    const due = this.#book.list().filter(({ deep, intent: { minedAt } }) => {
      if (deep) return false
      return minedAt === undefined || replaced || head < minedAt || head - minedAt >= options.confirmations
    })
    const looks = await Promise.allSettled(
      due.slice(0, ROUND_MAX).map(async p => await this.#look(p, head, count))
    )
    this.#warn()
    const failed = looks.find(l => l.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const first = this.#book.unmined().find(p => p.seen === undefined && p.intent.nonce >= count)
    if (first !== undefined) await this.#book.lane.run(async () => await this.#unblock(first, head, count))
  }

  /** The block of the newest mined transaction is another one now. Then blocks before it may be, too; were they, it would be. */
  async #isReplaced(): Promise<boolean> {
    const { rpc } = this.#book.parts
    let newest: Intent | undefined
    for (const { intent } of this.#book.list())
      if (intent.minedIn !== undefined && (intent.minedAt ?? 0) >= (newest?.minedAt ?? 0)) newest = intent
    if (newest?.minedAt === undefined) return false
    const hash = await blockHashAt(rpc, newest.minedAt, this.#book.stopping.signal)
    return hash !== null && hash !== newest.minedIn
  }

  /** Looks whether a transaction was mined, and acts on it. */
  async #look(p: Pending, head: number, count: number): Promise<void> {
    const found = await this.#receipt(p)
    if (isMined(p)) return await this.#again(p, found, head)
    if (found !== undefined) return await this.#fate.end(p, found, found.ok)
    const { clock, options } = this.#book.parts
    const fateMs = options.fateMs ?? FATE_MS
    const now = clock.monotonic()
    const { earlier, nonce, voided } = p.intent
    if (earlier !== undefined && voided === undefined && now - p.earlierAt >= EARLIER_SELDOM * fateMs) {
      p.earlierAt = now
      if (await this.#fate.earlier(p)) return
    }
    if (p.seen === undefined && count <= nonce && !p.nonceUsed) return await this.#send(p)
    // what is not known for long is asked for less often
    const pause = (now - this.#book.waitOf(p).since) / 10
    if (now - p.lookedAt < Math.max(fateMs, Math.min(pause, FATE_MAX_MS))) return
    p.lookedAt = now
    await this.#fate.look(p, head, count)
  }

  /** The receipt of the form that is in a block. */
  async #receipt({ intent }: Pending): Promise<(Receipt & Place) | undefined> {
    const { rpc } = this.#book.parts
    for (const hash of intent.hashes) {
      const options = { signal: this.#book.stopping.signal }
      const receipt = readReceipt(await rpc.call('eth_getTransactionReceipt', [hash], options), hash)
      if (receipt !== undefined) return { ...receipt, hash }
    }
    return undefined
  }

  /** A mined one that is looked at again: deep enough, or in another block than before, or in none. */
  async #again(p: Pending, found: (Receipt & Place) | undefined, head: number): Promise<void> {
    const { minedAt = 0, minedIn, reverted, method, nonce } = p.intent
    if (found === undefined && !(await this.#stands(p.intent, head))) {
      const { log } = this.#book.parts
      log.warn({ method, nonce }, 'the chain went back: a mined transaction is sent again')
      return await this.#book.unmine(p)
    }
    const block = found?.block ?? minedAt
    if (head - block >= this.#book.parts.options.confirmations) return await this.#settle(p)
    if (found === undefined || (found.blockHash === minedIn && found.ok === (reverted !== true))) return
    await this.#fate.end(p, found, found.ok)
  }

  /** Its block is still on the chain, or so old that this node has let go of it: only its receipt is missing. */
  async #stands({ minedAt, minedIn, minedAs }: Intent, head: number): Promise<boolean> {
    if (minedAt === undefined || minedIn === undefined) return false
    const { rpc } = this.#book.parts
    const { signal } = this.#book.stopping
    const hash = await blockHashAt(rpc, minedAt, signal)
    if (hash !== null || head >= minedAt) return (hash ?? minedIn) === minedIn
    // this node is not there yet, or the chain went back: another one may know
    const place = minedAs === undefined ? 'unknown' : await whereIs(rpc, minedAs, signal)
    return typeof place === 'object' && place.blockHash === minedIn
  }

  /** Final. An end of a payment that nobody has heard of stays in the journal for whoever asks. */
  async #settle(p: Pending): Promise<void> {
    if (this.#book.isAwaited(p)) p.deep = true
    else await this.#book.forget(p)
  }

  /** Sends an unmined transaction again when its time has come. */
  async #send(p: Pending): Promise<void> {
    const { clock, log, options } = this.#book.parts
    if (clock.monotonic() - p.sentAt < options.rebroadcastMs) return
    const refusal = await this.#book.send(p)
    if (refusal === undefined) return
    log.debug(
      { nonce: p.intent.nonce, reason: refusal.refused.message },
      'a repeated transaction was refused'
    )
    if (refusal.kind !== 'call') return
    p.refusals++
    this.#book.wait(p, 'refused', `the node does not take it (${refusal.refused.message.slice(0, 160)})`)
  }

  /** Inside the lane: the first unmined transaction waits for a missing nonce, or its fee is too low, or nobody takes it. */
  async #unblock(first: Pending, head: number, count: number): Promise<void> {
    if (!this.#book.holds(first) || isMined(first)) return
    const { nonce } = first.intent
    await this.#gap.look(first, count)
    if (nonce !== count || first.nonceUsed) return
    if (first.refusals >= REFUSALS_MAX) return await this.#giveUp(first)
    if (!(await this.#isCheap(first, head))) return
    if (await this.#forms.resign(first)) return
    const { base } = await this.#book.fees(this.#book.stopping.signal)
    const cap = formatGasPrice(this.#book.bound.highest())
    const text = `gas at ${formatGasPrice(base)} and its tip are too dear under the cap of ${cap} (chain.maxFee)`
    this.#book.wait(first, 'fee-cap', text)
  }

  /** Nodes refuse it, and none knows it: its nonce is used up, so that what comes after it goes on and nothing of it is ever mined. */
  async #giveUp(p: Pending): Promise<void> {
    const { clock, rpc, options } = this.#book.parts
    const refusal = p.refusal ?? ''
    if (p.intent.voided !== undefined || /insufficient funds/i.test(refusal)) return // more money mends it
    if (clock.monotonic() - this.#book.waitOf(p).since < (options.voidMs ?? VOID_MS)) return
    for (const hash of p.intent.hashes)
      if ((await whereIs(rpc, hash, this.#book.stopping.signal)) !== 'unknown') return
    await this.#forms.makeVoid(p, refusal)
  }

  /** The price is to blame: a node said so, the base fee is above it, or blocks passed over it while nodes say that it waits. */
  async #isCheap(p: Pending, head: number): Promise<boolean> {
    const { clock, rpc, options } = this.#book.parts
    const { signal } = this.#book.stopping
    const since = clock.monotonic() - p.signedAt
    if (since <= options.rebroadcastMs) return false
    const { base } = await this.#book.fees(signal)
    if (base > p.intent.maxFee) return true
    if (p.cheap) {
      p.cheap = false // the next refusal sets it again
      return true
    }
    if (since <= options.stuckMs || head - p.signedHead < PASSED_BLOCKS) return false
    const [hash] = p.intent.hashes
    return hash !== undefined && (await whereIs(rpc, hash, signal)) === 'pool'
  }

  /** Says once of each wait that lasts. */
  #warn(): void {
    const { clock, log } = this.#book.parts
    for (const p of this.#book.unmined()) {
      const { kind, text, since } = this.#book.waitOf(p)
      if (p.warned || clock.monotonic() - since < (kind === 'mining' ? WARN_MINING_MS : WARN_MS)) continue
      p.warned = true
      const { method, nonce } = p.intent
      log.warn({ method, nonce, why: kind, reason: text }, 'a transaction waits')
    }
  }
}
