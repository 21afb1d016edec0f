/** One execution while it lives: its journalled entry, moved by one transition at a time, and the chain's last word about it. */
import { can, isTerminal, next } from '../../protocol/machines/machine.ts'
import { executionTable, moveOf, type ExecutionMove } from '../../protocol/machines/execution.ts'
import type { ChainView } from '../../protocol/machines/escrow.ts'
import type { CidString } from '../../protocol/ids.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import type { Escrow, SettlementEvent } from '../../protocol/ports/settlement.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import { blindEnd } from '../closing.ts'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry, JobEntry } from '../journal/entries.ts'
import { Elapsed } from '../elapsed.ts'
import { Mutex } from '../mutex.ts'
import { Waiter } from '../waiter.ts'
import { Pleading } from '../disputes/plead.ts'
import { onVanished } from './vanished.ts'

/** Failures that count against the provider's record. */
const BROKEN = /_TIMEOUT$|^LEASE_MISSED$|MISMATCH$|^CONTENT_/

/** How long after an own trouble what it has held up is given to be taken and judged, ms. */
const CATCH_UP_MS = 10_000

export class LiveExecution {
  readonly ctx: PeerContext
  readonly job: () => JobEntry
  /** All executions of its shard, this one among them. */
  readonly shard: () => readonly ExecutionEntry[]
  readonly #mutex = new Mutex()
  readonly #changed: () => void
  #entry: ExecutionEntry
  #unlisten: (() => void) | undefined
  readonly #waiter: Waiter
  readonly #elapsed: Elapsed
  #mayBeCommitted = true
  /** The highest receipt that the provider is known to have; a restart sends the newest again. */
  receiptSent = 0n
  readonly pleading = new Pleading()
  /** What keeps this machine from taking, or from judging, what was delivered; empty when nothing does. Of the last try. */
  #hindered = ''
  /** The same of the journal. */
  #unwritten = ''
  /** When the last of it ended, monotonic. */
  #freeAt = -Infinity

  constructor(
    ctx: PeerContext,
    job: () => JobEntry,
    entry: ExecutionEntry,
    changed: () => void,
    shard?: () => readonly ExecutionEntry[]
  ) {
    this.shard = shard ?? (() => [this.#entry])
    this.ctx = ctx
    this.#waiter = new Waiter(ctx.clock)
    this.job = job
    this.#entry = entry
    this.#elapsed = new Elapsed(ctx.clock, entry.startedAt)
    this.#changed = changed
    if (this.terminal) return
    this.#unlisten = ctx.chainNews.listen(entry.agreementId, {
      onEvent: e => this.#onChain(e),
      onMissing: times => onVanished(this, times),
      onLook: (escrow, blind) => this.#onLook(escrow, blind)
    })
  }

  get entry(): ExecutionEntry {
    return this.#entry
  }

  /** How long ago the task was handed over, ms; 0 before that. */
  get ranMs(): number {
    return this.#elapsed.ms
  }

  /** Where the provider is now, as far as is known. */
  get provider(): PeerAddress {
    return this.ctx.adverts.locate(this.#entry.provider)
  }

  /** An own trouble that keeps us from taking or judging what was delivered, in words: while it lasts nothing is disputed. Else empty. */
  get hindered(): string {
    return this.#hindered === '' ? this.#unwritten : this.#hindered
  }

  /** Hindered, or so a moment ago: what waited is still being taken and judged. */
  get heldUp(): boolean {
    return this.hindered !== '' || this.ctx.clock.monotonic() - this.#freeAt < CATCH_UP_MS
  }

  /** How the last try to take or judge it went: an own trouble in words, or nothing. True when that is news. */
  hinder(trouble: string | undefined): boolean {
    const news = trouble !== undefined && trouble !== this.#hindered
    if (trouble === undefined && this.#hindered !== '') this.#freeAt = this.ctx.clock.monotonic()
    this.#hindered = trouble ?? ''
    return news
  }

  get terminal(): boolean {
    return isTerminal(executionTable, this.#entry.state)
  }

  /** Moves by the table; false when the state does not allow it any more (the chain or the person was faster). `blame` false: counts against nobody. */
  async move(
    move: ExecutionMove,
    what: string,
    patch: Partial<ExecutionEntry> = {},
    detail?: string,
    blame = true
  ): Promise<boolean> {
    return await this.#mutex.run(async () => {
      if (!can(executionTable, this.#entry.state, move)) return false
      await this.#write(
        { ...this.#entry, ...patch, state: next(executionTable, this.#entry.state, move) },
        what,
        detail
      )
      // once, and after the move: one that could not be written is tried again
      if (move === 'lose' && blame && BROKEN.test(patch.failure?.code ?? ''))
        await this.ctx.journal.addWork(this.#entry.agreement.provider, 'failed')
      return true
    })
  }

  /** Changes facts, not the state. */
  async patch(patch: Partial<ExecutionEntry>, what = '', detail?: string): Promise<void> {
    await this.#mutex.run(() => this.#write({ ...this.#entry, ...patch }, what, detail))
  }

  /** A spec that was sealed anew takes the place of the one before; its blocks stay while anything is live, so who has it may still fetch. */
  async keepSpec(spec: CidString): Promise<void> {
    const old = this.#entry.spec
    await this.patch({ spec })
    if (old !== undefined && old !== spec) await this.ctx.content.forget(old)
  }

  /** Progress worth showing, not worth a write. */
  note(patch: Partial<Pick<ExecutionEntry, 'progress' | 'gas' | 'lastEvent'>>): void {
    this.#entry = { ...this.#entry, ...patch }
    this.ctx.journal.noteExecution(this.#entry)
  }

  async #write(entry: ExecutionEntry, what: string, detail?: string): Promise<void> {
    try {
      await this.ctx.journal.putExecution(entry, what, detail)
      if (this.#unwritten !== '') this.#freeAt = this.ctx.clock.monotonic()
      this.#unwritten = ''
    } catch (e) {
      this.#unwritten = ownTrouble(e) ?? ''
      throw e
    }
    this.#elapsed.note(entry.startedAt)
    // progress that was noted during the write is not lost
    this.#entry = { ...entry, lastEvent: Math.max(entry.lastEvent, this.#entry.lastEvent) }
    if (this.terminal) this.release()
    this.#waiter.wake()
    this.#changed()
  }

  async #onChain(e: SettlementEvent): Promise<void> {
    if (e.kind === 'opened') await this.move('open', 'escrow open')
    if (e.kind === 'delivered') {
      this.#mayBeCommitted = true
      this.#waiter.wake()
    }
    if (e.kind !== 'closed') return
    const { outcome, paid, fee, refunded, bondSlashed, txHash } = e
    await this.move(moveOf[outcome], `escrow ${outcome}`, {
      closing: { outcome, paid, fee, refunded, bondSlashed, tx: txHash }
    })
  }

  /** What a look tells where events may be missing: that it is open, that a result may be committed, and at last how it ended. */
  async #onLook(escrow: Escrow, blind: boolean): Promise<void> {
    if (escrow.state === 'open') await this.move('open', 'escrow open')
    if (escrow.state === 'delivered' || escrow.state === 'disputed') {
      this.#mayBeCommitted = true
      this.#waiter.wake()
    }
    const end = blindEnd(escrow, this.#entry.agreement, this.ctx.settlement.network.feeBps)
    if (blind && end !== undefined) await this.move(end.move, end.what, { closing: end.closing })
  }

  /** The chain must be looked at: the provider has, or may have, committed a result there. */
  get mayBeCommitted(): boolean {
    return this.#mayBeCommitted
  }

  /** The escrow and the time as the chain has them. CHAIN_UNREACHABLE. */
  async view(signal: AbortSignal): Promise<ChainView> {
    const { settlement } = this.ctx
    // an event that comes while we look sets it again
    this.#mayBeCommitted = false
    try {
      const [escrow, now] = await Promise.all([
        settlement.escrow(this.#entry.agreementId, { signal }),
        settlement.time({ signal })
      ])
      if (escrow.state !== 'none' && escrow.state !== 'open') this.#mayBeCommitted = true
      return { escrow, now }
    } catch (e) {
      this.#mayBeCommitted = true
      throw e
    }
  }

  /** Resolves after `ms`, at the next change, or when stopped. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await this.#waiter.pause(ms, signal)
  }

  /** Stops listening to the chain. Harmless twice. */
  release(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
  }
}

/** Who must have signed what is delivered under this execution. */
export const expectedOf = ({ entry }: LiveExecution) => ({
  agreement: entry.agreementId,
  peer: entry.provider.peer
})
