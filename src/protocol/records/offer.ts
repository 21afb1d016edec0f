/** A TaskOffer asks for bids: what is needed and what it may cost, never the task itself. */
import { z } from 'zod'
import { address, amount, hex32, record, signature, text, timestamp, uint } from '../fields.ts'
import { COPIES_MAX, LIST_MAX, SHARDS_MAX } from '../limits.ts'
import { nodeClass } from './advert.ts'
import { peerCard } from './card.ts'
import { imageNeed } from './container.ts'
import { compareRule } from './compare.ts'

export const tier = z.enum(['none', 'replicas'])
export type Tier = z.output<typeof tier>

/** What one shard may use at the most; the provider's bid covers all of it. */
export const needs = record({
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
export type Needs = z.output<typeof needs>

export const offerBody = record({
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
export type OfferBody = z.output<typeof offerBody>

export const taskOffer = offerBody.extend({ signature })
export type TaskOffer = z.output<typeof taskOffer>
