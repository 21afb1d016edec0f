/** Fetching: blocks from the disk, else from the given peer, else from whoever the DHT names; never waiting for ever. */
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import { ownTrouble } from '../protocol/own-trouble.ts'
import type { Cancel, Clock, Logger } from '../protocol/ports/index.ts'
import { abortReason, linked } from '../protocol/signals.ts'
import { BLOCK_MAX, isBlockOf, type Blocks, type BlockUse } from './blocks.ts'
import type { BlockExchange } from './exchange.ts'
import type { StorageLimits } from './limits.ts'

export interface FetchParts {
  readonly blocks: Blocks
  readonly exchange: BlockExchange
  readonly clock: Clock
  readonly limits: StorageLimits
  readonly log: Logger
  /** The peer to ask first. */
  readonly from: PeerId | undefined
  /** Connects to a source; PEER_UNREACHABLE, DIAL_TIMEOUT. */
  readonly connect: (peer: PeerId, signal: AbortSignal) => Promise<void>
  /** The object: what the DHT is asked for. */
  readonly root: CID
  /** Blocks that may be asked for, so that a DAG of strangers' making ends. */
  readonly maxBlocks: number
  readonly use: BlockUse
  readonly signal: AbortSignal
}

/** One peer that is asked, until it fails. */
interface Source {
  readonly peer: PeerId
  readonly failed: AbortController
}

/** The blocks of one object, wherever they are. */
export class FetchedBlocks {
  readonly #parts: FetchParts
  #source: Promise<Source> | undefined
  #ways: AsyncGenerator<PeerId> | undefined
  #progress = false
  /** The source said itself that it does not have a block. */
  #absent = false
  #pending = 0
  #asked = 0
  /** What our own machine refused on the way: nobody else is to blame then. */
  #trouble: unknown
  #watchdog: Cancel = () => undefined

  constructor(parts: FetchParts) {
    this.#parts = parts
  }

  /** One block. CONTENT_NOT_FOUND, CONTENT_TOO_LARGE (too many blocks), CONTENT_CORRUPT; the signal's reason. */
  async get(cid: CID): Promise<Uint8Array> {
    const { blocks, use, signal, maxBlocks } = this.#parts
    signal.throwIfAborted()
    if (++this.#asked > maxBlocks) {
      throw new ShoalError('CONTENT_TOO_LARGE', 'The content has more blocks than its size allows.')
    }
    use.use(cid)
    return (await blocks.get(cid)) ?? (await this.#fetch(cid))
  }

  /** Ends what still runs. Harmless twice. */
  async close(): Promise<void> {
    this.#watchdog()
    const source = await this.#source?.catch(() => undefined) // a source that never began needs no end
    source?.failed.abort(new ShoalError('CANCELLED', 'The fetch is over.'))
    await this.#ways?.return(undefined)
  }

  async #fetch(cid: CID): Promise<Uint8Array> {
    const { blocks, exchange, signal } = this.#parts
    for (;;) {
      const source = await this.#open()
      const block = await this.#ask(source, cid)
      signal.throwIfAborted()
      if (block === undefined) continue
      if (block.byteLength > BLOCK_MAX || !isBlockOf(cid, block)) {
        throw new ShoalError('CONTENT_CORRUPT', 'A block is not what its name says.')
      }
      if (await blocks.put(cid, block)) await exchange.announce(cid)
      return block
    }
  }

  /** Undefined when this source does not help any more. */
  async #ask({ peer, failed }: Source, cid: CID): Promise<Uint8Array | undefined> {
    const scope = linked(this.#parts.signal, failed.signal)
    this.#pending++
    this.#watch(failed)
    try {
      const block = await this.#parts.exchange.ask(peer, cid, scope.signal)
      this.#progress = true
      return block
    } catch (cause) {
      if (isShoalError(cause) && cause.data['absent'] === true) this.#absent = true
      this.#note(cause)
      const message = cause instanceof Error ? cause.message : String(cause)
      this.#parts.log.debug({ cid: cid.toString(), peer: peer.toString(), message }, 'a block did not come')
      failed.abort(new ShoalError('CONTENT_NOT_FOUND', 'The source did not deliver.'))
      return undefined
    } finally {
      scope[Symbol.dispose]()
      this.#pending--
      this.#watch(failed)
    }
  }

  #note(cause: unknown): void {
    if (ownTrouble(cause) !== undefined) this.#trouble = cause
  }

  /** Something came or was asked: the silence begins anew, if anything is still awaited. */
  #watch(failed: AbortController): void {
    this.#watchdog()
    if (this.#pending === 0) return
    const { clock, limits } = this.#parts
    const silent = new ShoalError('CONTENT_NOT_FOUND', 'The source has gone silent.')
    const ms = this.#progress ? limits.stallMs : limits.firstBlockMs
    this.#watchdog = clock.timer(ms, () => failed.abort(silent))
  }

  /** The source in use, or the next one. CONTENT_NOT_FOUND when none is left. */
  async #open(): Promise<Source> {
    const running = this.#source
    const source = await running
    if (source !== undefined && !source.failed.signal.aborted) return source
    // Several blocks may find the same source failed: one of them opens the next.
    if (this.#source === running) {
      const next = this.#next()
      next.catch(() => undefined) // whoever awaits it gets the error
      this.#source = next
    }
    return await this.#open()
  }

  async #next(): Promise<Source> {
    const { signal } = this.#parts
    // After progress the given peer deserves new attempts.
    if (this.#progress || this.#ways === undefined) this.#ways = this.#waysToContent()
    this.#progress = false
    for (;;) {
      if (signal.aborted) throw abortReason(signal)
      const way = await this.#ways.next()
      if (way.done === true)
        throw new ShoalError('CONTENT_NOT_FOUND', 'Nobody delivers this content.', { cause: this.#trouble })
      if (await this.#reached(way.value)) return { peer: way.value, failed: new AbortController() }
    }
  }

  /** The given peer, again unless it said that it has nothing, then those whom the DHT names. */
  async *#waysToContent(): AsyncGenerator<PeerId> {
    const { from, root, exchange, signal } = this.#parts
    if (from !== undefined) {
      yield from
      if (!this.#absent) yield from
    }
    for await (const peer of exchange.providers(root, signal)) {
      if (from?.equals(peer) !== true) yield peer
    }
  }

  async #reached(peer: PeerId): Promise<boolean> {
    try {
      await this.#parts.connect(peer, this.#parts.signal)
      return true
    } catch (cause) {
      this.#note(cause)
      const message = cause instanceof Error ? cause.message : String(cause)
      this.#parts.log.debug({ peer: peer.toString(), message }, 'a source of content cannot be reached')
      return false
    }
  }
}
