/** The libp2p node of one network: transports, encryption, gossip and DHT. Loads all of libp2p; only network.ts imports it. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub, type GossipSub } from '@libp2p/gossipsub'
import { identify, identifyPush, type Identify } from '@libp2p/identify'
import type { Libp2p, PeerDiscovery, PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper, type KadDHT, type KadDHTComponents } from '@libp2p/kad-dht'
import { mdns, type MulticastDNSComponents } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping, type Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { LevelDatastore } from 'datastore-level'
import { createLibp2p } from 'libp2p'
import { GOSSIP_MESSAGE_MAX, MiB } from '../protocol/limits.ts'
import type { Clock, Profile } from '../protocol/ports/index.ts'
import { ANNOUNCEMENT_MS } from './announcements.ts'
import { CARD_NAMESPACE, cardSelector, cardValidator } from './cards.ts'
import { boundedDatastore } from './guards/dht-store.ts'
import type { Hosts } from './guards/hosts.ts'
import { lazyTls } from './lazy-tls.ts'
import { LocalAddresses } from './local-addresses.ts'
import type { Names } from './names.ts'
import type { ConnectionTargets } from './peers/manager.ts'
import type { PeerScores } from './peers/scores.ts'

export interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly identifyPush: unknown
  readonly ping: Ping
  readonly pubsub: GossipSub
  readonly dht: KadDHT
}

export type Host = Libp2p<Services>

export interface HostParts {
  readonly names: Names
  readonly profile: Profile
  readonly seed: Uint8Array
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly mdns: boolean
  readonly targets: ConnectionTargets
  readonly scores: Pick<PeerScores, 'gossipScore'>
  readonly hosts: Hosts
  readonly clock: Clock
  readonly datastore: LevelDatastore | undefined
}

/** Read and write windows: 256 KiB at first, doubled by yamux on fast lines. A paused stream holds at most one window. */
const WINDOW_FIRST = 256 * 1024
const WINDOW_MAX = 4 * MiB
/** A handshake takes two or three round trips; half-done ones hold a place. */
const HANDSHAKE_MS = 6_000
/** Streams of the DHT on one connection, in each direction. */
const DHT_STREAMS = 64
/** Messages in one gossip packet, and what surrounds them. */
const GOSSIP_PACKET_MAX = 32 * GOSSIP_MESSAGE_MAX
/** Topics are a dozen; gossipsub's own defaults allow 5000 of everything. */
const GOSSIP_LIMITS = {
  maxSubscriptions: 256,
  maxMessages: 256,
  maxIhaveMessageIDs: 2_000,
  maxIwantMessageIDs: 2_000,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 16
}

function gossip(parts: HostParts) {
  return gossipsub({
    globalSignaturePolicy: 'StrictSign',
    emitSelf: false,
    allowPublishToZeroTopicPeers: true, // the caller counts recipients
    ignoreDuplicatePublishError: true,
    floodPublish: true, // our own messages are few and small: to every topic peer at once
    doPX: false, // peers are learned from the DHT and identify, where records are checked
    heartbeatInterval: 1_000,
    maxInboundDataLength: GOSSIP_PACKET_MAX,
    maxOutboundBufferSize: 4 * MiB,
    decodeRpcLimits: GOSSIP_LIMITS,
    scoreParams: {
      appSpecificScore: peer => parts.scores.gossipScore(peer),
      appSpecificWeight: 1,
      // gossipsub's own hour would hold every passer-by of a busy hour in memory; lasting grudges are kept by our scores and bans
      retainScore: 10 * 60_000,
      // gossipsub punishes a neighbour that does not send in three seconds what it announced, so steeply that three of them silence it;
      // a busy peer does that too, and one that floods is stopped by the guards
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 10,
      IPColocationFactorWeight: -5,
      // Many peers of one machine, LAN or NAT are no Sybils: with the penalty one in 30 on loopback was left without a mesh.
      IPColocationFactorWhitelist: new LocalAddresses()
    },
    scoreThresholds: { gossipThreshold: -20, publishThreshold: -40, graylistThreshold: -60 }
  })
}

/** The node's parts with the DHT's records in bounded space. */
const bounded = (components: KadDHTComponents): KadDHTComponents => {
  const datastore = boundedDatastore(components.datastore)
  return new Proxy(components, {
    get: (target, name) => (name === 'datastore' ? datastore : (Reflect.get(target, name) as unknown))
  })
}

function dht(parts: HostParts) {
  const make = kadDHT({
    protocol: parts.names.dht,
    clientMode: parts.profile === 'light',
    peerInfoMapper: passthroughMapper, // the default drops private addresses: nothing could be found on a LAN
    allowQueryWithZeroPeers: true, // else every call waits for the first self-query
    initialQuerySelfInterval: 1_000,
    networkDialTimeout: { minTimeout: 2_000 },
    // as many as a client may open: by default it opens 64 and is reset above 32
    maxInboundStreams: DHT_STREAMS,
    maxOutboundStreams: DHT_STREAMS,
    reprovide: { validity: ANNOUNCEMENT_MS, threshold: 0, interval: 10 * 60_000 },
    validators: { [CARD_NAMESPACE]: cardValidator(parts.clock) },
    selectors: { [CARD_NAMESPACE]: cardSelector }
  })
  return (components: KadDHTComponents) => make(bounded(components))
}

/** A node that is not started. It belongs to one network only. */
export async function createHost(parts: HostParts): Promise<Host> {
  const privateKey: PrivateKey = await generateKeyPairFromSeed('Ed25519', parts.seed)
  const peerDiscovery: ((components: MulticastDNSComponents) => PeerDiscovery)[] = parts.mdns
    ? [mdns({ serviceTag: parts.names.mdns })]
    : []
  const node = await createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { name: 'shoal', version: '1', userAgent: 'shoal/1' },
    addresses: { listen: [...parts.listen], announce: [...parts.announce] },
    transports: [tcp(), webSockets()],
    // The dialler's first choice counts. TLS takes half the CPU of noise per byte, noise 12 MiB less memory, which a light peer wants.
    connectionEncrypters: parts.profile === 'light' ? [noise(), lazyTls()] : [lazyTls(), noise()],
    streamMuxers: [
      yamux({
        streamOptions: {
          initialStreamWindowSize: WINDOW_FIRST,
          maxStreamWindowSize: WINDOW_MAX,
          maxReadBufferLength: WINDOW_MAX + WINDOW_FIRST
        }
      })
    ],
    peerDiscovery,
    connectionGater: parts.hosts.gater(),
    ...(parts.datastore === undefined ? {} : { datastore: parts.datastore }),
    connectionManager: {
      maxConnections: parts.targets.max,
      // The default of 5 new connections a second from one host refuses whole sites behind one NAT.
      inboundConnectionThreshold: 200,
      maxIncomingPendingConnections: 200,
      inboundUpgradeTimeout: HANDSHAKE_MS,
      inboundStreamProtocolNegotiationTimeout: HANDSHAKE_MS,
      maxParallelDials: 32,
      dialTimeout: 10_000,
      reconnectRetries: 0 // the peer manager reconnects
    },
    connectionMonitor: { enabled: true, pingInterval: 15_000 },
    services: {
      identify: identify({ protocolPrefix: parts.names.identifyPrefix }),
      identifyPush: identifyPush({ protocolPrefix: parts.names.identifyPrefix }),
      ping: ping({ protocolPrefix: parts.names.identifyPrefix, maxInboundStreams: 4, maxOutboundStreams: 4 }),
      pubsub: gossip(parts),
      dht: dht(parts)
    }
  })
  return node
}
