/** One execution on the provider's side while it lives: journalled entry, events for the requester, the chain's last word. */
import { can, isTerminal, next } from '../../protocol/machines/machine.ts'
import { moveOf, providerTable, type ProviderMove } from '../../protocol/machines/execution.ts'
import type { ChainView } from '../../protocol/machines/escrow.ts'
import type { Escrow, SettlementEvent } from '../../protocol/ports/settlement.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import { blindEnd } from '../closing.ts'
import type { PeerContext } from '../context.ts'
import type { ProviderEntry } from '../journal/entries.ts'
import { Elapsed } from '../elapsed.ts'
import { GONE_LOOKS, SURE_SECONDS } from '../gone.ts'
import { Mutex } from '../mutex.ts'
import { Waiter } from '../waiter.ts'
import { plausible, worth } from '../../market/work.ts'
import { EventLog } from './event-log.ts'
import { commitsFirst } from './steps.ts'

export class LiveProvision {
  readonly ctx: PeerContext
  readonly #mutex = new Mutex()
  readonly #run = new AbortController()
  readonly #onEnd: (live: LiveProvision) => void
  #entry: ProviderEntry
  #events: EventLog
  #unlisten: (() => void) | undefined
  readonly #waiter: Waiter
  readonly #elapsed: Elapsed
  #shown = false
  /** Why its start was refused, as last told. */
  refused = ''

  constructor(ctx: PeerContext, entry: ProviderEntry, onEnd: (live: LiveProvision) => void) {
    this.ctx = ctx
    this.#waiter = new Waiter(ctx.clock)
    this.#entry = entry
    this.#elapsed = new Elapsed(ctx.clock, entry.startedAt)
    this.#onEnd = onEnd
    this.#events = new EventLog(ctx.clock, entry.starts)
    this.#restate()
    if (this.terminal) return
    this.#unlisten = ctx.chainNews.listen(entry.agreementId, {
      onEvent: e => this.#onChain(e),
      onMissing: times => this.#onMissing(times),
      onLook: (escrow, blind) => this.#onLook(escrow, blind)
    })
  }

  /** After a restart the requester may ask again for what it missed. */
  #restate(): void {
    const { checkpoint, result, taskFailure, failure, state } = this.#entry
    // of an ended one it is gone
    if (checkpoint !== undefined && !this.terminal) this.#events.add({ kind: 'checkpoint', checkpoint })
    if (result !== undefined || taskFailure !== undefined) this.showSoon()
    else if (state === 'failed' || this.terminal)
      this.#events.add({
        kind: 'failed',
        code: failure?.code ?? 'CANCELLED',
        reason: failure?.message.slice(0, 250) ?? ''
      })
  }

  /** Shows how the task ended, unless time is short: then it is committed first, since a receipt may not come in time. */
  showSoon(): void {
    const { agreement, state } = this.#entry
    if (state !== 'finished') return this.show()
    if (!commitsFirst(this.ctx.chainNow(), agreement, this.ctx.settlement.inclusionMs())) this.show()
  }

  /** Shows the requester how the task ended. Harmless twice. */
  show(): void {
    const { result, taskFailure } = this.#entry
    if (this.#shown) return
    this.#shown = true
    if (result !== undefined) this.#events.add({ kind: 'result', result })
    else if (taskFailure !== undefined) this.#events.add({ kind: 'task-failed', failure: taskFailure })
  }

  get entry(): ProviderEntry {
    return this.#entry
  }
  get events(): EventLog {
    return this.#events
  }
  /** Where the requester is now, as far as is known. */
  get requester(): PeerAddress {
    return this.ctx.adverts.locate(this.#entry.requester)
  }
  get terminal(): boolean {
    return isTerminal(providerTable, this.#entry.state)
  }
  /** Aborts when the task must stop: cancelled by the requester, or the escrow was closed under it. */
  get stopRun(): AbortSignal {
    return this.#run.signal
  }

  endRun(reason: ShoalError): void {
    this.#run.abort(reason)
  }

  async move(
    move: ProviderMove,
    what: string,
    patch: Partial<ProviderEntry> = {},
    detail?: string
  ): Promise<boolean> {
    return await this.#mutex.run(async () => {
      if (!can(providerTable, this.#entry.state, move)) return false
      await this.#write(
        { ...this.#entry, ...patch, state: next(providerTable, this.#entry.state, move) },
        what,
        detail
      )
      return true
    })
  }

  async patch(patch: Partial<ProviderEntry>, what: string): Promise<void> {
    await this.#mutex.run(() => this.#write({ ...this.#entry, ...patch }, what))
  }

  async #write(entry: ProviderEntry, what: string, detail?: string): Promise<void> {
    await this.ctx.journal.putProvider(entry, what, detail)
    this.#elapsed.note(entry.startedAt)
    this.#entry = entry
    if (this.terminal) {
      this.release()
      this.endRun(new ShoalError('CANCELLED', 'the agreement has ended'))
      this.#onEnd(this)
    }
    this.#waiter.wake()
  }

  async #onChain(e: SettlementEvent): Promise<void> {
    if (e.kind !== 'closed') return
    const { outcome, paid, fee, refunded, bondSlashed, txHash } = e
    await this.move(moveOf[outcome], `escrow ${outcome}`, {
      closing: { outcome, paid, fee, refunded, bondSlashed, tx: txHash }
    })
  }

  /** How it ended, where its events cannot be read. */
  async #onLook(escrow: Escrow, blind: boolean): Promise<void> {
    const end = blindEnd(escrow, this.#entry.agreement, this.ctx.settlement.network.feeBps)
    if (blind && end !== undefined) await this.move(end.move, end.what, { closing: end.closing })
  }

  /** What the requester has acknowledged to us so far. */
  get owed(): bigint {
    return this.#entry.receipt?.receipt.amount ?? 0n
  }

  /** How long the task has been with us, ms. */
  get ranMs(): number {
    return this.#elapsed.ms
  }

  /** What the finished work is worth: the price for a result, what was metered for a task that failed by its own fault. */
  get due(): bigint {
    const { result, taskFailure, agreement, needs, bought, speed } = this.#entry
    if (result !== undefined) return agreement.price
    if (taskFailure === undefined) return 0n
    const used = plausible(taskFailure.gas, needs?.engine ?? '', this.ranMs, speed)
    return worth(used, { price: agreement.price, gas: bought })
  }

  /** The escrow and the time as the chain has them. CHAIN_UNREACHABLE. */
  async view(signal: AbortSignal): Promise<ChainView> {
    const { settlement } = this.ctx
    const [escrow, now] = await Promise.all([
      settlement.escrow(this.#entry.agreementId, { signal }),
      settlement.time({ signal })
    ])
    return { escrow, now }
  }

  /** An escrow that its requester can never open again: the chain went back and lost it. */
  async #onMissing(times: number): Promise<void> {
    if (this.#entry.state === 'agreed' || times < GONE_LOOKS) return
    const now = await this.ctx.settlement.time({ signal: this.ctx.stopping })
    if (now > this.#entry.agreement.openBy + SURE_SECONDS)
      await this.move('closed-cancelled', 'escrow vanished with the chain')
  }

  /** Resolves after `ms`, at the next change, or when stopped. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#waiter.pause(ms, signal)
  }

  release(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
  }
}
