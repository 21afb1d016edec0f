/** Pages through the escrow's logs from a cursor on and follows the chain, over lost RPCs and reorganisations. */
import type { Address, Hex32 } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { ChainCursor, SettlementEvent } from '../../protocol/ports/settlement.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { malformed, quantity, toNumber } from '../rpc/rpc.ts'
import { decodeLog } from './decode.ts'
import type { LogPages } from './log-pages.ts'
import { MARKS_MAX, type Mark, type MarkStore } from './marks.ts'

export interface WatchParts {
  readonly rpc: Rpc
  readonly clock: Clock
  readonly log: Logger
  readonly marks: MarkStore
  readonly escrow: Address
  readonly fromBlock: number
  /** Milliseconds between two looks. */
  readonly pollMs: number
  readonly pages: LogPages
  /** Waits between two looks; default: sleeps. */
  readonly rest?: (ms: number, signal: AbortSignal) => Promise<void>
}

export type OnEvent = (e: SettlementEvent) => Promise<void>

const after = (a: ChainCursor, b: ChainCursor): boolean =>
  a.block > b.block || (a.block === b.block && a.index > b.index)

/** One run of `watch`. Ends when the signal aborts, or with the error of `onEvent`. */
export class Watcher {
  readonly #parts: WatchParts
  readonly #onEvent: OnEvent
  readonly #signal: AbortSignal
  #blocks: Mark[] = []
  /** First block of the next page. */
  #next: number
  /** The newest block was read once only: nodes show a block before its logs, so its logs are asked for again. */
  #readOnce = false
  #cursor: ChainCursor | undefined

  constructor(parts: WatchParts, onEvent: OnEvent, signal: AbortSignal) {
    this.#parts = parts
    this.#onEvent = onEvent
    this.#signal = signal
    this.#next = parts.fromBlock
  }

  async run(from: ChainCursor | undefined): Promise<void> {
    const known = await this.#parts.marks.load()
    this.#cursor = from ?? known.cursor
    const start = this.#cursor
    if (start !== undefined) {
      // Marks up to the cursor vouch for what was handled; the cursor's own block is read again for later logs in it.
      this.#blocks = known.blocks.filter(m => m.block <= start.block)
      this.#next = start.block
    }
    while (!this.#signal.aborted) {
      let caughtUp = true
      try {
        caughtUp = await this.#step()
      } catch (e) {
        if (e instanceof HandlerFailed) throw e.cause
        if (this.#stopping()) return
        this.#parts.log.debug({ error: String(e) }, 'reading events failed; it goes on')
        await this.#pause(this.#parts.pages.pauseMs)
      }
      if (caughtUp) await this.#rest()
    }
  }

  #stopping(): boolean {
    return this.#signal.aborted
  }

  async #pause(ms: number): Promise<void> {
    await this.#parts.clock.sleep(ms, this.#signal).catch(() => undefined) // aborted: the loop ends
  }

  async #rest(): Promise<void> {
    try {
      const { clock, pollMs, rest } = this.#parts
      await (rest === undefined ? clock.sleep(pollMs, this.#signal) : rest(pollMs, this.#signal))
    } catch {
      // aborted: the loop ends
    }
  }

  /** Reads one page. True when the head is reached. */
  async #step(): Promise<boolean> {
    const options = { signal: this.#signal }
    const head = toNumber(await this.#parts.rpc.call('eth_blockNumber', [], options), 'block number')
    await this.#checkMarks(head)
    const first = this.#readOnce ? this.#next - 1 : this.#next
    if (head < first) return true
    const { escrow: address, pages } = this.#parts
    const to = pages.reach(first, head)
    // The hash is read before the logs: if the block is replaced in between, the next look notices.
    const hash = await this.#hashOf(to)
    if (hash === undefined) return true
    const { logs, to: read } = await pages.read({ address }, { from: first, to }, options)
    if (read < to) return false // pages became smaller meanwhile
    await this.#hand(logs.flatMap(l => decodeLog(l) ?? []))
    this.#readOnce = to === head && this.#next <= to
    this.#next = Math.max(this.#next, to + 1)
    this.#blocks = [...this.#blocks.filter(m => m.block < to), { block: to, hash }].slice(-MARKS_MAX)
    if (logs.length > 0 || this.#blocks.length % 16 === 0) await this.#save()
    return to === head
  }

  async #hand(events: SettlementEvent[]): Promise<void> {
    events.sort((a, b) => (after(a.cursor, b.cursor) ? 1 : -1))
    for (const event of events) {
      if (this.#cursor !== undefined && !after(event.cursor, this.#cursor)) continue
      this.#signal.throwIfAborted()
      try {
        await this.#onEvent(event)
      } catch (cause) {
        throw new HandlerFailed(cause)
      }
      this.#cursor = event.cursor
      await this.#save()
    }
  }

  async #save(): Promise<void> {
    await this.#parts.marks.save({ cursor: this.#cursor, blocks: this.#blocks })
  }

  /** When the newest mark is no longer on the chain, goes back to the newest one that is. */
  async #checkMarks(head: number): Promise<void> {
    const kept = [...this.#blocks]
    for (let last = kept.at(-1); last !== undefined; last = kept.at(-1)) {
      const hash = await this.#hashOf(last.block)
      // Below the head but unknown: the node keeps no such old blocks, which is no sign of a reorganisation.
      if (hash === last.hash || (hash === undefined && last.block <= head)) break
      kept.pop()
    }
    if (kept.length === this.#blocks.length) return
    const good = kept.at(-1)
    this.#next = good === undefined ? this.#parts.fromBlock : good.block + 1
    this.#readOnce = false
    this.#blocks = kept
    if (this.#cursor !== undefined && this.#cursor.block >= this.#next) {
      // Everything up to the last good block was handled; what follows comes again.
      this.#cursor = good === undefined ? undefined : { block: good.block, index: Number.MAX_SAFE_INTEGER }
    }
    this.#parts.log.warn({ from: this.#next }, 'the chain was reorganised; its events are read again')
    await this.#save()
  }

  async #hashOf(block: number): Promise<Hex32 | undefined> {
    const found = await this.#parts.rpc.call('eth_getBlockByNumber', [quantity(block), false], {
      signal: this.#signal
    })
    if (found === null) return undefined
    if (typeof found !== 'object' || !('hash' in found) || typeof found.hash !== 'string')
      throw malformed('block')
    return found.hash as Hex32
  }
}

/** Tells an error of the handler from one of the chain. */
class HandlerFailed extends Error {
  constructor(cause: unknown) {
    super('handler failed', { cause })
  }
}
