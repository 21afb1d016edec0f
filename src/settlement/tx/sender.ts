/**
 * Sends transactions of one account: nonces from one queue, each transaction on disk before it is sent, repeated until mined,
 * replaced with higher fees when its price was too low, kept until its block is deep. A call gets a second nonce only when it is certain that
 * none of its earlier forms can be mined. Nothing throws out of the background loop.
 */
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { Cancel } from '../../protocol/ports/clock.ts'
import type { ActionUnderWay, MoneyOptions } from '../../protocol/ports/settlement.ts'
import { abortable, deadline, linked } from '../../protocol/signals.ts'
import { chainError } from '../revert.ts'
import { RpcRefused, toNumber, toQuantity } from '../rpc/rpc.ts'
import { APART, PENDING_MAX, TxBook, type SenderParts } from './book.ts'
import { TxFollower } from './follower.ts'
import type { Pending, TxCall } from './pending.ts'
import { lateError, underWayOf } from './under-way.ts'
import { within } from '../within.ts'

/** Pause between looks when all are mined but not deep yet, and when there are none (a new one wakes the loop). */
const MINED_MS = 1000
const IDLE_MS = 60_000

export interface SubmitOptions extends MoneyOptions {
  /** Called before a call is signed, not when it joins another: throws why it must not be. */
  readonly check?: () => Promise<void>
}

export class TxSender {
  readonly #book: TxBook
  readonly #follower: TxFollower
  #loop: Promise<void> | undefined
  #wake: () => void = () => undefined

  constructor(parts: SenderParts) {
    this.#book = new TxBook(parts)
    this.#follower = new TxFollower(this.#book)
  }

  /** Reads the journal and takes up what an earlier process left. JOURNAL_CORRUPT when it cannot be read. */
  async start(): Promise<void> {
    if (this.#loop !== undefined) return
    await this.#book.load()
    this.#loop = this.#run()
  }

  /** Ends the loop; unfinished transactions stay in the journal. */
  async stop(): Promise<void> {
    this.#book.stopping.abort(new ShoalError('CANCELLED', 'the settlement client stops'))
    await this.#loop
    await this.#book.lane.idle()
    await this.#noteTold()
    this.#book.close()
  }

  /** The last chance of this process: a command that ends at once must not be told the same again the next time. */
  async #noteTold(): Promise<void> {
    try {
      await this.#book.noteTold()
    } catch (e) {
      this.#book.parts.log.warn(
        { error: String(e) },
        'what was told is not written down; it is told once more'
      )
    }
  }

  /** Transactions that are not mined yet. */
  get unfinished(): number {
    return this.#book.unmined().length
  }

  /** For how long the oldest call of this process that no block holds has waited, milliseconds; 0 when there is none. */
  get waitingMs(): number {
    const now = this.#book.parts.clock.monotonic()
    const waiting = this.#book.unmined().filter(p => !p.recovered && p.seen === undefined)
    return Math.max(0, ...waiting.map(p => now - p.firstAt))
  }

  /** What is not known to be mined, and why, by nonce. */
  underWay(): ActionUnderWay[] {
    return this.#book.unmined().map(p => underWayOf(p.intent, this.#book.waitOf(p)))
  }

  /**
   * Sends a call and waits until it is mined. Joins an equal call under way, or one that ended without anybody having heard of it.
   * CHAIN_REVERTED or FUNDS_LOW when refused, SETTLE_TIMEOUT when it is not known to be mined in time: it goes on in the background then,
   * as after an abort, and is never sent again by itself under another nonce while one of its forms may be mined.
   */
  async submit(call: TxCall, o: SubmitOptions = {}): Promise<Hex32> {
    const { clock, options } = this.#book.parts
    const late = `${call.contract}.${call.method} was not mined in time`
    const scope = deadline(
      clock,
      options.actionMs,
      'SETTLE_TIMEOUT',
      late,
      o.signal,
      this.#book.stopping.signal
    )
    const mine: { p?: Pending } = {}
    try {
      return await within(scope, async signal => await this.#submit(call, { ...o, signal }, mine))
    } catch (e) {
      if (mine.p === undefined || !isShoalError(e, 'SETTLE_TIMEOUT')) throw e
      throw lateError(mine.p.intent, this.#book.waitOf(mine.p))
    }
  }

  async #submit(
    call: TxCall,
    o: SubmitOptions & { signal: AbortSignal },
    mine: { p?: Pending }
  ): Promise<Hex32> {
    for (;;) {
      const known = o.again === true ? undefined : this.#book.find(call)
      if (known !== undefined) o.joined?.()
      const p = known ?? (await this.#begin(call, o))
      mine.p = p
      const hash = await abortable(p.end.done, o.signal)
      // undefined: an equal one that had failed is final now, so this one is sent
      if (hash === undefined) continue
      p.told = true
      return hash
    }
  }

  async #begin(
    call: TxCall,
    { signal, again, check, joined }: SubmitOptions & { signal: AbortSignal }
  ): Promise<Pending> {
    await check?.()
    await this.#maySend(call, signal)
    const gas = await this.#estimate(call, signal)
    return await this.#book.lane.run(async () => {
      const known = again === true ? undefined : this.#book.find(call)
      if (known !== undefined) joined?.()
      return known ?? (await this.#place(call, gas, signal, again === true))
    })
  }

  /** Throws again why a step of an agreement reverted, while that is too new for it to be sent again. */
  async #maySend({ key }: TxCall, signal: AbortSignal): Promise<void> {
    const { reverts, parts } = this.#book
    if (!reverts.knows(key)) return
    const head = toNumber(await parts.rpc.call('eth_blockNumber', [], { signal }), 'block number')
    const objection = reverts.objection(key, head)
    if (objection !== undefined) throw objection
  }

  /** Gas with a quarter on top: state may change between the estimate and the block. */
  async #estimate(call: TxCall, signal: AbortSignal): Promise<bigint> {
    const { rpc, key } = this.#book.parts
    const request = { from: key.address, to: call.to, data: call.data }
    try {
      const gas = toQuantity(
        await rpc.call('eth_estimateGas', [request, 'pending'], { signal }),
        'gas estimate'
      )
      return (gas * 5n) / 4n + 10_000n
    } catch (e) {
      if (e instanceof RpcRefused) throw chainError(call, e)
      throw e
    }
  }

  /** Inside the lane: takes a nonce, signs, journals, sends. `apart`: nothing joins it. */
  async #place(call: TxCall, gas: bigint, signal: AbortSignal, apart: boolean): Promise<Pending> {
    signal.throwIfAborted()
    if (this.#book.size >= PENDING_MAX) {
      throw new ShoalError('SETTLE_TIMEOUT', `more than ${PENDING_MAX} transactions are under way`)
    }
    const [nonce, fees] = await Promise.all([this.#book.nextNonce(signal), this.#book.fees(signal)])
    const named = apart ? { ...call, key: `${call.key}${APART}${nonce}` } : call
    const pending = await this.#book.add(named, gas, nonce, fees)
    const refusal = await this.#book.send(pending)
    this.#wake()
    // what was refused for what it is, by the only node that saw it, is nowhere: all else may be somewhere
    if (refusal === undefined || refusal.kind !== 'call' || refusal.refused.unsure) return pending
    const error = chainError(call, refusal.refused)
    await this.#book.fail(pending, error)
    throw error
  }

  async #run(): Promise<void> {
    const { log } = this.#book.parts
    const { signal } = this.#book.stopping
    while (!signal.aborted) {
      try {
        if (this.#book.size > 0) await this.#follower.round()
      } catch (e) {
        if (!signal.aborted) log.debug({ error: String(e) }, 'looking for receipts failed; it goes on')
      }
      await this.#pause()
    }
  }

  /** While something is under way the wait keeps the process alive; an idle loop does not. */
  async #pause(): Promise<void> {
    const { clock, options } = this.#book.parts
    const wake = linked(this.#book.stopping.signal)
    const woken = new ShoalError('CANCELLED', 'woken')
    this.#wake = () => wake.abort(woken)
    let cancel: Cancel = () => undefined
    let wait: Promise<unknown>
    if (this.unfinished > 0) wait = clock.sleep(options.pollMs, wake.signal)
    else {
      const idle = this.#book.list().every(p => p.deep)
      cancel = clock.timer(idle ? IDLE_MS : MINED_MS, this.#wake)
      wait = abortable(new Promise<never>(() => undefined), wake.signal)
    }
    await wait.catch(() => undefined) // woken or stopping: the loop looks which
    cancel()
    wake[Symbol.dispose]()
  }
}
