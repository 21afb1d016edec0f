/**
 * Sends transactions of one account: nonces from one queue, each transaction on disk before it is sent, repeated until mined,
 * replaced with higher fees when stuck, kept until its block is deep. Nothing throws out of the background loop.
 */
import { ShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { Cancel } from '../../protocol/ports/clock.ts'
import { abortable, deadline, linked } from '../../protocol/signals.ts'
import { chainError } from '../revert.ts'
import { RpcRefused, toQuantity } from '../rpc/rpc.ts'
import { PENDING_MAX, TxBook, type SenderParts } from './book.ts'
import { TxFollower } from './follower.ts'
import type { Pending, TxCall } from './pending.ts'
import { within } from '../within.ts'

/** Pause between looks when all are mined but not deep yet, and when there are none (a new one wakes the loop). */
const MINED_MS = 1000
const IDLE_MS = 60_000
/** Fresh nonces tried when the node says that one was used. */
const NONCE_TRIES = 3

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
    this.#book.close()
  }

  /** Transactions that are not mined yet. */
  get unfinished(): number {
    return this.#book.unmined().length
  }

  /**
   * Sends a call and waits until it is mined. Joins an equal call under way. CHAIN_REVERTED or FUNDS_LOW when refused,
   * SETTLE_TIMEOUT when it is not mined in time: it goes on in the background then, as after an abort.
   */
  async submit(call: TxCall, signal?: AbortSignal): Promise<Hex32> {
    const { clock, options } = this.#book.parts
    const late = `${call.contract}.${call.method} was not mined in time`
    const scope = deadline(
      clock,
      options.actionMs,
      'SETTLE_TIMEOUT',
      late,
      signal,
      this.#book.stopping.signal
    )
    return await within(scope, async both => await this.#submit(call, both))
  }

  async #submit(call: TxCall, signal: AbortSignal): Promise<Hex32> {
    const joined = this.#book.find(call.key)
    if (joined !== undefined) return await abortable(joined.done, signal)
    const recovered = this.#book.takeRecovered(call.key)
    if (recovered !== undefined) return recovered
    const gas = await this.#estimate(call, signal)
    const pending = await this.#book.lane.run(
      async () => this.#book.find(call.key) ?? (await this.#place(call, gas, signal))
    )
    return await abortable(pending.done, signal)
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

  /** Inside the lane: takes a nonce, signs, journals, sends. */
  async #place(call: TxCall, gas: bigint, signal: AbortSignal): Promise<Pending> {
    signal.throwIfAborted()
    if (this.#book.size >= PENDING_MAX) {
      throw new ShoalError('SETTLE_TIMEOUT', `more than ${PENDING_MAX} transactions are under way`)
    }
    let pending: Pending | undefined
    for (let tries = 1; ; tries++) {
      const [nonce, fees] = await Promise.all([this.#book.nextNonce(signal), this.#book.fees(signal)])
      pending = await this.#book.add(call, gas, nonce, fees, pending)
      const refusal = await this.#book.send(pending)
      if (refusal === undefined) {
        this.#wake()
        return pending
      }
      await this.#book.forget(pending)
      if (/nonce too low/i.test(refusal.message) && tries < NONCE_TRIES) continue
      const error = chainError(call, refusal)
      pending.reject(error)
      throw error
    }
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
      cancel = clock.timer(this.#book.size > 0 ? MINED_MS : IDLE_MS, this.#wake)
      wait = abortable(new Promise<never>(() => undefined), wake.signal)
    }
    await wait.catch(() => undefined) // woken or stopping: the loop looks which
    cancel()
    wake[Symbol.dispose]()
  }
}
