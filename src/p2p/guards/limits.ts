/**
 * What one peer, and one host, may do below the request protocol. Each budget has two marks. Above `count` what comes is dropped or
 * put off, and that is all: the busiest honest program that we promise to serve stays below it, most of them by pacing themselves
 * (engine/pacer.ts, dht-pace.ts, gossip-out.ts). Above `flood`, a multiple of it, nothing honest is left that would explain it.
 */
import type { EvidenceKind } from '../../protocol/evidence.ts'
import { LIVE_JOBS_MAX, MiB } from '../../protocol/limits.ts'
import { methods } from '../../protocol/methods.ts'
import type { Quota } from '../engine/quota.ts'

export interface Budget extends Quota {
  /** So many in the same window are a ban. */
  readonly flood: number
  /** What the ban is for. */
  readonly kind: EvidenceKind
}

const WINDOW_MS = 10_000
const per10s = (count: number): Quota => ({ count, windowMs: WINDOW_MS })
const budget = (kind: EvidenceKind, count: number, flood: number): Budget => ({
  ...per10s(count),
  flood,
  kind
})
/** For what is dropped by others already, or costs nothing: only the flood counts. */
const onlyFlood = (kind: EvidenceKind, flood: number): Budget => budget(kind, flood, flood)

/** Offers that one requester may publish in a window: each of its live jobs repeats its own once a second; and an advert a second. */
const PUBLISHED = (LIVE_JOBS_MAX + 1) * 10
/** Such requesters whose offers one neighbour may pass on. */
const BUSY_REQUESTERS = 4
/** Requests that one honest peer may have open at us at the same time, over all methods. */
const OPEN_REQUESTS = Object.values(methods).reduce((sum, m) => sum + m.concurrent, 0)

export const guardLimits = {
  /** Gossip of one neighbour. */
  gossip: {
    /** Messages that it passes on, of all authors. */
    messages: budget('gossip-flood', BUSY_REQUESTERS * PUBLISHED, 4 * BUSY_REQUESTERS * PUBLISHED),
    /** Messages of its own. An honest one publishes a message once; a replay by others is not held against the author. */
    published: budget('gossip-flood', 2 * PUBLISHED, 4 * PUBLISHED),
    /** A packet for each message and for each notice that it is here, and those of the heartbeat. */
    packets: budget('gossip-flood', 2 * BUSY_REQUESTERS * PUBLISHED, 8 * BUSY_REQUESTERS * PUBLISHED),
    bytes: budget('gossip-flood', 10 * MiB, 40 * MiB),
    /** Entries of control messages, ids included. A heartbeat announces the messages of the last three seconds, see gossip-out.ts. */
    control: budget('gossip-flood', 20_000, 80_000),
    /** A peer has a dozen topics, and names them again with each stream. */
    subscriptions: budget('gossip-flood', 256, 1_024),
    /** Messages on topics that we never subscribed to: nobody was told to send them. */
    stray: budget('gossip-flood', 50, 200)
  },
  dht: {
    /** Our own program paces itself to four fifths of it. */
    messages: budget('dht-flood', 300, 600),
    /** Records that our DHT refuses, such as outdated ones: an honest peer stores its card a few times an hour. */
    refused: onlyFlood('dht-flood', 60)
  },
  blocks: {
    /** What comes while we wait for no block of this peer: its wants, some 60 bytes for each block of 256 KiB that it gets. */
    unaskedBytes: budget('block-flood', 1 * MiB, 3 * MiB)
  },
  streams: {
    /** Of the DHT: its messages are paced, and go in one or two streams each. */
    dht: onlyFlood('stream-flood', 2_000),
    /** Of the other services (identify, gossip, ping): a few with each connection, and a ping now and then. */
    services: onlyFlood('stream-flood', 120),
    /** Of those the ones that tell who somebody is, again: libp2p tells at most once a second. */
    pushes: budget('stream-flood', 20, 100),
    /** Ended before they said for what: all that a peer may have open, given up at once. Above it streams are not negotiated. */
    unnamed: budget('stream-flood', OPEN_REQUESTS, Math.ceil(1.5 * OPEN_REQUESTS)),
    /** Open at the same time without saying for what, twice what a peer may ask at once; yamux holds 1000 of all kinds. */
    unnamedMax: 2 * OPEN_REQUESTS,
    /** Above the number that a method, the DHT or block exchange allows at a time; our own program never opens one too many. */
    aboveNumber: onlyFlood('stream-flood', 60)
  },
  requests: {
    /** A method's quota times this is a flood: the client paces itself to four fifths of a quota, and may restart twice. */
    floodFactor: 3,
    /** Streams that ended without a request: those that a peer has open when it stops, twice. */
    silent: onlyFlood('request-flood', 256),
    /** Pieces in which a request may come, and one more for each KiB of it: our program sends it in one. */
    piecesMax: 4
  },
  frames: {
    pings: budget('frame-flood', 100, 1_000),
    /** Frames that carry no data: a window update for each 128 KiB read, three for each stream. */
    bare: { count: 20_000, windowMs: 4_000, flood: 20_000, kind: 'frame-flood' } satisfies Budget as Budget,
    /** Bytes of one frame that are buffered until it is whole: the largest window, and a header. */
    bufferMax: 4 * MiB + 12
  },
  hosts: {
    /** Handshakes of one host under way. */
    pendingMax: 32,
    /** Connections of one host: this part of all. */
    share: 0.5,
    /** Connections of one peer. */
    perPeer: 6,
    /** Bans from one host after which it is refused. */
    bans: { count: 4, windowMs: 10 * 60_000 },
    /** Attempts of banned peers from one host after which it is refused. */
    knocks: per10s(20),
    refusedMs: 60_000,
    refusedMaxMs: 60 * 60_000
  }
} as const
