/**
 * Block exchange: Helia's bitswap on the peer's own libp2p node. The parts that `helia` would add (public gateways, delegated
 * routers, a second node, WebRTC) are left out: `withBitswap` gets only what it uses. Members of this network alone are served.
 */
import { withBitswap } from '@helia/bitswap'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { ShoalError } from '../protocol/errors.ts'
import type { Clock, Logger } from '../protocol/ports/index.ts'
import { deadline } from '../protocol/signals.ts'
import type { Blocks } from './blocks.ts'
import { InboundStream } from './inbound.ts'
import type { StorageLimits } from './limits.ts'
import { Wants, type WantList } from './wants.ts'

/** The part of Helia's bitswap block broker that is used here. */
interface Broker {
  stop(): Promise<void>
  announce(cid: CID): Promise<void>
  readonly bitswap: { readonly wantList: WantList }
}

/** How blocks come from other peers: bitswap on a real network, something simpler on a simulated one. */
export interface BlockExchange {
  start(): Promise<void>
  stop(): Promise<void>
  /** Tells peers that wait for a block that it is here. */
  announce(cid: CID): Promise<void>
  /** A block from a peer that we are connected to. CONTENT_NOT_FOUND; the signal's reason. */
  ask(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array>
  /** Other peers that may have an object, a few, within bounded time. */
  providers(cid: CID, signal: AbortSignal): AsyncGenerator<PeerId>
}

export interface ExchangeParts {
  readonly libp2p: Libp2p
  readonly blocks: Blocks
  /** Whether a peer belongs to this network. */
  readonly isMember: (peer: string) => Promise<boolean>
  /** A peer has sent so many bytes while no block is awaited from it; false when that is too much, and they are dropped. */
  readonly unasked: (peer: string, bytes: number) => boolean
  readonly limits: StorageLimits
  readonly clock: Clock
  readonly log: Logger
}

type Mixin = { start?(host: unknown): Promise<void> | void }
type StreamHandler = (stream: Stream, connection: Connection) => void | Promise<void>

/** Providers taken from the DHT for one object. */
const PROVIDERS_MAX = 3
/** Longest search for them, ms. */
const SEARCH_MS = 10_000

export class Exchange implements BlockExchange {
  readonly #parts: ExchangeParts
  #broker: Broker | undefined
  #wants: Wants | undefined

  constructor(parts: ExchangeParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#broker !== undefined) return
    const mixins: Mixin[] = []
    const host = { ...this.#host(), addMixin: (mixin: Mixin) => mixins.push(mixin) }
    withBitswap(host as unknown as Parameters<typeof withBitswap>[0], this.#options())
    for (const mixin of mixins) await mixin.start?.(host)
    const broker = this.#broker as Broker | undefined
    if (broker === undefined) throw new Error('bitswap did not start')
    const { clock, limits } = this.#parts
    this.#wants = new Wants(broker.bitswap.wantList, clock, {
      askMs: limits.messageMs,
      perPeer: limits.asksPerPeer
    })
    this.#parts.libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  async stop(): Promise<void> {
    const broker = this.#broker
    this.#broker = undefined
    this.#wants?.close()
    this.#wants = undefined
    this.#parts.libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    await broker?.stop()
  }

  async announce(cid: CID): Promise<void> {
    await this.#broker?.announce(cid)
  }

  ask(peer: PeerId, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    if (this.#wants === undefined) throw new ShoalError('CANCELLED', 'The content store is stopped.')
    return this.#wants.ask(peer, cid, signal)
  }

  async *providers(cid: CID, signal: AbortSignal): AsyncGenerator<PeerId> {
    const { libp2p, clock, log } = this.#parts
    const scope = deadline(clock, SEARCH_MS, 'CONTENT_NOT_FOUND', 'The search is over.', signal)
    let found = 0
    try {
      for await (const { id } of libp2p.contentRouting.findProviders(cid, { signal: scope.signal })) {
        if (id.equals(libp2p.peerId)) continue
        yield id
        if (++found === PROVIDERS_MAX) return
      }
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      log.debug({ cid: cid.toString(), message }, 'the search for content ended')
    } finally {
      scope[Symbol.dispose]()
    }
  }

  readonly #onDisconnect = (event: CustomEvent<PeerId>): void => {
    this.#wants?.gone(event.detail.toString())
  }

  /** What withBitswap uses of a Helia node. */
  #host() {
    const { libp2p, blocks } = this.#parts
    return {
      status: 'starting',
      logger: libp2p.logger,
      libp2p: this.#guarded(),
      getHasher: (code: number) => {
        if (code !== sha256.code) throw new ShoalError('CONTENT_CORRUPT', 'Blocks are named by sha2-256.')
        return sha256
      },
      blockstore: {
        has: (cid: CID) => blocks.has(cid),
        get: async function* (cid: CID) {
          const block = await blocks.read(cid)
          if (block === undefined) throw notFound()
          yield block
        }
      },
      // Only peers that we name are ever asked, see Wants.
      routing: {
        async *findProviders() {
          yield* []
        }
      },
      hasBlockBroker: () => this.#broker !== undefined,
      addBlockBroker: (broker: Broker) => {
        this.#broker = broker
      }
    }
  }

  /** The node with the methods that bitswap calls; inbound streams of strangers are reset. */
  #guarded() {
    const { libp2p, isMember, log } = this.#parts
    return {
      handle: (protocols: string | string[], handler: StreamHandler, options: object) =>
        libp2p.handle(
          protocols,
          async (stream, connection) => {
            const peer = connection.remotePeer.toString()
            if (await isMember(peer)) {
              await handler(this.#metered(stream, peer), connection)
            } else {
              log.debug({ peer }, 'refused blocks to a stranger')
              stream.abort(new ShoalError('PEER_REFUSED', 'Not a peer of this network.'))
            }
          },
          options
        ),
      unhandle: libp2p.unhandle.bind(libp2p),
      register: libp2p.register.bind(libp2p),
      unregister: libp2p.unregister.bind(libp2p),
      getConnections: libp2p.getConnections.bind(libp2p),
      isDialable: libp2p.isDialable.bind(libp2p),
      dial: libp2p.dial.bind(libp2p),
      dialProtocol: libp2p.dialProtocol.bind(libp2p)
    }
  }

  /** Counts what a peer sends that we have not asked for (its wants). */
  #metered(stream: Stream, peer: string): Stream {
    const handle = new InboundStream(
      stream,
      bytes => this.#wants?.awaits(peer) === true || this.#parts.unasked(peer, bytes)
    )
    return handle as unknown as Stream
  }

  #options() {
    const { limits } = this.#parts
    return {
      maxInboundStreams: limits.streams,
      maxOutboundStreams: limits.streams,
      messageReceiveTimeout: limits.messageMs,
      messageSendTimeout: limits.messageMs,
      maxIncomingMessageSize: limits.messageBytes,
      maxOutgoingMessageSize: limits.sendBytes,
      // The documented name is maxWantlistSize, the code of @helia/bitswap 4.0.19 reads maxWantListSize.
      maxWantlistSize: limits.wantsPerPeer,
      maxWantListSize: limits.wantsPerPeer,
      // A peer that lost a block may ask again at once; the default makes it wait for 5 s.
      doNotResendBlockWindow: 0
    }
  }
}

/** The error by which bitswap knows that a block is not here. */
function notFound(): Error {
  const error = new Error('no such block')
  error.name = 'NotFoundError'
  return error
}
