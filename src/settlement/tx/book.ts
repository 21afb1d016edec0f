/** The transactions of one account that are under way: signing, journalling and handing them to the node. */
import type { Hex32 } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { TransactionKey } from '../keys/operator.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { RpcRefused, toNumber } from '../rpc/rpc.ts'
import { feeSource, raised, tooCheap, type Fees, type FeesNow } from './fees.ts'
import type { Intent, TxJournal } from './journal.ts'
import { lane, type Lane } from './lane.ts'
import type { Pending, Receipt, TxCall } from './pending.ts'

export interface SenderParts {
  readonly rpc: Rpc
  readonly key: TransactionKey
  readonly chainId: bigint
  readonly journal: TxJournal
  readonly clock: Clock
  readonly log: Logger
  readonly options: SenderOptions
}

/** All times in milliseconds. */
export interface SenderOptions {
  /** Longest wait of one action until it is mined. */
  readonly actionMs: number
  /** Pause between two looks for receipts. */
  readonly pollMs: number
  /** An unmined transaction is sent again after this. */
  readonly rebroadcastMs: number
  /** The first unmined transaction is replaced with higher fees after this. */
  readonly stuckMs: number
  /** Blocks on top of a transaction before it is forgotten. */
  readonly confirmations: number
  /** Highest fee per gas in wei. */
  readonly maxFeePerGas?: bigint
}

/** Most transactions under way at once. */
export const PENDING_MAX = 1024
/** How long a result that was found at start waits for the caller to repeat its action. */
const RECOVERED_MS = 600_000
/** Signed forms of one transaction that are remembered. */
const FORMS_MAX = 32

/** Fees that replace those of an earlier form, and no lower than what is asked now. */
function above(earlier: Fees, now: Fees): Fees {
  const higher = raised(earlier)
  return {
    maxFee: higher.maxFee > now.maxFee ? higher.maxFee : now.maxFee,
    tip: higher.tip > now.tip ? higher.tip : now.tip
  }
}

const byNonce = (a: Pending, b: Pending): number => a.intent.nonce - b.intent.nonce

export class TxBook {
  readonly parts: SenderParts
  /** One nonce is given out at a time, in the order of the calls. */
  readonly lane: Lane = lane()
  readonly fees: (signal?: AbortSignal) => Promise<FeesNow>
  readonly stopping = new AbortController()
  readonly #all = new Map<number, Pending>()
  /** Actions of an earlier process that finished in this one: key to hash. */
  readonly #recovered = new Map<string, { readonly hash: Hex32; readonly until: number }>()

  constructor(parts: SenderParts) {
    this.parts = parts
    this.fees = feeSource(parts.rpc, parts.clock, parts.options.maxFeePerGas)
  }

  get size(): number {
    return this.#all.size
  }

  /** All of them, by nonce. */
  list(): Pending[] {
    return [...this.#all.values()].sort(byNonce)
  }

  /** Those that are not mined, by nonce. */
  unmined(): Pending[] {
    return this.list().filter(p => p.intent.minedAt === undefined)
  }

  find(key: string): Pending | undefined {
    return this.unmined().find(p => p.intent.key === key)
  }

  holds(p: Pending): boolean {
    return this.#all.get(p.intent.nonce) === p
  }

  async load(): Promise<void> {
    for (const intent of await this.parts.journal.load())
      this.#all.set(intent.nonce, this.#pending(intent, true))
  }

  /** Rejects all waits; the journal keeps the transactions. */
  close(): void {
    for (const p of this.#all.values()) p.reject(new ShoalError('CANCELLED', 'the settlement client stops'))
    this.#all.clear()
  }

  /** The result of an action that an earlier process began; told once. */
  takeRecovered(key: string): Hex32 | undefined {
    const found = this.#recovered.get(key)
    this.#recovered.delete(key)
    return found !== undefined && found.until > this.parts.clock.monotonic() ? found.hash : undefined
  }

  async count(tag: 'pending' | 'latest', signal?: AbortSignal): Promise<number> {
    const params = [this.parts.key.address, tag]
    return toNumber(await this.parts.rpc.call('eth_getTransactionCount', params, { signal }), 'nonce')
  }

  /** The first nonce that neither the chain nor the journal has used. */
  async nextNonce(signal: AbortSignal): Promise<number> {
    const count = await this.count('pending', signal)
    return Math.max(count, ...[...this.#all.keys()].map(n => n + 1))
  }

  /** Signs and journals; the caller sends. `pending` is signed anew when given. */
  async add(call: TxCall, gas: bigint, nonce: number, fees: Fees, pending?: Pending): Promise<Pending> {
    const intent = this.#sign({ ...call, gas, nonce }, fees, [])
    await this.parts.journal.write({ put: [intent] })
    const p = pending ?? this.#pending(intent, false)
    p.intent = intent
    this.#all.set(nonce, p)
    return p
  }

  /** Here and below the journal comes first: when it fails, the next round finds everything as it was. */
  async change(p: Pending, intent: Intent): Promise<void> {
    await this.parts.journal.write({ put: [intent] })
    p.intent = intent
  }

  async forget(p: Pending): Promise<void> {
    await this.parts.journal.write({ remove: [p.intent.nonce] })
    this.#all.delete(p.intent.nonce)
  }

  async mined(p: Pending, hash: Hex32, { block, blockHash }: Receipt): Promise<void> {
    await this.change(p, { ...p.intent, minedAt: block, minedIn: blockHash })
    if (p.recovered && this.#recovered.size < PENDING_MAX) {
      this.#recovered.set(p.intent.key, { hash, until: this.parts.clock.monotonic() + RECOVERED_MS })
    }
    p.resolve(hash)
  }

  /** Ends a transaction for good with an error. */
  async fail(p: Pending, error: ShoalError): Promise<void> {
    await this.forget(p)
    if (p.recovered) {
      this.parts.log.warn(
        { method: p.intent.method, error: error.message },
        'a journalled transaction failed'
      )
    }
    p.reject(error)
  }

  /** Hands the raw transaction to the node once. Undefined when it has it, or when nobody knows. */
  async send(p: Pending): Promise<RpcRefused | undefined> {
    p.sentAt = this.parts.clock.monotonic()
    try {
      const options = { signal: this.stopping.signal, patienceMs: 0 }
      await this.parts.rpc.call('eth_sendRawTransaction', [p.intent.raw], options)
      return undefined
    } catch (e) {
      if (!(e instanceof RpcRefused)) return undefined // unreachable or stopping: it is in the journal and is sent again
      if (tooCheap(e)) return undefined // the follower offers more
      return /already known|already imported|known transaction/i.test(e.message) ? undefined : e
    }
  }

  /** Inside the lane. Gives fresh nonces from `count` on: theirs were used by somebody else, or lie behind a hole. */
  async renew(list: readonly Pending[], count: number): Promise<void> {
    const others = this.list().filter(p => !list.includes(p))
    const first = Math.max(count, ...others.map(p => p.intent.nonce + 1))
    const fresh = await this.fees(this.stopping.signal)
    await this.#adopt(
      list.map((p, i) => ({
        p,
        intent: this.#sign({ ...p.intent, nonce: first + i }, this.#above(p.intent, fresh), [])
      }))
    )
  }

  /**
   * Inside the lane. Signs anew with higher fees and sends. `earlier` are hashes that may still be mined under this nonce. Where the
   * owner's cap leaves no room for a replacement that nodes take, the transaction waits for cheaper blocks.
   */
  async resign(p: Pending, nonce: number, earlier: readonly Hex32[]): Promise<void> {
    const fees = this.#above(p.intent, await this.fees(this.stopping.signal))
    p.signedAt = this.parts.clock.monotonic()
    if (fees.maxFee < raised(p.intent).maxFee) return
    await this.#adopt([{ p, intent: this.#sign({ ...p.intent, nonce }, fees, earlier) }])
  }

  /** Fees that replace those of an earlier form, no lower than what is asked now and never above the owner's cap. */
  #above(earlier: Fees, now: Fees): Fees {
    const { maxFee, tip } = above(earlier, now)
    const cap = this.parts.options.maxFeePerGas ?? maxFee
    const capped = maxFee < cap ? maxFee : cap
    return { maxFee: capped, tip: tip < capped ? tip : capped }
  }

  /** New signed forms in place of the old ones: all of them on the disk in one step, then in memory, then sent. */
  async #adopt(changes: readonly { readonly p: Pending; readonly intent: Intent }[]): Promise<void> {
    const old = changes.map(c => c.p.intent.nonce)
    await this.parts.journal.write({ put: changes.map(c => c.intent), remove: old })
    for (const nonce of old) this.#all.delete(nonce)
    for (const { p, intent } of changes) {
      const { nonce, method } = intent
      this.parts.log.info({ method, old: p.intent.nonce, nonce }, 'a transaction was signed anew')
      p.intent = intent
      p.signedAt = this.parts.clock.monotonic()
      p.refusals = 0
      this.#all.set(nonce, p)
    }
    for (const { p } of changes) await this.send(p)
  }

  #sign(call: TxCall & { gas: bigint; nonce: number }, fees: Fees, earlier: readonly Hex32[]): Intent {
    const signed = this.parts.key.signTransaction({
      type: 2,
      chainId: this.parts.chainId,
      nonce: call.nonce,
      to: call.to,
      data: call.data,
      gasLimit: call.gas,
      maxFeePerGas: fees.maxFee,
      maxPriorityFeePerGas: fees.tip
    })
    const { nonce, key, contract, method, to, data, gas } = call
    const { maxFee, tip } = fees
    const hashes = [signed.hash, ...earlier].slice(0, FORMS_MAX)
    return { nonce, key, contract, method, to, data, gas, maxFee, tip, raw: signed.raw, hashes }
  }

  #pending(intent: Intent, recovered: boolean): Pending {
    const { promise: done, resolve, reject } = Promise.withResolvers<Hex32>()
    done.catch(() => undefined) // whoever waits sees it; after a restart nobody does
    const now = this.parts.clock.monotonic()
    const sentAt = recovered ? -Infinity : now
    return { intent, recovered, done, resolve, reject, sentAt, signedAt: now, refusals: 0 }
  }
}
