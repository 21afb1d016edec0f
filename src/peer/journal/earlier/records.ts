/** Records as version 1 of this program wrote them: offers, bids and what is common to a job. Only read, never sent. */
import { z } from 'zod'
import { address, amount, hex32, record, signature, text, timestamp, uint } from '../../../protocol/fields.ts'
import { COPIES_MAX, LIST_MAX, SHARDS_MAX } from '../../../protocol/limits.ts'
import { peerCard } from '../../../protocol/records/card.ts'
import { compareRule } from '../../../protocol/records/compare.ts'
import { imageNeed } from '../../../protocol/records/container.ts'
import { nodeClass } from '../../../protocol/records/node-class.ts'
import { tier } from '../../../protocol/records/offer.ts'

const needs = record({
  engine: text,
  /** The engine's version, or its first parts: `3.4` takes 3.4.1. Any when absent. */
  engineVersion: text.optional(),
  gas: amount,
  memoryBytes: uint(),
  diskBytes: uint(),
  wallMs: uint(),
  /** A GPU with this much memory at least, 0 for any; absent: none. */
  gpuMemoryBytes: uint().optional(),
  /** Of a container: what everybody sees of the task's image. */
  image: imageNeed.optional()
})

const offerBody = record({
  v: z.literal(1),
  jobId: hex32,
  /** Counts from 1; each round asks for the executions still without a provider. */
  round: uint(0xffffffff),
  card: peerCard,
  /** sha-256 of the JobCommon record (engine, module, arguments, limits), which only the winners see. */
  specHash: hex32,
  class: nodeClass,
  needs,
  /** Executions sought in this round. */
  executions: uint(SHARDS_MAX * COPIES_MAX),
  /** Highest price for one execution. */
  ceiling: amount,
  /** Bids wanted; providers choose themselves by hash distance so that about this many come. */
  wanted: uint(LIST_MAX),
  rule: text,
  tier,
  /** How results are compared, as in the JobCommon record; absent: by their bytes. */
  compare: compareRule.optional(),
  region: text,
  energy: z.enum(['any', 'renewable']),
  /** Operators that failed this job before: their bids would be refused. */
  excluded: z.array(address).max(LIST_MAX),
  opened: timestamp,
  /** Bidding ends. */
  expires: timestamp,
  /** Seconds from the opening of the escrow to the last moment of delivery. */
  deliverSeconds: uint(30 * 86_400),
  challengeSeconds: uint(30 * 86_400)
})
export const earlierOffer = offerBody.extend({ signature })

const bidBody = record({
  v: z.literal(1),
  /** Digest of the offer's body. */
  offer: hex32,
  card: peerCard,
  /** For one execution. */
  price: amount,
  /** Executions that this peer takes at the same time under this offer. */
  slots: uint(4096),
  /** Measured billing units per second. */
  speed: amount,
  engineVersion: text,
  region: text,
  energy: z.enum(['unknown', 'grid', 'renewable']),
  issued: timestamp,
  expires: timestamp
})
export const earlierBid = bidBody.extend({ signature })

const runLimits = record({
  gas: amount,
  memoryBytes: uint(),
  wallMs: uint(),
  outputBytes: uint(),
  logBytes: uint(),
  moduleBytes: uint(),
  inputBytes: uint()
})

export const earlierCommon = record({
  v: z.literal(1),
  jobId: hex32,
  name: text,
  engine: text,
  args: z.array(z.string().max(4096)).max(256),
  env: z.record(z.string().max(128), z.string().max(4096)),
  limits: runLimits,
  shards: uint(SHARDS_MAX),
  /** sha-256 of the module. */
  module: hex32,
  /** How results are compared; absent: by their bytes. */
  compare: compareRule.optional()
})
export type EarlierCommon = z.output<typeof earlierCommon>
