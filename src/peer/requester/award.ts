/** One round of matching: offer, bids, award, all of it journalled so that anyone can choose again. */
import { award, replay, type Award } from '../../market/award.ts'
import { NOTHING, weighedSpeed } from '../../market/classes.ts'
import type { Candidate, RuleInput, WorkRecord } from '../../market/rules/rule.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import { topics } from '../../protocol/ports/network.ts'
import { encode } from '../../protocol/codec.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { PeerContext } from '../context.ts'
import type { AwardEntry, JobEntry } from '../journal/entries.ts'
import { bidDigest, offerDigest } from '../records.ts'
import type { BidBook } from './bid-book.ts'
import type { Claims } from './claims.ts'
import { makeOffer } from './offer.ts'
import type { Seat as JobSeat } from './seats.ts'

/** Until an offer is gossiped again while bidding is open, ms: a peer may join late. Then twice as long each time, up to REPEAT_MAX_MS. */
const REPEAT_MS = 1_000
const REPEAT_MAX_MS = 8_000
/** How long an offer stands for which no slot is free: the first provider that has one bids on it, ms. */
export const STAND_MS = 30_000

/** `worth`: the speeds that matching weighs; `taken`: slots of the bid that other jobs have taken meanwhile. Older rounds have neither. */
const candidateOf = (
  bid: AwardEntry['bids'][number],
  { worth, taken }: Pick<AwardEntry, 'worth' | 'taken'>
): Candidate => {
  const digest = bidDigest(bid)
  return {
    digest,
    operator: bid.card.operator,
    price: bid.price,
    slots: Math.max(0, bid.slots - (taken?.[digest] ?? 0)),
    speed: worth?.[digest] ?? bid.speed
  }
}

/** The rule's input as it can be rebuilt from the journal. */
export const ruleInputOf = (
  entry: Pick<AwardEntry, 'offer' | 'offerDigest' | 'bids' | 'worth' | 'taken' | 'records' | 'seats'>
): RuleInput => ({
  offer: entry.offerDigest,
  gas: entry.offer.needs.gas,
  seats: entry.seats,
  candidates: entry.bids.map(b => candidateOf(b, entry)),
  records: entry.records
})

/** Chooses again from the journalled inputs; undefined when the award stands. */
export const audit = (entry: AwardEntry): string | undefined =>
  replay({ rule: entry.offer.rule, bidRoot: entry.bidRoot, assignment: entry.assignment }, ruleInputOf(entry))

async function recordsOf(ctx: PeerContext, bids: readonly Bid[]): Promise<Record<string, WorkRecord>> {
  const out: Record<string, WorkRecord> = {}
  for (const bid of bids) out[bid.card.operator.toLowerCase()] = await ctx.journal.work(bid.card.operator)
  return out
}

/** An unproven claim of speed counts for no more than any old machine's. */
const worthOf = (ctx: PeerContext, bids: readonly Bid[]): Record<string, bigint> =>
  Object.fromEntries(
    bids.map(b => {
      const advert = ctx.adverts.of(b.card.peer)
      const seen = advert === undefined ? NOTHING : ctx.adverts.proven(advert)
      return [bidDigest(b), weighedSpeed(b.speed, seen)]
    })
  )

/** Slots of each bidder that another job of ours took after this round began: the bidder could not know. */
const takenOf = (claims: Claims, bids: readonly Bid[], since: number): Record<string, number> =>
  Object.fromEntries(
    bids.flatMap(b => {
      const taken = claims.taken(b.card.peer, since)
      return taken === 0 ? [] : [[bidDigest(b), taken]]
    })
  )

const covers = (bids: readonly Bid[], wanted: number, executions: number): boolean =>
  bids.length >= wanted && bids.reduce((n, b) => n + b.slots, 0) >= executions

/** Gossips the offer now and again until bidding ends; `until` is monotonic. */
async function advertise(
  ctx: PeerContext,
  topic: string,
  bytes: Uint8Array,
  until: number,
  signal: AbortSignal
): Promise<void> {
  for (
    let wait = REPEAT_MS;
    !signal.aborted && ctx.clock.monotonic() < until;
    wait = Math.min(REPEAT_MAX_MS, 2 * wait)
  ) {
    try {
      await ctx.network.publish(topic, bytes)
    } catch (err) {
      ctx.log.warn({ err }, 'an offer could not be gossiped')
    }
    await ctx.clock.sleep(wait, signal).catch(() => undefined)
  }
}

/** What one round is for. */
export interface Round {
  readonly number: number
  readonly seats: readonly JobSeat[]
  readonly excluded: readonly Address[]
  /** No slot is known to be free: the offer stands for as long as that, ms, and whoever has one first gets what it can take. */
  readonly standMs?: number
}

/**
 * Runs one round for the given seats, which are claimed at the winners at once. The entry is in the journal when it returns; seats
 * without a fitting bid hold null.
 */
export async function matchRound(
  ctx: PeerContext,
  { book, claims }: { readonly book: BidBook; readonly claims: Claims },
  job: JobEntry,
  { number, seats, excluded, standMs }: Round,
  signal: AbortSignal
): Promise<AwardEntry> {
  const since = ctx.clock.monotonic()
  const offer = await makeOffer(ctx, job, number, seats.length, excluded, standMs)
  const stands = standMs !== undefined
  const done = new AbortController()
  const gossip = advertise(
    ctx,
    topics.offers(offer.class),
    encode(offer),
    ctx.clock.monotonic() + offer.windowMs,
    AbortSignal.any([signal, done.signal])
  )
  let bids: Bid[]
  try {
    const enough = (b: readonly Bid[]): boolean =>
      stands ? b.length > 0 : covers(b, Math.min(offer.wanted, seats.length), seats.length)
    bids = await book.collect(offer, enough, signal, stands)
  } finally {
    done.abort()
    await gossip
  }
  const records = await recordsOf(ctx, bids)
  // from here to the claims nothing waits: two rounds never give away the same slot
  const base = {
    v: 1 as const,
    jobId: job.id,
    round: number,
    at: ctx.clock.now(),
    offer,
    offerDigest: offerDigest(offer),
    bids,
    worth: worthOf(ctx, bids),
    taken: takenOf(claims, bids, since),
    records,
    seats: seats.map(s => ({ shard: s.shard, avoid: [...s.avoid] }))
  }
  const chosen: Award = award(offer.rule, ruleInputOf(base))
  for (const [i, seat] of seats.entries()) {
    const bid = bids.find(b => bidDigest(b) === chosen.assignment[i])
    if (bid !== undefined) claims.claim({ jobId: job.id, ...seat }, bid.card.peer)
  }
  const entry: AwardEntry = { ...base, bidRoot: chosen.bidRoot, assignment: [...chosen.assignment] }
  await ctx.journal.putAward(entry)
  return entry
}

export const bidOf = (entry: AwardEntry, digest: Hex32): Bid | undefined =>
  entry.bids.find(b => b.v === 2 && bidDigest(b) === digest) as Bid | undefined
