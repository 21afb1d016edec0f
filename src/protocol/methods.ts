/**
 * The request protocol as data: one conversation per id `/shoal/<network>/<name>/<version>`, with sizes, waits and quota.
 * The engine in src/p2p turns a row into a handler and a call; nothing about a method stands anywhere else.
 */
import { z } from 'zod'
import type { Schema } from './codec.ts'
import { PRINTABLE, SEEN_MAX } from './evidence.ts'
import { addresses, bytes, cid, hex32, peerId, record, signature, text, uint } from './fields.ts'
import { BAN_MAX_MS, KiB, LIST_MAX, LIVE_JOBS_MAX, MiB, RECORD_MAX } from './limits.ts'
import { method, type Method } from './method.ts'
import { capacityMethods } from './methods-capacity.ts'
import { capacityAdvert } from './records/advert.ts'
import { agreement, signedHandover, signedReceipt, signedRelease } from './records/agreement.ts'
import { bid } from './records/bid.ts'
import { peerCard } from './records/card.ts'
import { checkpoint } from './records/delivery.ts'
import { caseState, evidence, handed } from './records/evidence.ts'
import { executionEvent } from './records/events.ts'
import { taskOffer } from './records/offer.ts'
import { refusal } from './records/refusal.ts'

export const methods = {
  /** Who are you: the card of the asked peer. */
  card: method({
    name: 'card',
    version: 1,
    kind: 'unary',
    request: record({}),
    response: record({ card: peerCard }),
    requestMax: KiB,
    responseMax: 8 * KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 60, windowMs: 10_000 },
    concurrent: 4
  }),
  /** Pull repair: adverts that the asker does not know in this or a newer version. Version 3: attestations of five kinds, images. */
  adverts: method({
    name: 'adverts',
    version: 3,
    kind: 'unary',
    request: record({ known: z.array(record({ peer: peerId, seq: uint() })).max(LIST_MAX) }),
    response: record({ adverts: z.array(capacityAdvert).max(32) }),
    requestMax: 16 * KiB,
    responseMax: 256 * KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 30, windowMs: 10_000 },
    concurrent: 2
  }),
  /** Pull repair for open offers that gossip missed. Version 4: all terms, lengths in place of moments. */
  offers: method({
    name: 'offers',
    version: 4,
    kind: 'unary',
    request: record({ known: z.array(hex32).max(LIST_MAX) }),
    response: record({ offers: z.array(taskOffer).max(32) }),
    requestMax: 16 * KiB,
    responseMax: 256 * KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 60, windowMs: 10_000 },
    concurrent: 2
  }),
  /** A provider's bid, to the requester. */
  bid: method({
    name: 'bid',
    version: 2,
    kind: 'unary',
    request: record({ bid }),
    response: record({ accepted: z.boolean(), refusal: refusal.optional() }),
    requestMax: RECORD_MAX,
    responseMax: 2 * KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    // one for each offer: all live jobs of a requester may offer at once, and again after each round
    quota: { count: 3 * LIVE_JOBS_MAX, windowMs: 10_000 },
    concurrent: 8
  }),
  /** The bids that a provider itself has made on an offer: what a requester asks after finding it through the DHT. */
  bids: method({
    name: 'bids',
    version: 2,
    kind: 'unary',
    request: record({ offer: hex32 }),
    response: record({ bids: z.array(bid).max(8) }),
    requestMax: KiB,
    responseMax: 8 * RECORD_MAX,
    firstByteMs: 5_000,
    frameMs: 5_000,
    // once for each offer in which the provider was found through the DHT
    quota: { count: 3 * LIVE_JOBS_MAX, windowMs: 10_000 },
    concurrent: 8
  }),
  /**
   * The agreement that a requester proposes; the answer is the provider's signature, or why not. The price says how much of the work is
   * bought: of a price below the bid's, the same share of its gas, and not a unit more (a resumed attempt buys the rest).
   */
  agree: method({
    name: 'agree',
    version: 3,
    kind: 'unary',
    request: record({ offer: hex32, bid: hex32, agreement, copy: uint(16) }),
    response: record({ signature: signature.optional(), refusal: refusal.optional() }),
    requestMax: RECORD_MAX,
    responseMax: 4 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /** The sealed task, once the escrow is open. Repeating it is harmless. */
  start: method({
    name: 'start',
    version: 2,
    kind: 'unary',
    request: record({
      agreement: hex32,
      spec: record({ cid, wrapped: bytes(32, 256) }),
      /** What the spec and the checkpoint are, signed by the requester: an arbiter goes by it. */
      handover: signedHandover,
      /** Key of the last acknowledged checkpoint of an earlier attempt, wrapped to this provider. */
      resume: record({ checkpoint, wrapped: bytes(32, 256), context: hex32 }).optional(),
      /** Where the requester's content can be fetched. */
      addresses
    }),
    /** `waitMs`: not yet, ask again after this long (the opening is not deep enough in the chain). */
    response: record({
      accepted: z.boolean(),
      refusal: refusal.optional(),
      waitMs: uint(600_000).optional()
    }),
    requestMax: RECORD_MAX,
    responseMax: 2 * KiB,
    firstByteMs: 20_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /** Follow one execution from the event after `after`. Heartbeats come at least every 2 s. */
  events: method({
    name: 'events',
    version: 2,
    kind: 'stream',
    request: record({ agreement: hex32, after: uint() }),
    response: executionEvent,
    requestMax: KiB,
    responseMax: 32 * KiB,
    firstByteMs: 10_000,
    frameMs: 10_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 128
  }),
  /** The requester's signed acknowledgement of a checkpoint or result. */
  receipt: method({
    name: 'receipt',
    version: 1,
    kind: 'unary',
    request: signedReceipt,
    response: record({}),
    requestMax: 4 * KiB,
    responseMax: KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /** Stop, please: the provider ends the execution and consents to what it has earned. */
  cancel: method({
    name: 'cancel',
    version: 2,
    kind: 'unary',
    request: record({ agreement: hex32, reason: text, receipt: signedReceipt.optional() }),
    response: record({ release: signedRelease.optional(), refusal: refusal.optional() }),
    requestMax: 4 * KiB,
    responseMax: 4 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /**
   * One side of a disputed agreement lays what it has before the arbiter. Repeating it is harmless, and tells how the case stands; a requester
   * is handed the result when it is right, so that it can take it and pay instead of losing its dispute bond.
   */
  evidence: method({
    name: 'evidence',
    version: 1,
    kind: 'unary',
    request: evidence,
    response: record({
      state: caseState,
      reason: text.optional(),
      handed: handed.optional(),
      refusal: refusal.optional()
    }),
    requestMax: RECORD_MAX,
    responseMax: 4 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 200, windowMs: 10_000 },
    concurrent: 16
  }),
  /**
   * Told by a peer that bans the asked one: what it holds against it, as a code of src/protocol/evidence.ts (or of a newer version)
   * with a short text, and for how long, ms. It speaks for the connection's own identity and for nobody else.
   */
  farewell: method({
    name: 'farewell',
    version: 1,
    kind: 'unary',
    request: record({
      kind: z.string().regex(/^[a-z0-9-]{1,64}$/, 'a code'),
      seen: z.string().max(SEEN_MAX).regex(PRINTABLE, 'printable ASCII'),
      /** 0: there is no ban any more. */
      left: uint(BAN_MAX_MS),
      times: uint(1_000)
    }),
    response: record({}),
    requestMax: KiB,
    responseMax: KiB,
    firstByteMs: 2_000,
    frameMs: 2_000,
    quota: { count: 10, windowMs: 10_000 },
    concurrent: 2
  }),
  ...capacityMethods
} as const

export type { Method, MethodKind } from './method.ts'
export type Methods = typeof methods
export type MethodName = keyof Methods
/** Methods whose answer is a stream of frames. */
export type StreamName = 'events' | 'flow'
export type RequestOf<N extends MethodName> = Methods[N] extends Method<infer Req, unknown> ? Req : never
export type ResponseOf<N extends MethodName> =
  Methods[N] extends Method<never, infer Res>
    ? Res
    : Methods[N] extends { response: Schema<infer Res> }
      ? Res
      : never

/** Largest of all frames: the engine's hard stop. */
export const FRAME_MAX = 1 * MiB
