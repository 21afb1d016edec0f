/**
 * Queries for events, in pages that the RPC allows: public ones limit their range or the number of their results, each in its own words.
 * A refused page is halved, one that works is remembered, and pages grow slowly again.
 */
import { isShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { Blindness } from '../../protocol/ports/settlement.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { malformed, quantity, RpcRefused } from '../rpc/rpc.ts'

export interface LogPagesParts {
  readonly rpc: Rpc
  readonly clock: Clock
  readonly log: Logger
  /** Blocks in one query at most. */
  readonly pageBlocks: number
}

/** How long one query waits for an RPC that is away, milliseconds: it may be the query that is too large. */
const PATIENCE_MS = 10_000
/** Pause after a refusal; it doubles up to the longest while even the smallest page is refused, or nobody answers. Milliseconds. */
const PAUSE_FIRST = 250
const PAUSE_MAX = 30_000
/** Events that could not be read for this long are said to be so, milliseconds. */
const BLIND_MS = 30_000
/** What was refused is tried again after this long, milliseconds: limits differ by how much happened in a range. */
const AGAIN_MS = 600_000
/** Between what works and what does not, as a share of the former: closer than this is not tried out. */
const CLOSE = 10

/** Blocks from the first to the last, both included. */
interface Range {
  readonly from: number
  readonly to: number
}

export class LogPages {
  readonly #parts: LogPagesParts
  /** The next page; the largest that works and the smallest that does not, as far as is known. */
  #page: number
  #works = 0
  #refused: number
  #refusedAt = -Infinity
  #pause = 0
  #since: number | undefined
  #reason = ''
  #said = false

  constructor(parts: LogPagesParts) {
    this.#parts = parts
    this.#page = Math.max(1, parts.pageBlocks)
    this.#refused = this.#page + 1
  }

  /** How long to wait before the next query, milliseconds; 0 when the last one was answered. */
  get pauseMs(): number {
    return this.#pause
  }

  /** The next page is of one block: a refusal cannot be answered with less. */
  get isSmallest(): boolean {
    return this.#page === 1
  }

  /** Why events cannot be read, once that has lasted for half a minute. */
  get blindness(): Blindness | undefined {
    const { clock } = this.#parts
    const ms = this.#since === undefined ? 0 : clock.monotonic() - this.#since
    return ms < BLIND_MS ? undefined : { ms, reason: this.#reason }
  }

  /** The last block of the next page that begins at `from` and ends at `to` at the latest. */
  reach(from: number, to: number): number {
    return Math.min(to, from + this.#page - 1)
  }

  /**
   * One query: the logs of as much of the range as one page holds, counted from its first block, or from its last with `backwards`. Throws
   * what the RPC threw; the caller waits for `pauseMs` and comes again, for a smaller page.
   */
  async read(
    filter: object,
    range: Range,
    options: { readonly signal?: AbortSignal; readonly backwards?: boolean } = {}
  ): Promise<Range & { readonly logs: readonly unknown[] }> {
    const size = Math.min(this.#page, range.to - range.from + 1)
    const from = options.backwards === true ? range.to - size + 1 : range.from
    const part = { from, to: from + size - 1 }
    const query = { ...filter, fromBlock: quantity(part.from), toBlock: quantity(part.to) }
    const { rpc } = this.#parts
    try {
      const call = { signal: options.signal, patienceMs: PATIENCE_MS }
      const logs = await rpc.call('eth_getLogs', [query], call)
      if (!Array.isArray(logs)) throw malformed('log list')
      this.#answered(size)
      return { ...part, logs }
    } catch (e) {
      if (options.signal?.aborted !== true) this.#failed(e, size)
      throw e
    }
  }

  #answered(size: number): void {
    const { clock, log } = this.#parts
    if (this.#said) log.info({}, 'events of the chain can be read again')
    this.#said = false
    this.#since = undefined
    this.#pause = 0
    if (size < this.#page) return // says nothing of larger ones
    this.#works = Math.max(this.#works, size)
    if (clock.monotonic() - this.#refusedAt > AGAIN_MS) this.#refused = this.#parts.pageBlocks + 1
    const room = this.#refused - 1 - this.#works
    if (room * CLOSE > this.#works) this.#page = this.#works + Math.ceil(Math.min(this.#works / 4, room / 2))
    else this.#page = this.#refused > this.#parts.pageBlocks ? this.#parts.pageBlocks : this.#works
  }

  #failed(e: unknown, size: number): void {
    const { clock } = this.#parts
    const refused = e instanceof RpcRefused
    this.#reason = e instanceof Error ? e.message : String(e)
    this.#since ??= clock.monotonic()
    if (refused && size > 1) {
      this.#refused = size
      this.#refusedAt = clock.monotonic()
      this.#works = this.#works < size ? this.#works : 0
      this.#page = this.#works > 0 ? this.#works : Math.floor(size / 2)
      this.#pause = PAUSE_FIRST
    } else {
      // a query that times out may be too large as well; nothing is learnt from it
      if (isShoalError(e, 'CHAIN_UNREACHABLE') && size > 1) this.#page = Math.floor(size / 2)
      this.#pause = Math.min(PAUSE_MAX, Math.max(PAUSE_FIRST, this.#pause * 2))
    }
    const { blindness } = this
    if (blindness === undefined || this.#said) return
    this.#said = true
    this.#parts.log.warn(
      { reason: blindness.reason },
      'events of the chain cannot be read; awaited escrows are looked at themselves'
    )
  }
}
