/** The transactions of one account that are under way: signing, journalling and handing them to the node. */
import type { Hex32 } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { WaitKind } from '../../protocol/ports/settlement.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { ContractName } from '../contracts.ts'
import type { TransactionKey } from '../keys/operator.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { RpcRefused, toNumber } from '../rpc/rpc.ts'
import { feeBound, feeSource, type FeeBound, type Fees, type FeesNow } from './fees.ts'
import type { Intent, TxJournal } from './journal.ts'
import { lane, type Lane } from './lane.ts'
import { ending, isMined, type Pending, type Place, type TxCall, type Wait } from './pending.ts'
import { kindOf, type RefusalKind } from './refusals.ts'
import { Reverts } from './reverts.ts'

export interface SenderParts {
  readonly rpc: Rpc
  readonly key: TransactionKey
  readonly chainId: bigint
  readonly journal: TxJournal
  readonly clock: Clock
  readonly log: Logger
  readonly options: SenderOptions
  /** Told how long each call took from its signature to being seen in a block, milliseconds. */
  readonly took?: (ms: number) => void
  /** Our contracts. Journalled calls of others belong to another deployment and are left alone; all are followed when absent. */
  readonly contracts?: readonly string[]
}

/** All times in milliseconds. */
export interface SenderOptions {
  /** Longest wait of one action until it is mined. */
  readonly actionMs: number
  /** Pause between two looks for receipts. */
  readonly pollMs: number
  /** An unmined transaction is sent again after this. */
  readonly rebroadcastMs: number
  /** The first unmined transaction is replaced with higher fees after this, when nodes know it and say that it waits. */
  readonly stuckMs: number
  /** Blocks on top of a transaction before it is forgotten, or before a stranger's is believed to have taken its nonce. */
  readonly confirmations: number
  /** Highest fee per gas in wei; derived from what gas usually costs when absent (see `feeBound`). */
  readonly maxFeePerGas?: bigint
  /** Pause between two looks at the fate of one whose nonce is used and whose receipt is missing; default 1 s. */
  readonly fateMs?: number
  /** A missing nonce before ours is filled after this; default 5 s. */
  readonly gapMs?: number
  /** One that nodes refuse and none knows is made void after this; default 60 s. */
  readonly voidMs?: number
  /** How long an end that nobody has heard of is kept for whoever repeats a payment; default a day. */
  readonly untoldMs?: number
}

/** Most transactions under way at once. */
export const PENDING_MAX = 1024
const UNTOLD_MS = 86_400_000
/** A reason to wait that was not seen again for this long is over. */
const WAIT_STALE_MS = 30_000
/** Nonces that other programs with our key may have under way, so that one wrong answer opens no gap that cannot be filled. */
const AHEAD_MAX = 64

/** Between the key of an action and what tells one apart that was wanted although an equal one was under way. */
export const APART = '#'

/** The contract whose calls have their effect once and for ever: each names an agreement, which goes through each of its steps once. */
const ONE_WAY: ContractName = 'Escrow'

/** Addresses are the same whatever their capitals. */
const equal = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase()

const byNonce = (a: Pending, b: Pending): number => a.intent.nonce - b.intent.nonce

export interface Refusal {
  readonly kind: RefusalKind
  readonly refused: RpcRefused
}

export class TxBook {
  readonly parts: SenderParts
  /** One nonce is given out at a time, in the order of the calls. */
  readonly lane: Lane = lane()
  readonly bound: FeeBound
  readonly fees: (signal?: AbortSignal) => Promise<FeesNow>
  readonly stopping = new AbortController()
  readonly reverts = new Reverts()
  readonly #all = new Map<number, Pending>()

  constructor(parts: SenderParts) {
    this.parts = parts
    this.bound = feeBound(parts.clock, parts.options.maxFeePerGas)
    this.fees = feeSource(parts.rpc, parts.clock, this.bound)
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
    return this.list().filter(p => !isMined(p))
  }

  /**
   * The same action: under way, or ended without anybody having heard of it. A payment that reverted is the same one until its block is
   * deep: a reorganisation may yet make it succeed. So is a step of an agreement that was taken: an RPC that lags behind does not show it.
   */
  find({ key, to }: Pick<TxCall, 'key' | 'to'>): Pending | undefined {
    const same = this.list().filter(
      ({ intent }) => equal(intent.key.split(APART)[0], key) && equal(intent.to, to)
    )
    return same.find(p => {
      const { once, reverted, contract } = p.intent
      if (!isMined(p)) return true
      return reverted === true ? once === true : !p.told || contract === ONE_WAY
    })
  }

  holds(p: Pending): boolean {
    return this.#all.get(p.intent.nonce) === p
  }

  /** One of ours has this nonce. */
  isHeld(nonce: number): boolean {
    return this.#all.has(nonce)
  }

  async load(): Promise<void> {
    const { contracts, journal, log } = this.parts
    const ours = contracts?.map(a => a.toLowerCase())
    let others = 0
    for (const intent of await journal.load()) {
      if (ours === undefined || intent.voided !== undefined || ours.includes(intent.to.toLowerCase()))
        this.#all.set(intent.nonce, this.#pending(intent, true))
      else others++
    }
    if (others > 0) log.warn({ count: others }, 'transactions of another deployment are left alone')
  }

  /** Rejects all waits; the journal keeps the transactions. */
  close(): void {
    for (const p of this.#all.values())
      p.end.reject(new ShoalError('CANCELLED', 'the settlement client stops'))
    this.#all.clear()
  }

  async count(tag: 'pending' | 'latest', signal?: AbortSignal): Promise<number> {
    const params = [this.parts.key.address, tag]
    return toNumber(await this.parts.rpc.call('eth_getTransactionCount', params, { signal }), 'nonce')
  }

  /** The first nonce that neither the chain nor the journal has used. */
  async nextNonce(signal: AbortSignal): Promise<number> {
    const [pending, latest] = await Promise.all([this.count('pending', signal), this.count('latest', signal)])
    const held = this.list().filter(p => !p.deep)
    const ours = Math.max(latest, ...held.map(p => p.intent.nonce + 1))
    return pending > ours + AHEAD_MAX ? ours : Math.max(pending, ours)
  }

  /** Signs and journals; the caller sends. */
  async add(call: TxCall, gas: bigint, nonce: number, fees: FeesNow): Promise<Pending> {
    const { key, contract, method, to, data, once } = call
    const at = this.parts.clock.now()
    const base = { key, contract, method, to, data, gas, once, at, since: fees.block }
    const intent = this.sign({ ...base, nonce }, fees, [])
    await this.parts.journal.write({ put: [intent] })
    const p = { ...this.#pending(intent, false), signedHead: fees.block }
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
    p.end.resolve(undefined) // for whoever waited for a failure to become final; else it has ended before
  }

  /** A block holds it; whether it succeeded is another question. Told once of each call of this process. */
  inBlock(p: Pending): void {
    if (p.recovered || p.timed) return
    p.timed = true
    this.parts.took?.(this.parts.clock.monotonic() - p.firstAt)
  }

  /** It is in a block and succeeded. */
  async mined(p: Pending, { hash, block, blockHash }: Place): Promise<void> {
    const { reverted: _, ...intent } = p.intent
    await this.change(p, { ...intent, minedAt: block, minedIn: blockHash, minedAs: hash })
    this.#calm(p)
    p.end.resolve(hash)
  }

  /** It is in a block and did nothing. A payment is kept until that is final. */
  async reverted(p: Pending, error: ShoalError, { hash, block, blockHash }: Place): Promise<void> {
    if (p.intent.contract === ONE_WAY) this.reverts.note(p.intent.key, block, error)
    if (p.intent.once !== true) return await this.fail(p, error)
    const place = { minedAt: block, minedIn: blockHash, minedAs: hash }
    await this.change(p, { ...p.intent, ...place, reverted: true })
    this.#calm(p)
    this.#reject(p, error)
    p.end = ending()
  }

  /** No block holds it any more. It goes on as if it had never been mined. */
  async unmine(p: Pending): Promise<void> {
    const { minedAt: _, minedIn: __, minedAs: ___, reverted, ...intent } = p.intent
    await this.change(p, intent)
    p.sentAt = -Infinity
    if (reverted !== true) p.end = ending() // who asks from now on waits until it is mined again
  }

  /** Ends a transaction for good with an error. */
  async fail(p: Pending, error: ShoalError): Promise<void> {
    this.#reject(p, error)
    await this.forget(p)
  }

  #reject(p: Pending, error: ShoalError): void {
    const { method } = p.intent
    if (p.recovered) this.parts.log.warn({ method, error: error.message }, 'a journalled transaction failed')
    p.end.reject(error)
  }

  #calm(p: Pending): void {
    p.seen = p.wait = undefined
    p.warned = false
  }

  /** Whoever waited for these has been told; the journal hears of all of them in one write. */
  async noteTold(): Promise<void> {
    const list = this.list().filter(p => p.told && p.intent.told !== true)
    if (list.length === 0) return
    const put = list.map(p => ({ ...p.intent, told: true }))
    await this.parts.journal.write({ put })
    for (const [i, p] of list.entries()) p.intent = put[i] ?? p.intent
  }

  /** Somebody may still ask how it ended. */
  isAwaited({ intent, told }: Pending): boolean {
    if (told || intent.once !== true || intent.reverted === true || intent.at === undefined) return false
    const { clock, options } = this.parts
    return Math.abs(clock.now() - intent.at) < (options.untoldMs ?? UNTOLD_MS)
  }

  /** Why it is not done; to be said again while it is so. `since` stays while the kind does. */
  wait(p: Pending, kind: WaitKind, text: string): void {
    const now = this.parts.clock.monotonic()
    const last = this.waitOf(p)
    p.wait = { kind, text, since: last.kind === kind ? last.since : now, seenAt: now }
  }

  /** Why it is not done. What was not said lately is over: then it waits for a block. */
  waitOf({ wait, firstAt }: Pending): Wait {
    const now = this.parts.clock.monotonic()
    if (wait !== undefined && now - wait.seenAt < WAIT_STALE_MS) return wait
    return { kind: 'mining', text: 'no block is known to hold it yet', since: firstAt, seenAt: now }
  }

  /** Hands the raw transaction to the node once. Undefined when it has it, or when nobody knows. */
  async send(p: Pending): Promise<Refusal | undefined> {
    p.sentAt = this.parts.clock.monotonic()
    try {
      const options = { signal: this.stopping.signal, patienceMs: 0 }
      await this.parts.rpc.call('eth_sendRawTransaction', [p.intent.raw], options)
    } catch (e) {
      // unreachable or stopping: it is in the journal and is sent again
      return e instanceof RpcRefused ? this.#noteRefusal(p, e) : undefined
    }
    p.refusal = undefined
    return undefined
  }

  #noteRefusal(p: Pending, refused: RpcRefused): Refusal | undefined {
    const kind = kindOf(refused)
    if (kind === 'known') return undefined
    p.refusal = refused.message
    if (kind === 'price') p.cheap = true
    if (kind === 'nonce') p.nonceUsed = true
    return { kind, refused }
  }

  /** A signed form in place of another, perhaps under another nonce: on the disk, then in memory. */
  async replace(p: Pending, intent: Intent): Promise<void> {
    const old = p.intent.nonce
    await this.parts.journal.write({ put: [intent], remove: [old] })
    this.#all.delete(old)
    p.intent = intent
    this.#all.set(intent.nonce, p)
  }

  /** The same call signed under these fees; `earlier` are hashes of other forms under this nonce. */
  sign(
    call: Omit<Intent, 'maxFee' | 'tip' | 'raw' | 'hashes'>,
    fees: Fees,
    earlier: readonly Hex32[]
  ): Intent {
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
    const { maxFee, tip } = fees
    return { ...call, maxFee, tip, raw: signed.raw, hashes: [signed.hash, ...earlier] }
  }

  #pending(intent: Intent, recovered: boolean): Pending {
    const now = this.parts.clock.monotonic()
    const end = ending()
    const { minedAt, reverted, minedAs = intent.hashes[0] } = intent
    if (minedAt !== undefined && reverted !== true) end.resolve(minedAs)
    return {
      ...{ intent, recovered, end, firstAt: now, signedAt: now, sentAt: recovered ? -Infinity : now },
      ...{ signedHead: intent.since ?? 0, refusals: 0, refusal: undefined, cheap: false, nonceUsed: false },
      ...{ lookedAt: -Infinity, earlierAt: -Infinity, seen: undefined, wait: undefined, warned: false },
      ...{ told: intent.told === true, deep: false, timed: false }
    }
  }
}
