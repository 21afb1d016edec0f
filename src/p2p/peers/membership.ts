/**
 * Who belongs to our network. A peer shows it by identifying itself under this network's identify protocol; who has not done so
 * after a while is disconnected (it may be slow, or our own disk full: no more than that), and until then gets no service of protocols that carry no network id (bitswap). Gossip and DHT
 * need no more: they begin only with identified peers. (libp2p 3.3.11's own `use(protocol, middleware)` cannot serve here: it
 * adds the handler to the same list again with every stream, so that handlers run many times.)
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Clock } from '../../protocol/ports/index.ts'

/** Identify is one round trip after the handshake; this is for slow lines and busy machines. */
const IDENTIFY_MS = 7_000

export interface MembershipParts {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly banned: (peer: string) => boolean
  /** Disconnects a peer that has not said in time who it is. */
  readonly dismiss: (peer: string) => void
}

export class Membership {
  readonly #parts: MembershipParts
  readonly #members = new Set<string>()
  /** Peers that wait to be known, with who waits for them. */
  readonly #pending = new Map<
    string,
    { cancel: () => void; readonly waiting: Set<(member: boolean) => void> }
  >()

  constructor(parts: MembershipParts) {
    this.#parts = parts
  }

  start(): void {
    const { libp2p } = this.#parts
    libp2p.addEventListener('connection:open', this.#onOpen)
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop(): void {
    const { libp2p } = this.#parts
    libp2p.removeEventListener('connection:open', this.#onOpen)
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    for (const peer of [...this.#pending.keys()]) this.#settle(peer, false)
    this.#members.clear()
  }

  has(peer: string): boolean {
    return this.#members.has(peer)
  }

  /** True for a member, false for a stranger or a peer that is not connected; waits while a connected peer is not known yet. */
  known(peer: string): Promise<boolean> {
    const pending = this.#pending.get(peer)
    if (pending === undefined) return Promise.resolve(this.#members.has(peer))
    return new Promise(resolve => pending.waiting.add(resolve))
  }

  #settle(peer: string, member: boolean): void {
    if (member) this.#members.add(peer)
    const pending = this.#pending.get(peer)
    if (pending === undefined) return
    this.#pending.delete(peer)
    pending.cancel()
    for (const resolve of pending.waiting) resolve(member)
  }

  readonly #onOpen = (event: CustomEvent<Connection>): void => {
    const peer = event.detail.remotePeer.toString()
    if (this.#members.has(peer) || this.#pending.has(peer) || this.#parts.banned(peer)) return
    const cancel = this.#parts.clock.timer(IDENTIFY_MS, () => this.#dismiss(peer))
    this.#pending.set(peer, { cancel, waiting: new Set() })
  }

  readonly #onIdentify = (event: CustomEvent<{ peerId: { toString(): string } }>): void => {
    const peer = event.detail.peerId.toString()
    if (!this.#parts.banned(peer)) this.#settle(peer, true)
  }

  readonly #onDisconnect = (event: CustomEvent<{ toString(): string }>): void => {
    const peer = event.detail.toString()
    this.#members.delete(peer)
    this.#settle(peer, false)
  }

  #dismiss(peer: string): void {
    this.#settle(peer, false)
    this.#parts.dismiss(peer)
  }
}
