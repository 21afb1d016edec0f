/** Whether to sign what a requester proposes: it must be the bid we made, under terms that cannot hurt us. Pure. */
import type { Agreement } from '../../protocol/eip712.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import { MIN_ARBITRATION, MIN_CHALLENGE } from '../../protocol/machines/escrow-rules.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { TaskOffer } from '../../protocol/records/offer.ts'
import { sameAddress } from '../records.ts'

const BPS = 10_000n
/** Longest windows a provider accepts, seconds: its bond and pay wait that long. */
const CHALLENGE_MAX = 7 * 86_400
const ARBITRATION_MAX = 30 * 86_400
/** The clock of the chain and ours may differ, seconds. */
const SKEW = 30n

export interface Terms {
  readonly me: Address
  readonly beneficiary: Address
  readonly arbiters: readonly string[]
  readonly bondMax: bigint
  /** Seconds since 1970. */
  readonly now: bigint
}

/** The first reason not to sign, or undefined. */
export function objection(
  a: Agreement,
  offer: TaskOffer,
  bid: Bid,
  resume: number,
  t: Terms
): string | undefined {
  const price = (bid.price * (BPS - BigInt(resume))) / BPS
  const work = BigInt(Math.ceil(offer.needs.wallMs / 1000))
  if (!sameAddress(a.provider, t.me)) return 'not addressed to this provider'
  if (!sameAddress(a.requester, offer.card.operator)) return 'not from the requester of the offer'
  if (!sameAddress(a.beneficiary, t.beneficiary)) return 'wrong beneficiary'
  if (!t.arbiters.some(x => sameAddress(x, a.arbiter))) return 'arbiter not accepted'
  if (a.jobId !== offer.jobId || a.specHash !== offer.specHash) return 'not the offered job'
  if (a.price < (price > 0n ? price : 1n)) return 'price below the bid'
  if (resume >= 10_000) return 'nothing left to do'
  if (a.bond > t.bondMax) return 'bond above what this provider gives'
  if (a.openBy <= t.now || a.openBy > t.now + 600n) return 'openBy is not within the next ten minutes'
  if (a.openBy >= a.deliverBy) return 'openBy is not before the deadline'
  if (a.deliverBy < t.now + work) return 'deadline too near for the work'
  if (a.deliverBy > t.now + BigInt(offer.deliverSeconds) + SKEW) return 'deadline later than offered'
  if (a.challengeWindow > CHALLENGE_MAX || a.challengeWindow > offer.challengeSeconds)
    return 'challenge window too long'
  if (BigInt(a.challengeWindow) < MIN_CHALLENGE) return 'challenge window too short'
  if (a.arbitrationWindow > ARBITRATION_MAX) return 'arbitration window too long'
  if (BigInt(a.arbitrationWindow) < MIN_ARBITRATION) return 'arbitration window too short'
  if (a.splitBps !== 0) return 'a split, which the contract does not take'
  return undefined
}

export type { Hex32 }
