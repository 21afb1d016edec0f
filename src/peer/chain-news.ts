/** Follows the chain from a durable cursor and tells whoever waits for an agreement what happened to it. */
import { decode, encode } from '../protocol/codec.ts'
import { record, uint } from '../protocol/fields.ts'
import type { AgreementId } from '../protocol/ids.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { Logger } from '../protocol/ports/log.ts'
import type { ChainCursor, Escrow, Settlement, SettlementEvent } from '../protocol/ports/settlement.ts'
import type { Startable } from '../protocol/ports/startable.ts'
import type { Journal } from './journal/journal.ts'
import { Waiter } from './waiter.ts'

const cursorSchema = record({ block: uint(), index: uint() })
const META = 'chain-cursor'
/** After a failed pass: how long to wait, ms. */
const RETRY_MS = 2_000
/** Between two looks while nobody here waits for anything on the chain, ms: an idle peer costs its RPC next to nothing. */
const IDLE_MS = 10_000
/**
 * How often awaited escrows are looked at themselves, ms: an RPC may leave out an event, and a chain that went back may have lost an
 * escrow. So many at a time, in turn.
 */
const LOOK_MS = 10_000
const LOOK_MAX = 64
/** A closed escrow whose events are still missing at so many looks in a row ends by what the look itself tells. */
const BLIND_LOOKS = 3

export interface ChainListener {
  readonly onEvent: (e: SettlementEvent) => Promise<void>
  /** The chain knows no such escrow, now for the `times`-th look in a row. Normal before it is opened. */
  readonly onMissing: (times: number) => Promise<void>
  /** The escrow as a look found it. `blind`: it is closed, and look after look its events could not be read. */
  readonly onLook?: (escrow: Escrow, blind: boolean) => Promise<void>
}

export class ChainNews implements Startable {
  readonly #settlement: Settlement
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Map<AgreementId, Set<ChainListener>>()
  /** Looks in a row in which an awaited escrow was not there. */
  readonly #missing = new Map<AgreementId, number>()
  /** Looks in a row at which it was closed and its events could not be read. */
  readonly #blind = new Map<AgreementId, number>()
  readonly #wanted: Waiter
  #stop: AbortController | undefined
  #done: Promise<unknown> = Promise.resolve()

  constructor(modules: { settlement: Settlement; journal: Journal; clock: Clock; log: Logger }) {
    this.#settlement = modules.settlement
    this.#journal = modules.journal
    this.#clock = modules.clock
    this.#log = modules.log
    this.#wanted = new Waiter(modules.clock)
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    this.#stop = new AbortController()
    this.#done = Promise.all([this.#follow(this.#stop.signal), this.#watchOver(this.#stop.signal)])
  }

  async stop(): Promise<void> {
    this.#stop?.abort()
    await this.#done
    this.#stop = undefined
  }

  /** Hears what happens to one agreement; the cursor moves only after the listener is done. Returns how to stop. */
  listen(id: AgreementId, listener: ChainListener): () => void {
    const set = this.#listeners.get(id) ?? new Set()
    set.add(listener)
    this.#listeners.set(id, set)
    this.#wanted.wake()
    return () => {
      set.delete(listener)
      if (set.size > 0) return
      this.#listeners.delete(id)
      this.#missing.delete(id)
      this.#blind.delete(id)
    }
  }

  async #cursor(): Promise<ChainCursor | undefined> {
    const bytes = await this.#journal.meta(META)
    return bytes === undefined ? undefined : decode(cursorSchema, bytes, META, 1024)
  }

  async #tell(e: SettlementEvent): Promise<boolean> {
    const listeners = [...(this.#listeners.get(e.agreement) ?? [])]
    for (const listener of listeners) await listener.onEvent(e)
    return listeners.length > 0
  }

  async #handle(e: SettlementEvent): Promise<void> {
    // not ours: seen again after a restart, which is harmless
    if (await this.#tell(e)) await this.#journal.putMeta(META, encode(e.cursor))
  }

  /** Looks often while somebody listens, seldom else; the first listener ends a long rest at once. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#listeners.size > 0) await this.#clock.sleep(ms, signal)
    else await this.#wanted.pause(Math.max(ms, IDLE_MS), signal)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const rest = (ms: number, both: AbortSignal) => this.#rest(ms, both)
        await this.#settlement.watch(await this.#cursor(), e => this.#handle(e), signal, rest)
      } catch (err) {
        if (signal.aborted) return
        this.#log.warn({ err }, 'following the chain failed; trying again')
      }
      // a sleep that the stop ends is no error
      await this.#clock.sleep(RETRY_MS, signal).catch(() => undefined)
    }
  }

  /** Looks at the awaited escrows, some at a time. */
  async #watchOver(signal: AbortSignal): Promise<void> {
    let turn: AgreementId[] = []
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, signal).catch(() => undefined)
      if (signal.aborted) return
      turn = turn.filter(id => this.#listeners.has(id))
      if (turn.length === 0) turn = [...this.#listeners.keys()]
      const looks = await Promise.allSettled(turn.splice(0, LOOK_MAX).map(id => this.#look(id, signal)))
      const failed = looks.find(l => l.status === 'rejected')
      if (failed !== undefined && !signal.aborted)
        this.#log.debug(
          { err: failed.reason as unknown },
          'looking at an escrow failed; it is looked at again'
        )
    }
  }

  async #look(id: AgreementId, signal: AbortSignal): Promise<void> {
    const escrow = await this.#settlement.escrow(id, { signal })
    const { state } = escrow
    if (state === 'none') return await this.#tellMissing(id)
    this.#missing.delete(id)
    let blind = false
    if (state === 'closed') blind = await this.#tellHistory(id, signal)
    for (const { onLook } of [...(this.#listeners.get(id) ?? [])]) await onLook?.(escrow, blind)
  }

  async #tellMissing(id: AgreementId): Promise<void> {
    const times = (this.#missing.get(id) ?? 0) + 1
    const listeners = [...(this.#listeners.get(id) ?? [])]
    if (listeners.length > 0) this.#missing.set(id, times)
    for (const listener of listeners) await listener.onMissing(times)
  }

  /** True when the end of a closed escrow could not be read, and neither at the looks before. */
  async #tellHistory(id: AgreementId, signal: AbortSignal): Promise<boolean> {
    let events: readonly SettlementEvent[] = []
    try {
      events = await this.#settlement.history(id, { signal })
    } catch (err) {
      if (signal.aborted) throw err
      this.#log.debug({ err, agreement: id }, 'the events of a closed escrow cannot be read')
    }
    for (const e of events) await this.#tell(e)
    if (!this.#listeners.has(id) || events.some(e => e.kind === 'closed')) {
      this.#blind.delete(id)
      return false
    }
    const times = (this.#blind.get(id) ?? 0) + 1
    this.#blind.set(id, times)
    return times >= BLIND_LOOKS
  }
}
