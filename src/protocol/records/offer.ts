/** A TaskOffer asks for bids: what is needed and what it may cost, never the task itself. Version 2: all terms of the agreement but its price. */
import { z } from 'zod'
import { address, amount, hex32, record, signature, text, timestamp, uint } from '../fields.ts'
import { COPIES_MAX, LIST_MAX, OFFER_TTL_MAX, SHARDS_MAX } from '../limits.ts'
import { nodeClass } from './advert.ts'
import { peerCard } from './card.ts'
import { needs } from './needs.ts'

export const tier = z.enum(['none', 'replicas'])
export type Tier = z.output<typeof tier>

export const offerBody = record({
  v: z.literal(2),
  jobId: hex32,
  /** Counts from 1; each round asks for the executions still without a provider. */
  round: uint(0xffffffff),
  card: peerCard,
  /** sha-256 of the JobCommon record (module, arguments, the needs below), which only the winners see. */
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
  region: text,
  energy: z.enum(['any', 'renewable']),
  /** Operators that failed this job before: their bids would be refused. */
  excluded: z.array(address).max(LIST_MAX),
  /** When it was made, by the requester's clock: only to tell an old offer from a new one. */
  issued: timestamp,
  /** How long bids are taken, ms, counted by each side on its own clock from when it made or heard the offer. */
  windowMs: uint(OFFER_TTL_MAX),
  /** The provider's bond for each agreement, and who decides a dispute. */
  bond: amount,
  arbiter: address,
  /** Longest time from the agreement to the last moment of delivery, seconds. */
  deliverSeconds: uint(30 * 86_400),
  /** As in the agreement. */
  challengeSeconds: uint(30 * 86_400),
  arbitrationSeconds: uint(30 * 86_400)
})
export type OfferBody = z.output<typeof offerBody>

export const taskOffer = offerBody.extend({ signature })
export type TaskOffer = z.output<typeof taskOffer>
