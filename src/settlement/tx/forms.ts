/** How a transaction gets another signed form: under its nonce for a higher price, or under another once that is safe. */
import type { Hex32, HexBytes } from '../../protocol/ids.ts'
import { RpcRefused } from '../rpc/rpc.ts'
import type { TxBook } from './book.ts'
import { replaces, replacing, type FeesNow } from './fees.ts'
import { EARLIER_MAX, FORMS_MAX, type Intent } from './journal.ts'
import type { Pending } from './pending.ts'

/** A transaction that does nothing, to ourselves. */
const EMPTY = { data: '0x' as HexBytes, gas: 21_000n } as const

export class Forms {
  readonly #book: TxBook

  constructor(book: TxBook) {
    this.#book = book
  }

  /** Inside the lane. A fresh nonce, since a stranger's transaction took the old one for good. Fees are those of now: the price was not the trouble. */
  async renew(p: Pending, takenBy: Hex32, count: number): Promise<void> {
    const { nonce: old, hashes, earlier = [] } = p.intent
    if (earlier.length >= EARLIER_MAX) return
    const others = this.#book.list().filter(o => o !== p && !o.deep)
    const nonce = Math.max(count, ...others.map(o => o.intent.nonce + 1))
    const fees = await this.#book.fees(this.#book.stopping.signal)
    const past = [{ nonce: old, hashes, takenBy }, ...earlier]
    await this.#adopt(
      p,
      this.#book.sign({ ...p.intent, nonce, earlier: past, since: fees.block }, fees, []),
      fees
    )
  }

  /**
   * Inside the lane. Signs anew under the same nonce with higher fees and sends. False where the owner's cap leaves no room for a
   * replacement that nodes take: the transaction waits for cheaper blocks.
   */
  async resign(p: Pending): Promise<boolean> {
    const now = await this.#book.fees(this.#book.stopping.signal)
    p.signedAt = this.#book.parts.clock.monotonic()
    const fees = replacing(p.intent, now, this.#book.bound.highest())
    if (!replaces(p.intent, fees) || p.intent.hashes.length >= FORMS_MAX) return false
    if (p.intent.voided !== undefined) await this.makeVoid(p, p.intent.voided.reason)
    else await this.#adopt(p, this.#book.sign(p.intent, fees, p.intent.hashes), now)
    return true
  }

  /** Inside the lane. The nonce is used up by an empty transaction, so that it is certain that none of the earlier forms is ever mined. */
  async makeVoid(p: Pending, reason: string): Promise<void> {
    const now = await this.#book.fees(this.#book.stopping.signal)
    const fees = replacing(p.intent, now, this.#book.bound.highest())
    if (!replaces(p.intent, fees) || p.intent.hashes.length >= FORMS_MAX) return
    const empty = { ...p.intent, ...EMPTY, to: this.#book.parts.key.address }
    const signed = this.#book.sign(empty, fees, p.intent.hashes)
    const hashes = [...signed.hashes.slice(0, 1), ...(p.intent.voided?.hashes ?? [])]
    // the call itself stays as it was: a repeated action finds it, and one of its forms may still turn up
    const { to, data, gas } = p.intent
    await this.#adopt(p, { ...signed, to, data, gas, voided: { reason: reason.slice(0, 300), hashes } }, now)
  }

  /** Inside the lane. Sends an empty transaction for a missing nonce; it is not kept, since another one would do as well. */
  async fill(nonce: number): Promise<void> {
    const fees = await this.#book.fees(this.#book.stopping.signal)
    const empty = { ...EMPTY, key: '', contract: 'Vault', method: 'fill' } as const
    const { raw } = this.#book.sign({ ...empty, to: this.#book.parts.key.address, nonce }, fees, [])
    const { rpc, log } = this.#book.parts
    try {
      await rpc.call('eth_sendRawTransaction', [raw], { signal: this.#book.stopping.signal, patienceMs: 0 })
      log.info({ nonce }, 'a missing nonce was filled with an empty transaction')
    } catch (e) {
      if (!(e instanceof RpcRefused)) throw e
      log.debug({ nonce, reason: e.message }, 'a missing nonce could not be filled')
    }
  }

  /** A new signed form in place of the old one, and sent. */
  async #adopt(p: Pending, intent: Intent, now: FeesNow): Promise<void> {
    const { clock, log } = this.#book.parts
    const old = p.intent.nonce
    await this.#book.replace(p, intent)
    const { nonce, method, maxFee } = intent
    log.info({ method, old, nonce, maxFee: `${maxFee}` }, 'a transaction was signed anew')
    p.signedAt = clock.monotonic()
    p.signedHead = now.block
    p.refusals = 0
    p.cheap = p.nonceUsed = false
    p.seen = undefined
    await this.#book.send(p)
  }
}
