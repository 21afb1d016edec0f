/** A Bid answers an offer: price, slots and the bidder's card. Sent to the requester and provided in the DHT under the offer's key. */
import { z } from 'zod'
import { amount, hex32, record, signature, text, timestamp, uint } from '../fields.ts'
import { OFFER_TTL_MAX } from '../limits.ts'
import { peerCard } from './card.ts'

export const bidBody = record({
  v: z.literal(2),
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
  /** When it was made, by the provider's clock. */
  issued: timestamp,
  /** How long the provider stands by it, ms from then. */
  validMs: uint(OFFER_TTL_MAX)
})
export type BidBody = z.output<typeof bidBody>

export const bid = bidBody.extend({ signature })
export type Bid = z.output<typeof bid>
