/** The PeerNetwork of a real peer. This module loads all of libp2p: import it only where a network is made. */
import type { Libp2p } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { LevelDatastore } from 'datastore-level'
import { ShoalError } from '../protocol/errors.ts'
import type { EvidenceKind } from '../protocol/evidence.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import {
  methods,
  type Method,
  type MethodName,
  type RequestOf,
  type ResponseOf,
  type StreamName
} from '../protocol/methods.ts'
import type {
  Conduct,
  ConnectedPeer,
  Handler,
  NetworkHealth,
  PeerAddress,
  PeerNetwork,
  Profile,
  UnaryName
} from '../protocol/ports/index.ts'
import { deadline, linked, within } from '../protocol/signals.ts'
import { Announcements, forgetOldAnnouncements } from './announcements.ts'
import { Dht } from './dht.ts'
import { RequestClient } from './engine/client.ts'
import { engineLimits, type EngineLimits } from './engine/limits.ts'
import { RequestServer, type AnyHandler } from './engine/server.ts'
import { Gossip, type Deliver, type Validate } from './gossip.ts'
import { Guards } from './guards/guards.ts'
import { hostOf, Hosts } from './guards/hosts.ts'
import { guardLimits } from './guards/limits.ts'
import { watchedStore } from './guards/watched-store.ts'
import { createHost, type Host } from './host.ts'
import { isOtherVersion, namesOf, type Names } from './names.ts'
import { DEFAULT_LISTEN, defaultTargets, type NetworkOptions } from './options.ts'
import { connectWhereWelcome } from './peers/dial.ts'
import { PeerManager, type ConnectionTargets } from './peers/manager.ts'
import { Membership } from './peers/membership.ts'
import { Presence, type PeerListener } from './peers/presence.ts'
import { Standing } from './peers/standing.ts'
import { startError } from './start-error.ts'

export type { NetworkOptions }

/** Makes a peer's network; nothing runs before `start`. CONFIG_INVALID. */
export async function createPeerNetwork(options: NetworkOptions): Promise<P2PNetwork> {
  const names = namesOf(options.networkId)
  const { clock, log, folder, files } = options
  const standing = new Standing({ clock, log, names, folder, files })
  const targets = options.targets ?? defaultTargets[options.profile]
  const hosts = new Hosts({
    clock,
    banned: peer => standing.banned(peer),
    mayTell: peer => standing.farewell.mayTell(peer),
    resting: peer => standing.rests.has(peer),
    max: targets.max
  })
  const datastore =
    folder === undefined ? undefined : watchedStore(new LevelDatastore(folder), standing.troubles)
  const light = options.profile === 'light'
  const host = await createHost({
    names,
    profile: options.profile,
    seed: options.seed,
    listen: light ? [] : (options.listen ?? DEFAULT_LISTEN),
    announce: light ? [] : (options.announce ?? []),
    mdns: options.mdns ?? false,
    ...{ targets, scores: standing.scores, hosts, clock, datastore }
  })
  return new P2PNetwork({ options, names, standing, hosts, targets, host, datastore })
}

interface NetworkParts {
  readonly options: NetworkOptions
  readonly names: Names
  readonly standing: Standing
  readonly hosts: Hosts
  readonly targets: ConnectionTargets
  readonly host: Host
  readonly datastore: LevelDatastore | undefined
}

export class P2PNetwork implements PeerNetwork {
  readonly peerId: PeerIdString
  readonly profile: Profile
  readonly #parts: NetworkParts
  readonly #client: RequestClient
  readonly #server: RequestServer
  readonly #gossip: Gossip
  readonly #dht: Dht
  readonly #announcements: Announcements
  readonly #manager: PeerManager
  readonly #membership: Membership
  readonly #guards: Guards
  readonly #presence: Presence
  #stopping = new AbortController()
  #started = false

  constructor(parts: NetworkParts) {
    const { options, names, standing, targets, host } = parts
    const { clock, random, log } = options
    this.#parts = parts
    this.peerId = host.peerId.toString() as PeerIdString
    this.profile = options.profile
    const limits: EngineLimits = { ...engineLimits, ...options.limits }
    const report = this.report.bind(this)
    const libp2p: Libp2p = host
    const { offences, troubles, scores } = standing
    const connect = (to: PeerAddress, signal: AbortSignal, fresh: boolean) =>
      connectWhereWelcome(libp2p, standing.notices, to, signal, fresh)
    this.#client = new RequestClient({ clock, names, limits, connect, report, offences, troubles })
    this.#server = new RequestServer({ clock, names, limits, libp2p, log, offences })
    this.#server.handle(methods.farewell, standing.onFarewell as AnyHandler)
    const banned = (peer: string): boolean => standing.banned(peer)
    this.#guards = new Guards({ host, names, clock, offences, banned })
    this.#gossip = new Gossip({ pubsub: host.services.pubsub, names, clock, log, banned, offences })
    const dht = host.services.dht as SingleKadDHT
    this.#announcements = new Announcements({ libp2p, clock, log })
    this.#dht = new Dht({
      libp2p,
      clock,
      protocol: names.dht,
      known: () => dht.routingTable.size,
      put: (key, value, o) => dht.put(key, value, o),
      announcements: this.#announcements
    })
    const onIdentified = (peer: string): void => standing.identified(peer)
    const isOther = (protocols: readonly string[]): boolean => isOtherVersion(names, protocols)
    this.#presence = new Presence({ libp2p, log, banned, onIdentified, isOther })
    this.#membership = new Membership({ libp2p, clock, banned, dismiss: peer => standing.dismiss(peer) })
    this.#manager = new PeerManager({
      ...{ libp2p, clock, random, log, scores, targets, troubles, banned },
      welcome: peer => standing.welcome(peer),
      bootstrap: options.bootstrap ?? [],
      lonelyTopics: () => this.#gossip.lonely()
    })
    standing.attach({
      libp2p,
      onCut: connection => parts.hosts.banned(connection.remoteAddr),
      forget: peer => this.#manager.book.forget(peer)
    })
  }

  /** The node under this network, for what runs on the same one (Helia). Owned here: never start or stop it elsewhere. */
  get libp2p(): Libp2p {
    return this.#parts.host
  }

  /**
   * Whether a connected peer belongs to this network; waits while it has not identified itself yet. For protocols whose ids carry
   * no network (bitswap).
   */
  isMember(peer: string): Promise<boolean> {
    return this.#membership.known(peer)
  }

  /** Counts bytes of block exchange that nobody asked for; false when a peer has sent too many. */
  unaskedBlocks(peer: string, bytes: number): boolean {
    const { offences } = this.#parts.standing
    return offences.within(peer, 'bytes of block exchange', guardLimits.blocks.unaskedBytes, bytes)
  }

  /** Requests of others that are open now, as a count of peers and methods; for tests and metrics. */
  get openInbound(): number {
    return this.#server.openKeys
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (this.#started) return
    signal?.throwIfAborted()
    this.#started = true
    this.#stopping = new AbortController()
    const { host, datastore } = this.#parts
    try {
      await datastore?.open()
      if (datastore !== undefined) await forgetOldAnnouncements(datastore, this.peerId)
      await this.#parts.standing.start()
      this.#membership.start()
      this.#guards.start()
      this.#presence.start()
      await host.start()
      await this.#knowOneself()
      this.#server.start()
      this.#gossip.start()
      this.#announcements.start()
      await this.#manager.start()
    } catch (cause) {
      await this.stop()
      throw startError(cause)
    }
  }

  async stop(): Promise<void> {
    if (!this.#started) return
    this.#started = false
    const { host, datastore } = this.#parts
    this.#stopping.abort(new ShoalError('CANCELLED', 'This peer stops.'))
    this.#manager.stop()
    this.#gossip.stop()
    this.#announcements.stop()
    this.#server.stop()
    this.#membership.stop()
    this.#guards.stop()
    this.#presence.stop()
    await host.stop()
    await this.#parts.standing.stop()
    await datastore?.close()
    this.#presence.clear()
  }

  addresses(): string[] {
    return this.profile === 'light' ? [] : this.#parts.host.getMultiaddrs().map(String)
  }

  async request<N extends UnaryName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): Promise<ResponseOf<N>> {
    return await this.#running(signal, s => this.#client.unary(to, rowOf(method), body, s))
  }

  async *stream<N extends StreamName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): AsyncGenerator<ResponseOf<N>> {
    const scope = linked(signal, this.#stopping.signal)
    try {
      yield* this.#client.frames(to, rowOf(method), body, scope.signal)
    } finally {
      scope[Symbol.dispose]()
    }
  }

  handle<N extends MethodName>(method: N, handler: Handler<N>): () => void {
    return this.#server.handle(methods[method], handler as AnyHandler)
  }

  subscribe(topic: string, validate: Validate, deliver: Deliver): () => void {
    return this.#gossip.subscribe(topic, validate, deliver)
  }

  publish(topic: string, data: Uint8Array): Promise<number> {
    return this.#gossip.publish(topic, data)
  }

  async provide(key: string, signal?: AbortSignal, ms?: number): Promise<void> {
    await this.#running(signal, s => this.#dht.provide(key, s, ms))
  }

  async *findProviders(key: string, signal?: AbortSignal): AsyncGenerator<PeerAddress> {
    const scope = linked(signal, this.#stopping.signal)
    try {
      yield* this.#dht.findProviders(key, scope.signal)
    } finally {
      scope[Symbol.dispose]()
    }
  }

  async putCard(card: Uint8Array, signal?: AbortSignal): Promise<number> {
    return await this.#running(signal, s => this.#dht.putCard(card, s))
  }

  async getCard(peer: PeerIdString, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return await this.#running(signal, s => this.#dht.getCard(peer, s))
  }

  async connect(to: PeerAddress, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#parts.options
    const ms = this.#parts.options.limits?.dialMs ?? engineLimits.dialMs
    const message = 'The peer did not answer.'
    const scope = deadline(clock, ms, 'DIAL_TIMEOUT', message, signal, this.#stopping.signal)
    await within(scope, s => connectWhereWelcome(this.libp2p, this.#parts.standing.notices, to, s))
  }

  peers(): ConnectedPeer[] {
    const seen = new Map<string, ConnectedPeer>()
    for (const c of this.#parts.host.getConnections()) {
      const peer = c.remotePeer.toString() as PeerIdString
      if (!this.#membership.has(peer) || seen.has(peer)) continue
      const score = this.#parts.standing.scores.score(peer)
      const rtt = c.rtt === undefined ? {} : { rtt: c.rtt }
      const addresses = c.direction === 'outbound' ? [c.remoteAddr.toString()] : []
      const host = hostOf(c.remoteAddr)
      seen.set(peer, { peer, addresses, direction: c.direction, score, ...rtt, host })
    }
    return [...seen.values()]
  }

  onPeer(listener: PeerListener): () => void {
    return this.#presence.listen(listener)
  }

  report(peer: PeerIdString, conduct: Conduct): void {
    this.#parts.standing.report(peer, conduct)
  }

  accuse(peer: PeerIdString, kind: EvidenceKind, seen: string): void {
    this.#parts.standing.accuse(peer, kind, seen)
  }

  forgive(peer: PeerIdString): boolean {
    return this.#parts.standing.forgive(peer)
  }

  lateMs(within: number): number {
    return this.#parts.standing.troubles.lateMs(within)
  }

  health(): NetworkHealth {
    const otherVersions = this.#presence.others
    return { ...this.#parts.standing.health(), bootstrap: this.#manager.bootstrap(), otherVersions }
  }

  /** The DHT answers with providers' addresses from the peer book, also when the provider is this peer itself. */
  async #knowOneself(): Promise<void> {
    const { host } = this.#parts
    const multiaddrs = host.getMultiaddrs()
    if (multiaddrs.length > 0) await host.peerStore.patch(host.peerId, { multiaddrs })
  }

  /** Runs until the caller's signal or our stop. */
  #running<T>(signal: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return within(linked(signal, this.#stopping.signal), run)
  }
}

/** A row of the table with its types, which a union of rows loses. */
const rowOf = <N extends MethodName>(name: N): Method<RequestOf<N>, ResponseOf<N>> =>
  methods[name] as unknown as Method<RequestOf<N>, ResponseOf<N>>
