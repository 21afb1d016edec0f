/** A matching rule: published, versioned, deterministic, integers only. Anyone recomputes it from the same inputs. */
import type { Address, Hex32 } from '../../protocol/ids.ts'

/** A bid as a rule sees it. */
export interface Candidate {
  /** Digest of the bid record. */
  readonly digest: Hex32
  readonly operator: Address
  readonly price: bigint
  readonly slots: number
  /** Billing units per second. */
  readonly speed: bigint
}

/** What a requester knows of a provider from past work, frozen before the bids came. */
export interface WorkRecord {
  readonly completed: number
  readonly failed: number
}

/** One execution that needs a provider. */
export interface Seat {
  readonly shard: number
  /** Operators that already hold, or lost, an execution of this shard. */
  readonly avoid: readonly Address[]
}

export interface RuleInput {
  readonly offer: Hex32
  /** Billing units that one execution may use: price and speed weigh against them. */
  readonly gas: bigint
  /** Executions to give out, in order. */
  readonly seats: readonly Seat[]
  readonly candidates: readonly Candidate[]
  readonly records: Readonly<Record<string, WorkRecord>>
}

/** Which bid gets the n-th seat; null where no bid fits. No operator gets two executions of one shard. */
export type Assignment = readonly (Hex32 | null)[]

export interface Rule {
  readonly id: string
  /** Lower is better; for display and audit. */
  score(c: Candidate, input: RuleInput): bigint
  assign(input: RuleInput): Assignment
}
