/**
 * Asking one peer for one block. Helia's own sessions send the want first and listen afterwards (@helia/utils 3.0.5): an answer that
 * comes between is lost. Here one listener stands before anything is asked.
 */
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../protocol/errors.ts'
import type { Clock } from '../protocol/ports/index.ts'
import { abortReason, deadline, within } from '../protocol/signals.ts'
import { nameOf } from './blocks.ts'
import { Slots } from './slots.ts'

/** What a peer says of a block; with the block when it sends it. */
export interface Presence {
  readonly sender: PeerId
  readonly cid: CID
  readonly has: boolean
  readonly block?: Uint8Array
}

/** The part of bitswap's want list that is used here (a field of the broker that its type does not show; 4.0.19). */
export interface WantList {
  addEventListener(type: 'presence', listener: (event: CustomEvent<Presence>) => void): void
  removeEventListener(type: 'presence', listener: (event: CustomEvent<Presence>) => void): void
  /** Sends the want to this peer only. */
  wantSessionBlock(cid: CID, peer: PeerId, options: { signal: AbortSignal }): Promise<unknown>
}

interface Waiting {
  resolve(block: Uint8Array): void
  reject(error: Error): void
}

/** `data.absent`: asking the same peer again is useless. */
const absent = (): ShoalError =>
  new ShoalError('CONTENT_NOT_FOUND', 'The source does not have this block.', { data: { absent: true } })

const keyOf = (peer: PeerId, cid: CID): string => `${peer.toString()} ${nameOf(cid)}`

export class Wants {
  readonly #wantList: WantList
  readonly #clock: Clock
  readonly #slots: Slots
  readonly #askMs: number
  readonly #closing = new AbortController()
  readonly #waiting = new Map<string, Set<Waiting>>()
  /** When each connected peer was last asked for a block. */
  readonly #asked = new Map<string, number>()

  /** `askMs`: how long a want may be on its way or unanswered before it is given up. `perPeer`: wants open at one peer. */
  constructor(
    wantList: WantList,
    clock: Clock,
    limits: { readonly askMs: number; readonly perPeer: number }
  ) {
    this.#wantList = wantList
    this.#slots = new Slots(limits.perPeer)
    this.#clock = clock
    this.#askMs = limits.askMs
    wantList.addEventListener('presence', this.#onPresence)
  }

  /** Ends all that wait. */
  close(): void {
    this.#wantList.removeEventListener('presence', this.#onPresence)
    const error = new ShoalError('CANCELLED', 'The content store stops.')
    this.#closing.abort(error)
    this.#fail(() => true, error)
  }

  /** A block from a peer. CONTENT_NOT_FOUND when it says that it has none or goes away; the signal's reason. */
  ask(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    return this.#slots.run(peer.toString(), signal, () => this.#ask(peer, cid, signal))
  }

  async #ask(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    this.#asked.set(peer.toString(), this.#clock.monotonic())
    const key = keyOf(peer, cid)
    let waiting: Waiting | undefined
    let onAbort = (): void => undefined
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        waiting = { resolve, reject }
        const all = this.#waiting.get(key) ?? new Set()
        this.#waiting.set(key, all.add(waiting))
        onAbort = () => reject(abortReason(signal))
        signal.addEventListener('abort', onAbort)
        this.#send(peer, cid).catch(reject)
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#remove(key, waiting)
    }
  }

  /**
   * Sends the want. Not tied to the asker's signal: bitswap puts the wants of several askers into one message, and aborting one
   * would lose the others. Its result comes to #onPresence as well; only its failure matters.
   */
  async #send(peer: PeerId, cid: CID): Promise<void> {
    const message = 'The want was not answered.'
    const scope = deadline(this.#clock, this.#askMs, 'REQUEST_TIMEOUT', message, this.#closing.signal)
    await within(scope, s => this.#wantList.wantSessionBlock(cid, peer, { signal: s }))
  }

  /** Whether this peer may be sending what we asked for: also for a while after we gave up, since blocks are on their way. */
  awaits(peer: string): boolean {
    const last = this.#asked.get(peer)
    return last !== undefined && this.#clock.monotonic() - last <= 2 * this.#askMs
  }

  /** A peer is gone: what was asked of it will not come. */
  gone(peer: string): void {
    this.#asked.delete(peer)
    const error = new ShoalError('CONTENT_NOT_FOUND', 'The source has gone.')
    this.#fail(key => key.startsWith(`${peer} `), error)
  }

  #fail(which: (key: string) => boolean, error: Error): void {
    for (const [key, all] of this.#waiting) if (which(key)) for (const w of all) w.reject(error)
  }

  #remove(key: string, waiting: Waiting | undefined): void {
    const all = this.#waiting.get(key)
    if (all === undefined || waiting === undefined) return
    all.delete(waiting)
    if (all.size === 0) this.#waiting.delete(key)
  }

  readonly #onPresence = ({ detail }: CustomEvent<Presence>): void => {
    const all = this.#waiting.get(keyOf(detail.sender, detail.cid))
    if (all === undefined) return
    for (const w of all) {
      if (detail.block !== undefined) w.resolve(detail.block)
      else if (!detail.has) w.reject(absent())
    }
  }
}
