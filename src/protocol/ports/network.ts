/** The peer-to-peer network as the rest sees it: typed requests, judged gossip, a DHT, and what peers deserve. */
import type { EvidenceKind } from '../evidence.ts'
import type { PeerIdString } from '../ids.ts'
import type { MethodName, RequestOf, ResponseOf, StreamName } from '../methods.ts'
import type { NetworkHealth } from './network-health.ts'
import type { Startable } from './startable.ts'

export type Profile = 'full' | 'light'

export interface PeerAddress {
  readonly peer: PeerIdString
  readonly addresses: readonly string[]
}

/** What a validator says of a gossip message: anything unexpected is `ignore`, so our bug never costs an honest peer. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/**
 * What a peer did, for its score. Of these only `invalid` can lead to a ban: the others are what busy, slow and restarted peers do
 * as well.
 */
export type Conduct =
  | 'useful' // answered, delivered, forwarded something valid
  | 'failed' // did not answer or broke off
  | 'broken-promise' // took a job and lost it
  | 'invalid' // a proven lie: its own signature under something else than it agreed to

export interface RequestContext {
  readonly from: PeerIdString
  readonly signal: AbortSignal
}

/** A unary handler returns the response; a stream handler yields frames until it returns. */
export type Handler<N extends MethodName> = N extends StreamName
  ? (request: RequestOf<N>, context: RequestContext) => AsyncIterable<ResponseOf<N>>
  : (request: RequestOf<N>, context: RequestContext) => Promise<ResponseOf<N>>

export type UnaryName = Exclude<MethodName, StreamName>

export interface ConnectedPeer extends PeerAddress {
  readonly direction: 'inbound' | 'outbound'
  readonly score: number
  /** The IP address at the other end; absent for this very machine. */
  readonly host?: string
  /** Last measured round trip in ms, if any. */
  readonly rtt?: number
}

export interface PeerNetwork extends Startable {
  readonly peerId: PeerIdString
  readonly profile: Profile
  /** Where this peer can be dialled; empty for a light peer. */
  addresses(): string[]
  /** One request, one response. DIAL_TIMEOUT, REQUEST_TIMEOUT, PEER_UNREACHABLE, PEER_REFUSED, PEER_VIOLATION, QUOTA_EXCEEDED. */
  request<N extends UnaryName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): Promise<ResponseOf<N>>
  /** One request, frames until the other side ends; leaving the loop closes the stream. */
  stream<N extends StreamName>(
    to: PeerAddress,
    method: N,
    body: RequestOf<N>,
    signal?: AbortSignal
  ): AsyncIterable<ResponseOf<N>>
  /** One handler per method; returns how to remove it. */
  handle<N extends MethodName>(method: N, handler: Handler<N>): () => void
  /** Joins a topic. The validator runs before anything is forwarded; `accept`ed messages are then delivered. */
  subscribe(
    topic: string,
    validate: (data: Uint8Array, from: PeerIdString) => Promise<Verdict>,
    deliver: (data: Uint8Array, from: PeerIdString) => void
  ): () => void
  /** Number of peers it was sent to; 0 is no error. */
  publish(topic: string, data: Uint8Array): Promise<number>
  /** Announces in the DHT that this peer holds something under a key (any 32-byte digest in hex), for `ms`, two hours at most. */
  provide(key: string, signal?: AbortSignal, ms?: number): Promise<void>
  findProviders(key: string, signal?: AbortSignal): AsyncIterable<PeerAddress>
  /** Stores this peer's own signed card in the DHT. How many other peers stored it; 0, when there was nobody, is no error. */
  putCard(card: Uint8Array, signal?: AbortSignal): Promise<number>
  /** The newest valid card of a peer in the DHT, or undefined. */
  getCard(peer: PeerIdString, signal?: AbortSignal): Promise<Uint8Array | undefined>
  connect(to: PeerAddress, signal?: AbortSignal): Promise<void>
  peers(): ConnectedPeer[]
  onPeer(listener: (peer: PeerIdString, connected: boolean) => void): () => void
  /** Counts for the score. What our own troubles may explain (a late loop, no descriptors, a full disk) counts for nothing. */
  report(peer: PeerIdString, conduct: Conduct): void
  /** Counts an act that only an attacker's program produces; enough of them are a ban. `seen`: what it was, for people. */
  accuse(peer: PeerIdString, kind: EvidenceKind, seen: string): void
  /** Ends a ban that we have made and forgets what led to it; false when there is none. */
  forgive(peer: PeerIdString): boolean
  /** How long this program itself was not listening within the last `ms` (a late loop, a machine that slept): not others' silence. */
  lateMs(within: number): number
  health(): NetworkHealth
}

/** Topic names, without the network prefix that src/p2p adds. */
export const topics = {
  adverts: (nodeClass: string) => `adverts/${nodeClass}`,
  offers: (nodeClass: string) => `offers/${nodeClass}`
} as const
