/** The PeerNetwork of a real peer. This module loads all of libp2p: import it only where a network is made. */
import type { Libp2p } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { LevelDatastore } from 'datastore-level'
import { ShoalError } from '../protocol/errors.ts'
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
import { createHost, type Host } from './host.ts'
import { namesOf, type Names } from './names.ts'
import { DEFAULT_LISTEN, defaultTargets, type NetworkOptions } from './options.ts'
import { BanFile } from './peers/ban-file.ts'
import { connectTo } from './peers/dial.ts'
import { PeerManager, type ConnectionTargets } from './peers/manager.ts'
import { Membership } from './peers/membership.ts'
import { PeerScores } from './peers/scores.ts'
import { startError } from './start-error.ts'

export type { NetworkOptions }

/** A peer of another network, or one that was too slow to say who it is, may try again after this, then after twice as long. */
const STRANGER_BAN_MS = 60_000

/** Makes a peer's network; nothing runs before `start`. CONFIG_INVALID. */
export async function createPeerNetwork(options: NetworkOptions): Promise<P2PNetwork> {
  const names = namesOf(options.networkId)
  const scores = new PeerScores(options.clock)
  const targets = options.targets ?? defaultTargets[options.profile]
  const hosts = new Hosts({
    clock: options.clock,
    banned: peer => scores.banned(peer),
    max: targets.max
  })
  const datastore = options.folder === undefined ? undefined : new LevelDatastore(options.folder)
  const light = options.profile === 'light'
  const host = await createHost({
    names,
    profile: options.profile,
    seed: options.seed,
    listen: light ? [] : (options.listen ?? DEFAULT_LISTEN),
    announce: light ? [] : (options.announce ?? []),
    mdns: options.mdns ?? false,
    targets,
    scores,
    hosts,
    clock: options.clock,
    datastore
  })
  return new P2PNetwork({ options, names, scores, hosts, targets, host, datastore })
}

interface NetworkParts {
  readonly options: NetworkOptions
  readonly names: Names
  readonly scores: PeerScores
  readonly hosts: Hosts
  readonly targets: ConnectionTargets
  readonly host: Host
  readonly datastore: LevelDatastore | undefined
}

type PeerListener = (peer: PeerIdString, connected: boolean) => void

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
  readonly #banFile: BanFile | undefined
  readonly #guards: Guards
  readonly #listeners = new Set<PeerListener>()
  readonly #announced = new Set<string>()
  #stopping = new AbortController()
  #started = false

  constructor(parts: NetworkParts) {
    const { options, names, scores, targets, host } = parts
    const { clock, random, log } = options
    this.#parts = parts
    this.peerId = host.peerId.toString() as PeerIdString
    this.profile = options.profile
    const limits: EngineLimits = { ...engineLimits, ...options.limits }
    const report = this.report.bind(this)
    const libp2p: Libp2p = host
    const connect = (to: PeerAddress, signal: AbortSignal, fresh: boolean) =>
      connectTo(libp2p, to, signal, fresh)
    this.#client = new RequestClient({ clock, names, limits, connect, report })
    this.#server = new RequestServer({ clock, names, limits, libp2p, log, report })
    const banned = (peer: string): boolean => scores.banned(peer)
    const ban = (peer: string, why: string, ms?: number): void =>
      this.#manager.ban(peer as PeerIdString, why, ms)
    this.#guards = new Guards({ host, names, clock, report, ban })
    const { offences } = this.#guards
    this.#gossip = new Gossip({ pubsub: host.services.pubsub, names, clock, log, banned, report, offences })
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
    this.#membership = new Membership({
      ...{ libp2p, clock },
      ban: (peer, why) => ban(peer, why, STRANGER_BAN_MS)
    })
    const { folder, files } = options
    if (folder !== undefined && files !== undefined)
      this.#banFile = new BanFile({ folder, files, scores, clock, log })
    this.#manager = new PeerManager({
      ...{ libp2p, clock, random, log, scores, targets },
      bootstrap: options.bootstrap ?? [],
      lonelyTopics: () => this.#gossip.lonely(),
      onBanned: connection => parts.hosts.banned(connection.remoteAddr),
      onBan: () => this.#banFile?.save()
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
    return this.#guards.offences.within(peer, 'unasked blocks', guardLimits.blocks.unaskedBytes, bytes)
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
      await this.#banFile?.start()
      this.#membership.start()
      this.#guards.start()
      host.addEventListener('peer:identify', this.#onIdentify)
      host.addEventListener('peer:disconnect', this.#onDisconnect)
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
    host.removeEventListener('peer:identify', this.#onIdentify)
    host.removeEventListener('peer:disconnect', this.#onDisconnect)
    await host.stop()
    await this.#banFile?.stop()
    await datastore?.close()
    this.#announced.clear()
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
    await within(scope, s => connectTo(this.libp2p, to, s))
  }

  peers(): ConnectedPeer[] {
    const seen = new Map<string, ConnectedPeer>()
    for (const c of this.#parts.host.getConnections()) {
      const peer = c.remotePeer.toString() as PeerIdString
      if (!this.#membership.has(peer) || seen.has(peer)) continue
      const score = this.#parts.scores.score(peer)
      const rtt = c.rtt === undefined ? {} : { rtt: c.rtt }
      const addresses = c.direction === 'outbound' ? [c.remoteAddr.toString()] : []
      const host = hostOf(c.remoteAddr)
      seen.set(peer, { peer, addresses, direction: c.direction, score, ...rtt, host })
    }
    return [...seen.values()]
  }

  onPeer(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  report(peer: PeerIdString, conduct: Conduct): void {
    this.#manager.report(peer, conduct)
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

  #tell(peer: PeerIdString, connected: boolean): void {
    for (const listener of this.#listeners) {
      try {
        listener(peer, connected)
      } catch (error) {
        this.#parts.options.log.error({ error, peer }, 'a peer listener failed')
      }
    }
  }

  readonly #onIdentify = (event: CustomEvent<{ peerId: { toString(): string } }>): void => {
    const peer = event.detail.peerId.toString()
    if (this.#announced.has(peer)) return
    this.#announced.add(peer)
    this.#tell(peer as PeerIdString, true)
  }

  readonly #onDisconnect = (event: CustomEvent<{ toString(): string }>): void => {
    const peer = event.detail.toString()
    if (this.#announced.delete(peer)) this.#tell(peer as PeerIdString, false)
  }
}

/** A row of the table with its types, which a union of rows loses. */
const rowOf = <N extends MethodName>(name: N): Method<RequestOf<N>, ResponseOf<N>> =>
  methods[name] as unknown as Method<RequestOf<N>, ResponseOf<N>>
