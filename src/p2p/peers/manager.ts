/**
 * Keeps this peer connected: libp2p itself dials nobody. Learns peers from discovery, the DHT and identify, keeps at least `min`
 * connections, comes back to bootstrap peers with backoff, and looks for more peers while a topic has no other subscriber.
 */
import type { Connection, IdentifyResult, Libp2p, PeerId, PeerInfo } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import type { BootstrapView, Clock, Logger, PeerAddress, Random } from '../../protocol/ports/index.ts'
import { deadline, within } from '../../protocol/signals.ts'
import type { OwnTroubles } from '../guards/own-troubles.ts'
import { AddressBook, type Candidate } from './address-book.ts'
import { backoffMs } from './backoff.ts'
import { connectTo } from './dial.ts'
import type { PeerScores } from './scores.ts'

/** Peers read from the stored peer book at the start, and kept in it. */
const STORED_MAX = 1_024
const TICK_MS = 2_000
const HOUSEKEEPING_MS = 5 * 60_000
const DIAL_MS = 10_000
/** Dials of this manager at the same time; requests dial by themselves. */
const PARALLEL = 4

export interface ConnectionTargets {
  /** Below this many connections more are sought. */
  readonly min: number
  /** libp2p drops connections above this many; nothing is sought at it. */
  readonly max: number
}

export interface ManagerParts {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly scores: Pick<PeerScores, 'score'>
  readonly banned: (peer: string) => boolean
  /** Whether a peer may be dialled: it is not banned, and has not banned us a moment ago. */
  readonly welcome: (peer: PeerIdString) => boolean
  readonly troubles: Pick<OwnTroubles, 'note' | 'excuses'>
  readonly targets: ConnectionTargets
  /** Multiaddrs, or peers with addresses. */
  readonly bootstrap: readonly (PeerAddress | string)[]
  /** Topics of ours that nobody else we are connected to subscribes to. */
  readonly lonelyTopics: () => number
}

interface Bootstrap {
  readonly target: PeerAddress | string
  failures: number
  nextTry: number
  /** Known once the peer has answered. */
  peer: string | undefined
  /** It has answered since the start. */
  answered: boolean
}

export class PeerManager {
  readonly #parts: ManagerParts
  readonly #book: AddressBook
  readonly #bootstrap: Bootstrap[]
  readonly #dialling = new Set<string>()
  #cancels: (() => void)[] = []
  #stopping = new AbortController()

  constructor(parts: ManagerParts) {
    this.#parts = parts
    this.#book = new AddressBook(parts)
    this.#bootstrap = parts.bootstrap.map(target => ({
      target,
      failures: 0,
      nextTry: 0,
      peer: typeof target === 'string' ? undefined : target.peer,
      answered: false
    }))
  }

  get book(): AddressBook {
    return this.#book
  }

  async start(): Promise<void> {
    const { libp2p, clock } = this.#parts
    this.#stopping = new AbortController()
    libp2p.addEventListener('peer:discovery', this.#onDiscovery)
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    for (const b of this.#bootstrap) b.nextTry = 0
    this.#cancels = [
      clock.every(TICK_MS, () => this.#tick()),
      clock.every(HOUSEKEEPING_MS, () => void this.#tidy())
    ]
    await this.#recall()
    this.#tick()
  }

  stop(): void {
    const { libp2p } = this.#parts
    for (const cancel of this.#cancels) cancel()
    this.#cancels = []
    this.#stopping.abort(new ShoalError('CANCELLED', 'This peer stops.'))
    libp2p.removeEventListener('peer:discovery', this.#onDiscovery)
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
  }

  /** How far the peers to begin with have answered. */
  bootstrap(): BootstrapView {
    const connected = this.#connected()
    return {
      known: this.#bootstrap.length,
      answered: this.#bootstrap.filter(b => b.answered).length,
      connected: this.#bootstrap.filter(b => b.peer !== undefined && connected.has(b.peer)).length
    }
  }

  #connected(): Set<string> {
    return new Set(this.#parts.libp2p.getPeers().map(String))
  }

  /** Starts the dials that are due. */
  #tick(): void {
    if (this.#stopping.signal.aborted) return
    const connected = this.#connected()
    this.#bootstrapNow(connected)
    const { targets, lonelyTopics } = this.#parts
    const missing = Math.max(targets.min - connected.size, lonelyTopics() > 0 ? 2 : 0)
    const room = Math.min(missing, targets.max - connected.size, PARALLEL - this.#dialling.size)
    if (room <= 0) return
    const { scores, welcome } = this.#parts
    const usable = (peer: string): boolean => !connected.has(peer) && !this.#dialling.has(peer)
    for (const candidate of this.#book.pick(room, usable, peer => scores.score(peer)))
      if (welcome(candidate.peer as PeerIdString)) void this.#try(candidate)
  }

  /** Comes back to bootstrap peers while there are too few connections or none to any of them. */
  #bootstrapNow(connected: ReadonlySet<string>): void {
    const near = this.#bootstrap.filter(b => b.peer !== undefined && connected.has(b.peer))
    for (const b of near) {
      b.failures = 0
      b.answered = true // also when it has come to us
    }
    if (near.length > 0 && connected.size >= this.#parts.targets.min) return
    const now = this.#parts.clock.monotonic()
    for (const b of this.#bootstrap) {
      if (b.nextTry > now || near.includes(b)) continue
      if (b.peer !== undefined && !this.#parts.welcome(b.peer as PeerIdString)) continue
      b.nextTry = now + backoffMs(b.failures + 1, this.#parts.random)
      void this.#tryBootstrap(b)
    }
  }

  async #tryBootstrap(b: Bootstrap): Promise<void> {
    const key = typeof b.target === 'string' ? b.target : b.target.peer
    if (this.#dialling.has(key)) return
    const peer = await this.#dial(key, signal => this.#dialBootstrap(b.target, signal))
    if (peer === undefined) {
      b.failures++
      b.nextTry = this.#parts.clock.monotonic() + backoffMs(b.failures, this.#parts.random)
    } else {
      b.peer = peer
      b.answered = true
    }
  }

  #dialBootstrap(target: PeerAddress | string, signal: AbortSignal): Promise<Connection> {
    const { libp2p } = this.#parts
    return typeof target === 'string'
      ? libp2p.dial(multiaddr(target), { signal })
      : connectTo(libp2p, target, signal)
  }

  async #try({ peer, addresses }: Candidate): Promise<void> {
    const to = { peer: peer as PeerIdString, addresses }
    const reached = await this.#dial(peer, signal => connectTo(this.#parts.libp2p, to, signal))
    if (reached !== undefined) this.#book.succeeded(peer)
    else if (!this.#parts.troubles.excuses(DIAL_MS)) this.#book.failed(peer)
  }

  /** The id of the peer that answered, or undefined. */
  async #dial(key: string, dial: (signal: AbortSignal) => Promise<Connection>): Promise<string | undefined> {
    this.#dialling.add(key)
    const { clock, log } = this.#parts
    const scope = deadline(clock, DIAL_MS, 'DIAL_TIMEOUT', 'The peer did not answer.', this.#stopping.signal)
    try {
      return (await within(scope, dial)).remotePeer.toString()
    } catch (cause) {
      this.#parts.troubles.note(cause)
      log.debug({ peer: key, message: asShoalError(cause, 'PEER_UNREACHABLE').message }, 'could not connect')
      return undefined
    } finally {
      this.#dialling.delete(key)
    }
  }

  /** Peers of an earlier run. */
  async #recall(): Promise<void> {
    const stored = await this.#parts.libp2p.peerStore.all({ limit: STORED_MAX })
    for (const { id, addresses } of stored) {
      this.#learn(
        id,
        addresses.map(a => a.multiaddr)
      )
    }
  }

  /** Keeps the stored peer book bounded. */
  async #tidy(): Promise<void> {
    const { libp2p, log } = this.#parts
    try {
      const stored = await libp2p.peerStore.all()
      const connected = this.#connected()
      const idle = stored.filter(p => !connected.has(p.id.toString()))
      for (const { id } of idle.slice(STORED_MAX)) await libp2p.peerStore.delete(id)
    } catch (error) {
      log.warn({ error }, 'could not tidy the stored peer book')
    }
  }

  #learn(id: PeerId, addresses: readonly { toString(): string }[]): void {
    const peer = id.toString()
    if (id.equals(this.#parts.libp2p.peerId) || this.#parts.banned(peer)) return
    this.#book.learn(peer, addresses.map(String))
  }

  readonly #onDiscovery = (event: CustomEvent<PeerInfo>): void => {
    this.#learn(event.detail.id, event.detail.multiaddrs)
  }

  readonly #onIdentify = (event: CustomEvent<IdentifyResult>): void => {
    this.#learn(event.detail.peerId, event.detail.listenAddrs)
  }
}
