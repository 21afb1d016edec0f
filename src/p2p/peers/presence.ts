/** Who is here: members are announced once when they have said who they are, and once when they are gone. */
import type { IdentifyResult, Libp2p } from '@libp2p/interface'
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Logger } from '../../protocol/ports/index.ts'

export type PeerListener = (peer: PeerIdString, connected: boolean) => void

export interface PresenceParts {
  readonly libp2p: Libp2p
  readonly log: Logger
  readonly banned: (peer: string) => boolean
  /** Whether these protocols are those of a peer with which this one cannot deal. */
  readonly isOther: (protocols: readonly string[]) => boolean
  /** A peer that is not banned has said who it is. */
  readonly onIdentified: (peer: string) => void
}

export class Presence {
  readonly #parts: PresenceParts
  readonly #listeners = new Set<PeerListener>()
  /** As many as there are connections. */
  readonly #here = new Set<PeerIdString>()
  /** Of those the ones of another version. */
  readonly #others = new Set<PeerIdString>()

  constructor(parts: PresenceParts) {
    this.#parts = parts
  }

  start(): void {
    this.#parts.libp2p.addEventListener('peer:identify', this.#onIdentify)
    this.#parts.libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop(): void {
    this.#parts.libp2p.removeEventListener('peer:identify', this.#onIdentify)
    this.#parts.libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** After the node has stopped. */
  clear(): void {
    this.#here.clear()
    this.#others.clear()
  }

  /** Connected peers of another version. */
  get others(): number {
    return this.#others.size
  }

  /** Returns how to stop listening. */
  listen(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(peer: PeerIdString, connected: boolean): void {
    for (const listener of this.#listeners) {
      try {
        listener(peer, connected)
      } catch (error) {
        this.#parts.log.error({ error, peer }, 'a peer listener failed')
      }
    }
  }

  readonly #onIdentify = (event: CustomEvent<Pick<IdentifyResult, 'peerId' | 'protocols'>>): void => {
    const peer = event.detail.peerId.toString() as PeerIdString
    if (this.#parts.banned(peer)) return
    this.#parts.onIdentified(peer)
    // it says so again when it changes; a peer that has just started may not serve anything yet
    if (this.#parts.isOther(event.detail.protocols)) this.#others.add(peer)
    else this.#others.delete(peer)
    if (this.#here.has(peer)) return
    this.#here.add(peer)
    this.#tell(peer, true)
  }

  readonly #onDisconnect = (event: CustomEvent<{ toString(): string }>): void => {
    const peer = event.detail.toString() as PeerIdString
    this.#others.delete(peer)
    if (this.#here.delete(peer)) this.#tell(peer, false)
  }
}
