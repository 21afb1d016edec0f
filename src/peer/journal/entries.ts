/**
 * What the journal keeps. Each entry is a whole record under one key, so one batch moves a state machine and nothing else. Entries that an
 * earlier version wrote are read by earlier/.
 */
import { z } from 'zod'
import {
  address,
  amount,
  bps,
  cid,
  hex32,
  peerId,
  record,
  signature,
  text,
  timestamp,
  uint,
  addresses,
  bytes
} from '../../protocol/fields.ts'
import { COPIES_MAX, LIST_MAX, SHARDS_MAX } from '../../protocol/limits.ts'
import { ARGUMENTS_MAX, OUTPUTS_MAX, RETRIES_MAX } from '../../protocol/task-limits.ts'
import { REASON_MAX } from '../../protocol/ports/compare.ts'
import type { JobState } from '../../protocol/machines/job.ts'
import type { ExecutionState, ProviderState } from '../../protocol/machines/execution.ts'
import { nodeClass } from '../../protocol/records/advert.ts'
import { agreement, signedHandover, signedReceipt } from '../../protocol/records/agreement.ts'
import { bid } from '../../protocol/records/bid.ts'
import { checkpoint, failure as taskFailure, result } from '../../protocol/records/delivery.ts'
import { SOURCE_MAX } from '../jobfile/limits.ts'
import { earlierBid, earlierOffer } from './earlier/records.ts'
import { caseState, evidence } from '../../protocol/records/evidence.ts'
import { needs } from '../../protocol/records/needs.ts'
import { taskOffer, tier } from '../../protocol/records/offer.ts'
import { jobCommon, objectRef } from '../../protocol/records/spec.ts'

const oneOf = <T extends string>(...values: T[]) => z.enum(values as [T, ...T[]]) as unknown as z.ZodType<T>

const failure = record({ code: text, message: z.string().max(2048) })

/** Everything that a requester must still know after a crash, fixed at submit. */
export const jobPlan = record({
  common: jobCommon,
  module: objectRef,
  /** One sealed input bundle for each shard that is bought: all of `common.shards`, or the first alone for a probe. */
  inputs: z.array(objectRef).max(SHARDS_MAX),
  /** Highest price of one execution. */
  ceiling: amount,
  /** Cap on what the whole job may pay. */
  maxPrice: amount,
  class: nodeClass,
  match: record({
    rule: text,
    windowMs: uint(),
    bids: uint(LIST_MAX),
    region: text,
    energy: z.enum(['any', 'renewable']),
    avoid: z.array(address).max(64)
  }),
  tier,
  copies: uint(COPIES_MAX),
  retries: uint(RETRIES_MAX),
  deadline: timestamp,
  deliverSeconds: uint(),
  challengeSeconds: uint(),
  outputs: z.array(z.string()).max(OUTPUTS_MAX),
  gather: z.union([
    z.literal('none'),
    z.literal('concat'),
    record({ module: objectRef, args: z.array(z.string()).max(ARGUMENTS_MAX) })
  ]),
  /** Where results land, whole or not at all. */
  out: z.string().max(4096)
})
export type JobPlan = z.output<typeof jobPlan>

/** A job file as a person gave it, and where its paths begin. */
const jobSource = record({
  file: z.string().max(SOURCE_MAX),
  path: z.string().max(4096),
  folder: z.string().max(4096),
  /** JSON. The API takes no larger body. */
  overrides: z.string().max(512 * 1024)
})
export type JobSource = z.output<typeof jobSource>

export const jobEntry = record({
  v: z.literal(2),
  id: hex32,
  created: timestamp,
  ended: timestamp.optional(),
  desired: z.enum(['run', 'cancel']),
  state: oneOf<JobState>(
    'submitted',
    'running',
    'gathering',
    'settling',
    'failing',
    'cancelling',
    'settled',
    'failed',
    'cancelled'
  ),
  rounds: uint(),
  plan: jobPlan,
  /** What was submitted, so that it can be submitted again. */
  source: jobSource.optional(),
  failure: failure.optional(),
  /** What keeps it from going on at present, as last told: a result that cannot be put in its place. */
  trouble: failure.optional()
})
export type JobEntry = z.output<typeof jobEntry>

/** How an escrow ended, to the unit. */
const closing = record({
  outcome: text,
  paid: amount,
  fee: amount,
  refunded: amount,
  bondSlashed: amount,
  /** Absent where its events could not be read: then the amounts are reckoned from the terms. */
  tx: hex32.optional()
})
export type Closing = z.output<typeof closing>

const partner = record({ peer: peerId, addresses, operator: address, recipient: bytes(32) })
export type Partner = z.output<typeof partner>

export const executionEntry = record({
  v: z.literal(2),
  jobId: hex32,
  shard: uint(),
  attempt: uint(),
  copy: uint(),
  state: oneOf<ExecutionState>(
    'awarded',
    'agreed',
    'withdrawn',
    'open',
    'started',
    'delivered',
    'accepted',
    'lost',
    'disputed',
    'declined',
    'settled',
    'refunded',
    'cancelled',
    'resolved'
  ),
  created: timestamp,
  provider: partner,
  offer: hex32,
  bid: hex32,
  agreementId: hex32,
  agreement,
  providerSignature: signature.optional(),
  /** Work that the agreement's price buys, in the engine's billing units. */
  bought: amount,
  /** Of the provider's bid, units per second: what it says to have metered is held against it. */
  speed: amount,
  /** When the task was handed over, by our clock. */
  startedAt: timestamp.optional(),
  /** Checkpoint of an earlier attempt that this one starts from, and the work that was done until then. */
  resumedFrom: record({
    attempt: uint(),
    checkpoint,
    context: hex32,
    key: bytes(32),
    used: amount
  }).optional(),
  /** The sealed spec on our disk, let go with the job. */
  spec: cid.optional(),
  lastEvent: uint(),
  progress: bps,
  gas: amount,
  checkpoint: checkpoint.optional(),
  /** A checkpoint that was paid for states more work than the bid's speed lets expect. */
  fast: z.boolean().optional(),
  /** We tried that checkpoint ourselves: whether it is a lie ('fails'). */
  tried: z.enum(['fails', 'goes-on', 'unknown']).optional(),
  /** Content key of that checkpoint, so that it can be wrapped to the next provider. */
  checkpointKey: bytes(32).optional(),
  receipt: signedReceipt.optional(),
  result: result.optional(),
  /** The task ended by its own fault, as the provider signed. */
  taskFailure: taskFailure.optional(),
  /** The opened result lies on our disk. */
  fetched: z.boolean(),
  /** Outputs that the job file names and the result does not hold. */
  missing: z.array(z.string()).max(OUTPUTS_MAX).optional(),
  /** Digest of the result's rounded values, where the job is compared by them. */
  fingerprint: hex32.optional(),
  /** What it was held against, by the other result's digest. */
  compared: z
    .array(record({ with: hex32, same: z.boolean(), reason: z.string().max(REASON_MAX).optional() }))
    .max(LIST_MAX)
    .optional(),
  /** It is the result of its shard: others may be paid beside it, this one is kept. */
  stands: z.boolean().optional(),
  failure: failure.optional(),
  closing: closing.optional()
})
export type ExecutionEntry = z.output<typeof executionEntry>

export const providerEntry = record({
  v: z.literal(2),
  agreementId: hex32,
  copy: uint(),
  state: oneOf<ProviderState>(
    'agreed',
    'started',
    'finished',
    'delivered',
    'failed',
    'expired',
    'paid',
    'refunded',
    'cancelled',
    'resolved'
  ),
  created: timestamp,
  requester: partner,
  agreement,
  providerSignature: signature,
  /** What was offered and bid on: the task runs under these limits. Absent in agreements signed under earlier rules: their work is not taken up. */
  needs: needs.optional(),
  /** Work that the price buys, in the engine's billing units: the task stops after it. */
  bought: amount,
  /** Of our bid, units per second. */
  speed: amount,
  task: record({
    spec: record({ cid, wrapped: bytes(32, 256) }),
    handover: signedHandover.optional(),
    resume: record({ checkpoint, wrapped: bytes(32, 256), context: hex32 }).optional()
  }).optional(),
  /** When the task was taken, by our clock. */
  startedAt: timestamp.optional(),
  /** How often this execution was started here: the high part of its event numbers. */
  starts: uint(0xffff),
  checkpoint: checkpoint.optional(),
  /** Content key of the own checkpoint, wrapped to ourselves. */
  checkpointOwn: bytes(32, 256).optional(),
  receipt: signedReceipt.optional(),
  result: result.optional(),
  /** Content key of the result, wrapped to ourselves: an arbiter is given it. */
  resultOwn: bytes(32, 256).optional(),
  taskFailure: taskFailure.optional(),
  failure: failure.optional(),
  closing: closing.optional()
})
export type ProviderEntry = z.output<typeof providerEntry>

/** The whole input of one award: anyone can choose again from it. */
export const awardEntry = record({
  v: z.literal(1),
  jobId: hex32,
  round: uint(),
  at: timestamp,
  offer: z.union([taskOffer, earlierOffer]),
  offerDigest: hex32,
  bids: z.array(z.union([bid, earlierBid])).max(LIST_MAX),
  /** Speeds that matching weighed, by bid: claims up to what is proven. */
  worth: z.record(z.string(), amount).optional(),
  /** Slots of bids that other jobs of ours took while this round was on, by bid: they were not to be had any more. */
  taken: z.record(z.string(), uint()).optional(),
  records: z.record(z.string(), record({ completed: uint(), failed: uint() })),
  seats: z
    .array(record({ shard: uint(), avoid: z.array(address).max(LIST_MAX) }))
    .max(SHARDS_MAX * COPIES_MAX),
  bidRoot: hex32,
  assignment: z.array(z.union([hex32, z.null()])).max(SHARDS_MAX * COPIES_MAX)
})
export type AwardEntry = z.output<typeof awardEntry>

export const historyEntry = record({ at: timestamp, what: text, detail: z.string().max(2048).optional() })
export type HistoryEntry = z.output<typeof historyEntry>

export const logEntry = record({
  at: timestamp,
  shard: uint(),
  attempt: uint(),
  copy: uint(),
  stream: z.enum(['out', 'err']),
  line: z.string()
})
export type LogEntry = z.output<typeof logEntry>

export const workEntry = record({ completed: uint(), failed: uint() })

/** Proven lies of one operator: how many, and when the last one was told. */
export const lieEntry = record({ count: uint(), last: timestamp })
export type LieEntry = z.output<typeof lieEntry>

/** A dispute before this peer as an arbiter. */
export const disputeEntry = record({
  v: z.literal(1),
  id: hex32,
  agreement,
  /** When it was first heard of, by our clock. */
  heard: timestamp,
  /** What each side brought first, and the peer that it came from. */
  requester: evidence.optional(),
  provider: evidence.optional(),
  state: caseState,
  ruling: record({ providerBps: bps, slashBps: bps, reason: z.string().max(1024) }).optional(),
  /** The ruling goes to the chain after this second: until then the requester may take the result and pay. */
  after: timestamp.optional(),
  /** Why it is left undecided, or what is waited for. */
  reason: z.string().max(1024).optional()
})
export type DisputeEntry = z.output<typeof disputeEntry>
