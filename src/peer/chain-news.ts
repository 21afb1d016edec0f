/** Follows the chain from a durable cursor and tells whoever waits for an agreement what happened to it. */
import { decode, encode } from '../protocol/codec.ts'
import { record, uint } from '../protocol/fields.ts'
import type { AgreementId } from '../protocol/ids.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { Logger } from '../protocol/ports/log.ts'
import type { ChainCursor, Settlement, SettlementEvent } from '../protocol/ports/settlement.ts'
import type { Startable } from '../protocol/ports/startable.ts'
import type { Journal } from './journal/journal.ts'
import { Waiter } from './waiter.ts'

const cursorSchema = record({ block: uint(), index: uint() })
const META = 'chain-cursor'
/** After a failed pass: how long to wait, ms. */
const RETRY_MS = 2_000
/** Between two looks while nobody here waits for anything on the chain, ms: an idle peer costs its RPC next to nothing. */
const IDLE_MS = 10_000

type Listener = (e: SettlementEvent) => Promise<void>

export class ChainNews implements Startable {
  readonly #settlement: Settlement
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Map<AgreementId, Set<Listener>>()
  readonly #wanted: Waiter
  #stop: AbortController | undefined
  #done: Promise<void> = Promise.resolve()

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
    this.#done = this.#follow(this.#stop.signal)
  }

  async stop(): Promise<void> {
    this.#stop?.abort()
    await this.#done
    this.#stop = undefined
  }

  /** Hears what happens to one agreement; the cursor moves only after the listener is done. Returns how to stop. */
  listen(id: AgreementId, listener: Listener): () => void {
    const set = this.#listeners.get(id) ?? new Set()
    set.add(listener)
    this.#listeners.set(id, set)
    this.#wanted.wake()
    return () => {
      set.delete(listener)
      if (set.size === 0) this.#listeners.delete(id)
    }
  }

  async #cursor(): Promise<ChainCursor | undefined> {
    const bytes = await this.#journal.meta(META)
    return bytes === undefined ? undefined : decode(cursorSchema, bytes, META, 1024)
  }

  async #handle(e: SettlementEvent): Promise<void> {
    const listeners = [...(this.#listeners.get(e.agreement) ?? [])]
    if (listeners.length === 0) return // not ours: seen again after a restart, which is harmless
    for (const listener of listeners) await listener(e)
    await this.#journal.putMeta(META, encode(e.cursor))
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
}
