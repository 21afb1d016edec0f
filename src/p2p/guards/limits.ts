/**
 * What one peer, and one host, may do below the request protocol before it counts as an attack. Budgets fill evenly (see Quotas);
 * one unit above a budget is one report of `spam`, forty of them are a ban. Honest peers of a network of hundreds stay far below.
 */
import { MiB } from '../../protocol/limits.ts'
import type { Quota } from '../engine/quota.ts'

const per10s = (count: number): Quota => ({ count, windowMs: 10_000 })

export const guardLimits = {
  /** Gossip of one neighbour. */
  gossip: {
    packets: per10s(2_000),
    bytes: per10s(10 * MiB),
    messages: per10s(2_000),
    /** Entries of control messages, announced and wanted message ids included. */
    control: per10s(10_000),
    subscriptions: per10s(256),
    /** Messages on topics that we do not follow: a few are on their way when we leave one. */
    stray: per10s(50),
    /** Messages that we do not pass on, and so no honest neighbour does: late and repeated ones are normal, many are not. */
    ignored: per10s(100)
  },
  dht: {
    messages: per10s(400),
    /** Messages that our DHT refuses, such as an outdated record. */
    refused: per10s(20)
  },
  blocks: {
    /** What comes while we wait for no block of this peer: its wants. */
    unaskedBytes: per10s(1 * MiB)
  },
  streams: {
    /** Opened for one of the services (identify, gossip, DHT, ping), which need few. */
    services: per10s(500),
    /** Of those the ones that tell who somebody is, again. */
    pushes: per10s(20),
    /** Ended without a protocol, or broken off by our side. */
    failed: per10s(30),
    /** Open at the same time without saying for what; above it the peer is banned. */
    unnamedMax: 512
  },
  requests: {
    /** Requests that we answer with an error. */
    failed: per10s(200)
  },
  frames: {
    pings: per10s(100),
    /** Frames that carry no data; above it the peer is banned. */
    bare: { count: 20_000, windowMs: 4_000 },
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
