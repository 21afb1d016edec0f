/**
 * Nonces that are missing before our first transaction: the chain went back further than we remember, or another program's transaction
 * with our key was dropped. They are filled with empty transactions. A fresh, lower nonce for the one that waits would be a second one:
 * its old form could be mined once the account has come that far.
 */
import type { TxBook } from './book.ts'
import { Forms } from './forms.ts'
import type { Pending } from './pending.ts'

const GAP_MS = 5_000
/** A wider gap is no accident of ours, and is left to a person. */
const FILL_MAX = 64
/** Filled at a time. */
const FILL_AT_ONCE = 16

export class Gap {
  readonly #book: TxBook
  readonly #forms: Forms
  /** Since when every answer has said that a nonce is missing, monotonic ms. */
  #since: number | undefined

  constructor(book: TxBook) {
    this.#book = book
    this.#forms = new Forms(book)
  }

  /** Inside the lane. `count`: the account's next nonce as a node has just told it. */
  async look({ intent }: Pending, count: number): Promise<void> {
    const { clock, options } = this.#book.parts
    const now = clock.monotonic()
    // a node that lags behind does not count what is ours and in a block already
    const missing: number[] = []
    for (let n = count; n < intent.nonce && missing.length <= FILL_MAX; n++)
      if (!this.#book.isHeld(n)) missing.push(n)
    if (missing.length === 0) {
      this.#since = undefined
      return
    }
    this.#since ??= now
    if (now - this.#since < (options.gapMs ?? GAP_MS)) return
    this.#since = now
    const { signal } = this.#book.stopping
    const others = (await this.#book.count('pending', signal)) - count
    const text =
      others > 0
        ? 'another program with the same key has a transaction that comes first'
        : `${missing.length} nonces of this account before it are missing`
    for (const p of this.#book.unmined()) if (p.intent.nonce >= intent.nonce) this.#book.wait(p, 'gap', text)
    if (others > 0 || missing.length > FILL_MAX) return
    for (const n of missing.slice(0, FILL_AT_ONCE)) await this.#forms.fill(n)
  }
}
