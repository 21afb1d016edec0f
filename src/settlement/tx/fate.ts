/** What became of a transaction whose nonce is used and whose receipt is missing. Nothing here signs before that is certain. */
import type { ShoalError } from '../../protocol/errors.ts'
import { chainError } from '../revert.ts'
import { quantity, RpcRefused } from '../rpc/rpc.ts'
import type { TxBook } from './book.ts'
import { Forms } from './forms.ts'
import { FORMS_MAX, type Intent } from './journal.ts'
import { blockHashAt, NonceSearch, outcomeOf, whereIs, type Found } from './lookup.ts'
import type { Pending, Place } from './pending.ts'

/** Searches that are remembered: one for each nonce that is looked for. */
const SEARCHES_MAX = 64

/** A transaction that carries this very call is a form of it, whoever sent it: a copy of this home, or an earlier life of it. */
const carries = (f: Found, { to, data }: Intent): boolean =>
  f.to?.toLowerCase() === to.toLowerCase() && f.input.toLowerCase() === data.toLowerCase()

export class Fate {
  readonly #book: TxBook
  readonly #forms: Forms
  readonly #searches = new Map<number, NonceSearch>()

  constructor(book: TxBook) {
    this.#book = book
    this.#forms = new Forms(book)
  }

  /** One look: it is in a block, or in some node's pool, or its nonce is another's, or nothing is known; and acts on it. */
  async look(p: Pending, head: number, count: number): Promise<void> {
    const { rpc } = this.#book.parts
    const { signal } = this.#book.stopping
    let pooled = false
    for (const hash of p.intent.hashes) {
      const place = await whereIs(rpc, hash, signal)
      if (typeof place === 'object') return await this.#inBlock(p, place, head)
      pooled ||= place === 'pool'
    }
    p.seen = undefined
    // nodes differ: the one that said so may be wrong, and sending the same form again harms nothing
    if (count <= p.intent.nonce) p.nonceUsed = false
    if (count > p.intent.nonce || !pooled) await this.#byNonce(p, head)
  }

  /** True when a form of it was found in a block under an earlier nonce: a deep reorganisation gave the nonce back. */
  async earlier(p: Pending): Promise<boolean> {
    const { rpc, log } = this.#book.parts
    for (const { hashes, nonce } of p.intent.earlier ?? [])
      for (const hash of hashes) {
        const place = await whereIs(rpc, hash, this.#book.stopping.signal)
        if (typeof place !== 'object') continue
        log.error({ method: p.intent.method, nonce, hash }, 'an earlier form was mined after all')
        const reason = `it was mined as ${hash}`
        await this.#book.lane.run(async () => await this.#forms.makeVoid(p, reason))
        p.end.resolve(hash)
        return true
      }
    return false
  }

  async #inBlock(p: Pending, place: Place, head: number): Promise<void> {
    const { rpc, options } = this.#book.parts
    p.seen = place
    this.#book.inBlock(p)
    const ok = await outcomeOf(rpc, place, this.#book.stopping.signal)
    if (ok !== undefined) return await this.end(p, place, ok)
    // what the contracts themselves tell apart is looked at there by whoever asked for it
    if (p.intent.once !== true && head - place.block >= options.confirmations)
      return await this.end(p, place, true)
    this.#book.wait(p, 'outcome', `it is in block ${place.block}, but no RPC tells whether it succeeded`)
  }

  /** It is in a block with this outcome. */
  async end(p: Pending, place: Place, ok: boolean): Promise<void> {
    const { voided } = p.intent
    this.#book.inBlock(p)
    this.#searches.delete(p.intent.nonce)
    if (voided?.hashes.includes(place.hash) === true)
      await this.#book.fail(p, chainError(p.intent, { message: voided.reason, data: undefined }))
    else if (ok) await this.#book.mined(p, place)
    else await this.#book.reverted(p, await this.#reason(p.intent, place.block), place)
  }

  /** No node knows any form of it: by which transaction was its nonce used? */
  async #byNonce(p: Pending, head: number): Promise<void> {
    const { signal } = this.#book.stopping
    const found = await this.#searchFor(p).step(head, signal)
    if (found === undefined)
      return this.#book.wait(
        p,
        'fate',
        "its transaction's fate is not known: its nonce is used, and no RPC shows by which transaction"
      )
    const { intent } = p
    const known = intent.hashes.includes(found.hash)
    if (!known && !carries(found, intent)) return await this.#taken(p, found, head)
    if (!known) {
      const hashes = [...intent.hashes.slice(0, FORMS_MAX - 1), found.hash]
      await this.#book.change(p, { ...intent, hashes })
    }
    await this.#inBlock(p, found, head)
  }

  #searchFor({ intent }: Pending): NonceSearch {
    const known = this.#searches.get(intent.nonce)
    if (known !== undefined) return known
    if (this.#searches.size >= SEARCHES_MAX) this.#searches.clear()
    const { rpc, key } = this.#book.parts
    const search = new NonceSearch(rpc, key.address, intent.nonce, intent.since ?? 0)
    this.#searches.set(intent.nonce, search)
    return search
  }

  /** A stranger's transaction has its nonce: once that is deep, none of its forms can ever be mined. */
  async #taken(p: Pending, by: Found, head: number): Promise<void> {
    const { rpc, options } = this.#book.parts
    const { signal } = this.#book.stopping
    const depth = head - by.block
    if (depth < options.confirmations) {
      const text = `another program used its nonce (${by.hash}); it is sent again when that is final`
      return this.#book.wait(p, 'nonce-taken', `${text}, in ${options.confirmations - depth} blocks`)
    }
    // the block may have been replaced since it was read
    if (by.blockHash === undefined || (await blockHashAt(rpc, by.block, signal)) !== by.blockHash) return
    await this.#book.lane.run(async () => {
      const { voided, minedAt, nonce } = p.intent
      if (!this.#book.holds(p) || minedAt !== undefined) return
      this.#searches.delete(nonce)
      if (voided !== undefined)
        return await this.#book.fail(p, chainError(p.intent, { message: voided.reason, data: undefined }))
      await this.#forms.renew(p, by.hash, await this.#book.count('pending', signal))
    })
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
}
