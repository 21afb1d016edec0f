/** One attack under way: fresh identities from a host of its own, a steady rate, and the moment at which it is cut off. */
import { identify, identifyPush } from '@libp2p/identify'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { setTimeout as sleep } from 'node:timers/promises'
import { namesOf, type Names } from '../../src/p2p/names.ts'
import type { Outcome, Target } from './attack.ts'
import type { Author } from './raw/gossip.ts'
import { GOSSIP } from './raw/gossip.ts'
import { ignorePings } from './raw/yamux.ts'

/** How often one that was cut off knocks again, and how long a connection must live to count as accepted, ms. */
const KNOCK_MS = 400
const ACCEPTED_MS = 900
const BEAT_MS = 20
/** How long one waits to be taken for a peer, in beats. */
const GREETING_BEATS = 40
/** Strokes under way at the same time. */
const STROKES_MAX = 200

/** A way in that the attacker has found. */
export interface Door {
  closed(): boolean
}

export interface Member extends Door {
  readonly node: Libp2p
  readonly connection: Connection
  readonly author: Author
  /** A stream for a protocol that the victim may or may not serve. */
  stream(protocol: string): Promise<Stream>
}

export class Siege {
  readonly target: Target
  readonly names: Names
  readonly signal: AbortSignal
  /** Address that all of this attack's connections come from. */
  readonly host: string
  readonly #nodes: Libp2p[] = []
  /** Nodes to which the victim has opened a stream of gossip or DHT: it takes them for peers. */
  readonly #greeted = new WeakSet<Libp2p>()
  #own: Promise<{ node: Libp2p; key: PrivateKey }> | undefined
  #sent = 0
  #first: number | undefined
  #cut: number | undefined
  #how = ''

  constructor(target: Target, host: string, signal: AbortSignal) {
    this.target = target
    this.names = namesOf(target.networkId)
    this.host = host
    this.signal = signal
  }

  /** Counts hostile sendings; the first begins the clock. */
  hit(count = 1): void {
    this.#first ??= performance.now()
    this.#sent += count
  }

  cut(how: string): void {
    this.#cut ??= performance.now()
    this.#how = how
  }

  uncut(): void {
    this.#cut = undefined
    this.#how = ''
  }

  outcome(name: string): Outcome {
    const cutAfter =
      this.#cut === undefined || this.#first === undefined ? undefined : Math.max(0, this.#cut - this.#first)
    return { name, sent: this.#sent, cutAfter, how: this.#how }
  }

  /** A libp2p node without manners. It lists gossip and the DHT among its protocols, so that the victim talks to it. */
  async node(
    options: { networkId?: string; identify?: boolean; key?: PrivateKey; deaf?: boolean } = {}
  ): Promise<Libp2p> {
    const names = namesOf(options.networkId ?? this.target.networkId)
    const prefix = { protocolPrefix: names.identifyPrefix }
    const node = await createLibp2p({
      privateKey: options.key ?? (await generateKeyPair('Ed25519')),
      transports: [tcp({ dialOpts: { localAddress: this.host } as never })],
      connectionEncrypters: [tls()],
      streamMuxers: [yamux({ enableKeepAlive: false, maxOutboundStreams: 100_000 })],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionMonitor: { enabled: false },
      connectionManager: { maxConnections: 10_000, reconnectRetries: 0 },
      ...(options.identify === false
        ? {}
        : { services: { identify: identify(prefix), push: identifyPush(prefix) } })
    })
    const onStream = (stream: Stream): void => {
      this.#greeted.add(node)
      if (options.deaf === true) stream.pause()
      else stream.addEventListener('message', () => undefined)
    }
    for (const protocol of [GOSSIP, names.dht])
      await node.handle(protocol, onStream, { maxInboundStreams: 1_000 })
    this.#nodes.push(node)
    return node
  }

  async dial(node: Libp2p): Promise<Connection> {
    return await node.dial(multiaddr(this.target.address), {
      signal: AbortSignal.any([this.signal, AbortSignal.timeout(4_000)]),
      force: true
    })
  }

  /** A connection of this attack's one identity, which presents itself as a peer. */
  async member(options: Parameters<Siege['node']>[0] = {}): Promise<Member> {
    this.#own ??= this.#newcomer(options)
    const { node, key } = await this.#own
    return await this.enter(node, key)
  }

  /** The same under a new identity. */
  async stranger(): Promise<Member> {
    const { node, key } = await this.#newcomer({})
    return await this.enter(node, key)
  }

  async #newcomer(options: Parameters<Siege['node']>[0] = {}): Promise<{ node: Libp2p; key: PrivateKey }> {
    const key = options.key ?? (await generateKeyPair('Ed25519'))
    return { key, node: await this.node({ ...options, key }) }
  }

  async enter(node: Libp2p, key: PrivateKey): Promise<Member> {
    this.#greeted.delete(node)
    const connection = await this.dial(node)
    ignorePings(connection)
    for (let i = 0; i < GREETING_BEATS && !this.#greeted.has(node) && connection.status === 'open'; i++)
      await sleep(BEAT_MS, undefined, { signal: this.signal })
    return {
      node,
      connection,
      author: { key, id: peerIdFromPrivateKey(key).toMultihash().bytes },
      closed: () => connection.status !== 'open',
      stream: protocol =>
        connection.newStream(protocol, {
          signal: AbortSignal.any([this.signal, AbortSignal.timeout(4_000)]),
          maxOutboundStreams: 100_000
        })
    }
  }

  /**
   * Opens a door, strikes at `rate` per second until it is closed, and knocks again until the time is over. Cut off is who ends up
   * outside.
   */
  async besiege<D extends Door>(
    rate: number,
    open: () => Promise<D>,
    strike: (door: D, n: number) => Promise<void> | void
  ): Promise<void> {
    let n = 0
    while (!this.signal.aborted) {
      const door = await this.#knock(open)
      if (door === undefined) continue
      await this.#barrage(rate, door, d => strike(d, n++))
      if (door.closed()) this.cut('the victim closed the connection')
    }
  }

  /** Strikes at a rate until the door closes; strokes do not wait for one another, up to a bound. */
  async #barrage<D extends Door>(
    rate: number,
    door: D,
    strike: (door: D) => Promise<void> | void
  ): Promise<void> {
    let open = 0
    let due = 0
    let last = performance.now()
    while (!this.signal.aborted && !door.closed()) {
      const now = performance.now()
      due = Math.min(rate, due + ((now - last) * rate) / 1_000)
      last = now
      for (; due >= 1 && open < STROKES_MAX && !door.closed(); due--) {
        this.hit()
        open++
        void this.#attempt(() => strike(door)).then(() => open--)
      }
      await sleep(BEAT_MS)
    }
  }

  /** A door that stays open for a while, or undefined after a refusal. */
  async #knock<D extends Door>(open: () => Promise<D>): Promise<D | undefined> {
    const door = await this.#attempt(open)
    const again = this.#cut !== undefined
    if (door === undefined || door.closed()) {
      if (this.#first !== undefined) this.cut('the victim refuses to connect')
      await this.#attempt(() => sleep(KNOCK_MS, undefined, { signal: this.signal }))
      return undefined
    }
    if (!again) return door
    await this.#attempt(() => sleep(ACCEPTED_MS, undefined, { signal: this.signal }))
    if (door.closed()) return undefined
    if (!this.signal.aborted) this.uncut()
    return door
  }

  /** An attacker's own failures are no news. */
  async #attempt<T>(work: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await work()
    } catch {
      return undefined // refused, reset or out of time: the next stroke shows whether the door is still open
    }
  }

  /** Waits for the end of the time: an attack that is done early still holds what it has. */
  async untilOver(): Promise<void> {
    while (!this.signal.aborted) await sleep(BEAT_MS)
  }

  async end(): Promise<void> {
    await Promise.all(this.#nodes.map(n => n.stop()))
  }
}
