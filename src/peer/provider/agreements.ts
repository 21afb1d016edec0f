/**
 * Which terms a provider takes: of an offer before it bids, of the agreement before it signs. What both must say the same is compared, the
 * rest is bounded; the first thing that is wrong is named with both values. Pure.
 */
import { gasFor, leastGas } from '../../market/work.ts'
import type { Agreement } from '../../protocol/eip712.ts'
import type { Address } from '../../protocol/ids.ts'
import { MIN_ARBITRATION, MIN_CHALLENGE } from '../../protocol/machines/escrow-rules.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { OfferBody, TaskOffer } from '../../protocol/records/offer.ts'
import { refuse, type Refusal } from '../../protocol/records/refusal.ts'
import { beyondLimits } from '../../protocol/task-limits.ts'
import { sameAddress } from '../records.ts'
import { workFits } from './steps.ts'

/** Longest windows a provider accepts, seconds: its bond and pay wait that long. */
const CHALLENGE_MAX = 7 * 86_400
const ARBITRATION_MAX = 30 * 86_400
/** What the two sides' views of the chain's time may differ by, seconds. */
const SKEW = 30n
/** A signed agreement holds a slot until it is opened: no longer than this, seconds. */
const OPEN_MAX = 120n
/** A receipt must reach the chain within the window after the deadline: it takes this many times what a transaction takes here. */
const WINDOW_TIMES = 3

export interface Terms {
  readonly me: Address
  readonly beneficiary: Address
  readonly arbiters: readonly string[]
  /** The most that this provider gives, and the least that its owner asks for. */
  readonly bondMax: bigint
  readonly bondLeast: bigint
  /** How long a transaction takes here until it is mined, ms. */
  readonly inclusionMs: number
  /** The chain's time, seconds since 1970. */
  readonly now: bigint
}

const no = (message: string): Refusal => refuse('TERMS_REFUSED', message)
const limit = (term: string, given: number | bigint, limit: number | bigint, message: string): Refusal =>
  refuse('TERMS_REFUSED', message, { term, offered: String(limit), given: String(given) })

/** What no agreement under this offer could be signed for; a provider that sees it does not bid. */
export function offerObjection(o: OfferBody, t: Terms): Refusal | undefined {
  const least = Math.max(Number(MIN_CHALLENGE), Math.ceil((WINDOW_TIMES * t.inclusionMs) / 1000))
  const beyond = beyondLimits(o.needs)
  if (beyond !== undefined)
    return limit(
      `needs.${beyond.term}`,
      beyond.given,
      beyond.limit,
      `needs.${beyond.term} beyond what any task may need`
    )
  if (!t.arbiters.some(x => sameAddress(x, o.arbiter))) return no('arbiter not accepted')
  if (o.bond > t.bondMax) return limit('bond', o.bond, t.bondMax, 'bond above what this provider gives')
  if (o.bond < t.bondLeast)
    return limit('bond', o.bond, t.bondLeast, 'bond below what this provider asks for')
  if (o.challengeSeconds > CHALLENGE_MAX)
    return limit('challengeSeconds', o.challengeSeconds, CHALLENGE_MAX, 'challenge window too long')
  if (o.challengeSeconds < least)
    return limit('challengeSeconds', o.challengeSeconds, least, 'challenge window too short for this chain')
  if (o.arbitrationSeconds > ARBITRATION_MAX)
    return limit('arbitrationSeconds', o.arbitrationSeconds, ARBITRATION_MAX, 'arbitration window too long')
  if (BigInt(o.arbitrationSeconds) < MIN_ARBITRATION)
    return limit('arbitrationSeconds', o.arbitrationSeconds, MIN_ARBITRATION, 'arbitration window too short')
  return undefined
}

type Value = string | number | bigint

/** The first term in which the agreement is not what offer and bid said. */
function difference(a: Agreement, o: TaskOffer, bid: Bid, t: Terms): Refusal | undefined {
  const rows: readonly (readonly [term: string, offered: Value, given: Value])[] = [
    ['provider', t.me.toLowerCase(), a.provider.toLowerCase()],
    ['requester', o.card.operator.toLowerCase(), a.requester.toLowerCase()],
    ['beneficiary', t.beneficiary.toLowerCase(), a.beneficiary.toLowerCase()],
    ['arbiter', o.arbiter.toLowerCase(), a.arbiter.toLowerCase()],
    ['jobId', o.jobId, a.jobId],
    ['specHash', o.specHash, a.specHash],
    ['bond', o.bond, a.bond],
    ['challengeWindow', o.challengeSeconds, a.challengeWindow],
    ['arbitrationWindow', o.arbitrationSeconds, a.arbitrationWindow],
    // what nobody decides, nobody gets
    ['splitBps', 0, a.splitBps]
  ]
  const row = rows.find(([, offered, given]) => offered !== given)
  if (row === undefined) return undefined
  const [term, offered, given] = row
  return refuse('TERMS_DIFFER', `${term} is not as offered`, {
    term,
    offered: String(offered),
    given: String(given)
  })
}

/** The first reason not to sign, or undefined. The price may be less than the bid's: then it buys less work (market/work.ts). */
export function objection(a: Agreement, offer: TaskOffer, bid: Bid, t: Terms): Refusal | undefined {
  const rate = { price: bid.price, gas: offer.needs.gas }
  const differs = difference(a, offer, bid, t) ?? offerObjection(offer, t)
  if (differs !== undefined) return differs
  const gas = gasFor(a.price, rate)
  if (a.price === 0n || gas < leastGas(rate) || gas === 0n)
    return limit('price', a.price, bid.price, 'the price buys too little of the work that was bid on')
  if (a.openBy <= t.now || a.openBy > t.now + OPEN_MAX)
    return limit('openBy', a.openBy, t.now + OPEN_MAX, 'openBy is not within the next two minutes')
  if (a.openBy >= a.deliverBy)
    return limit('openBy', a.openBy, a.deliverBy, 'openBy is not before the deadline')
  const latest = t.now + BigInt(offer.deliverSeconds) + SKEW
  if (a.deliverBy > latest) return limit('deliverBy', a.deliverBy, latest, 'deadline later than offered')
  if (!workFits(t.now, a, { ...offer.needs, gas, speed: bid.speed, inclusionMs: t.inclusionMs }))
    return refuse('TIME_SHORT', 'deadline too near for the work')
  return undefined
}
