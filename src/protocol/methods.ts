/**
 * The request protocol as data: one conversation per id `/shoal/<network>/<name>/<version>`, with sizes, waits and quota.
 * The engine in src/p2p turns a row into a handler and a call; nothing about a method stands anywhere else.
 */
import { z } from 'zod'
import type { Schema } from './codec.ts'
import { addresses, bps, bytes, cid, hex32, peerId, record, signature, text, uint } from './fields.ts'
import { KiB, LIST_MAX, MATRIX_MAX, MiB, RECORD_MAX, ROWS_MAX } from './limits.ts'
import { capacityAdvert } from './records/advert.ts'
import { agreement, signedReceipt, signedRelease } from './records/agreement.ts'
import { attestation, capacityKind } from './records/attestation.ts'
import { bid } from './records/bid.ts'
import { peerCard } from './records/card.ts'
import { checkpoint } from './records/delivery.ts'
import { executionEvent } from './records/events.ts'
import { taskOffer } from './records/offer.ts'

/** `unary`: one request, one response. `stream`: one request, any number of response frames until the responder half-closes. */
export type MethodKind = 'unary' | 'stream'

export interface Method<Req, Res> {
  readonly name: string
  readonly version: number
  readonly kind: MethodKind
  readonly request: Schema<Req>
  /** Of one frame. */
  readonly response: Schema<Res>
  readonly requestMax: number
  /** Of one frame, in bytes. */
  readonly responseMax: number
  /** Longest wait for the (first) response frame, ms. */
  readonly firstByteMs: number
  /** Longest silence between two frames of a stream, ms. */
  readonly frameMs: number
  /** Requests that one peer may make in a window; more are refused with QUOTA_EXCEEDED. */
  readonly quota: { readonly count: number; readonly windowMs: number }
  /** Requests of one peer that may be open at the same time. */
  readonly concurrent: number
}

const method = <Req, Res>(m: Method<Req, Res>): Method<Req, Res> => m
const refusal = text.optional()

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
  /** Pull repair: adverts that the asker does not know in this or a newer version. Version 3: with attestations, GPUs and images. */
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
  /** Pull repair for open offers that gossip missed. Version 3: with GPUs, images and rules of comparison. */
  offers: method({
    name: 'offers',
    version: 3,
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
    version: 1,
    kind: 'unary',
    request: record({ bid }),
    response: record({ accepted: z.boolean(), reason: refusal }),
    requestMax: RECORD_MAX,
    responseMax: KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 60, windowMs: 10_000 },
    concurrent: 8
  }),
  /** The bids that a provider itself has made on an offer: what a requester asks after finding it through the DHT. */
  bids: method({
    name: 'bids',
    version: 1,
    kind: 'unary',
    request: record({ offer: hex32 }),
    response: record({ bids: z.array(bid).max(8) }),
    requestMax: KiB,
    responseMax: 8 * RECORD_MAX,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 120, windowMs: 10_000 },
    concurrent: 8
  }),
  /**
   * The agreement that a requester proposes; the answer is the provider's signature, or why not. The requester signs only when it
   * opens the escrow: a provider with both signatures could open it after a refusal, when nobody watches.
   */
  agree: method({
    name: 'agree',
    version: 2,
    kind: 'unary',
    request: record({
      offer: hex32,
      bid: hex32,
      agreement,
      copy: uint(16),
      /** Progress of the checkpoint that this attempt resumes from: that part of the bid's price falls away. */
      resume: bps
    }),
    response: record({ signature: signature.optional(), reason: refusal }),
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
    version: 1,
    kind: 'unary',
    request: record({
      agreement: hex32,
      spec: record({ cid, wrapped: bytes(32, 256) }),
      /** Key of the last acknowledged checkpoint of an earlier attempt, wrapped to this provider. */
      resume: record({ checkpoint, wrapped: bytes(32, 256), context: hex32 }).optional(),
      /** Where the requester's content can be fetched. */
      addresses
    }),
    response: record({ accepted: z.boolean(), reason: refusal }),
    requestMax: RECORD_MAX,
    responseMax: KiB,
    firstByteMs: 20_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /** Follow one execution from the event after `after`. Heartbeats come at least every 2 s. */
  events: method({
    name: 'events',
    version: 1,
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
    version: 1,
    kind: 'unary',
    request: record({ agreement: hex32, reason: text, receipt: signedReceipt.optional() }),
    response: record({ release: signedRelease.optional(), reason: refusal }),
    requestMax: 4 * KiB,
    responseMax: 4 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 2_000, windowMs: 10_000 },
    concurrent: 64
  }),
  /**
   * Show what you can do: the product of two seeded matrices. The answer is the Merkle root of the product's rows and comes when all
   * of it has been computed; the time until then is the score. `reason` instead of a root: not now.
   */
  challenge: method({
    name: 'challenge',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, kind: capacityKind, seed: bytes(32), size: uint(MATRIX_MAX) }),
    response: record({ root: hex32.optional(), lanes: uint(4096).optional(), reason: refusal }),
    requestMax: KiB,
    responseMax: KiB,
    firstByteMs: 60_000,
    frameMs: 5_000,
    quota: { count: 6, windowMs: 600_000 },
    concurrent: 1
  }),
  /** After the root: the product times the vectors, and the rows, that follow from a seed which is only told now. */
  reveal: method({
    name: 'reveal',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, seed: bytes(32) }),
    response: record({
      /** For each vector, n little-endian float64 that hold whole numbers. */
      products: bytes(8, 256 * KiB),
      rows: z
        .array(
          record({
            /** n little-endian int32. */
            row: bytes(4, 4 * MATRIX_MAX),
            proof: z.array(record({ side: z.enum(['left', 'right']), hash: hex32 })).max(12)
          })
        )
        .max(ROWS_MAX)
    }),
    requestMax: KiB,
    responseMax: 640 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 6, windowMs: 600_000 },
    concurrent: 1
  }),
  /** What the challenger has seen, for the subject to show. */
  attest: method({
    name: 'attest',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, attestation }),
    response: record({}),
    requestMax: 2 * KiB,
    responseMax: KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: { count: 6, windowMs: 600_000 },
    concurrent: 1
  })
} as const

export type Methods = typeof methods
export type MethodName = keyof Methods
export type RequestOf<N extends MethodName> = Methods[N] extends Method<infer Req, unknown> ? Req : never
export type ResponseOf<N extends MethodName> =
  Methods[N] extends Method<never, infer Res>
    ? Res
    : Methods[N] extends { response: Schema<infer Res> }
      ? Res
      : never

/** Largest of all frames: the engine's hard stop. */
export const FRAME_MAX = 1 * MiB
