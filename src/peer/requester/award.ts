/** One round of matching: offer, bids, award, all of it journalled so that anyone can choose again. */
import { award, replay, type Award } from '../../market/award.ts'
import { NOTHING, weighedSpeed } from '../../market/classes.ts'
import type { Candidate, RuleInput, Seat, WorkRecord } from '../../market/rules/rule.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import { topics } from '../../protocol/ports/network.ts'
import { encode } from '../../protocol/codec.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { PeerContext } from '../context.ts'
import type { AwardEntry, JobEntry } from '../journal/entries.ts'
import { bidDigest, offerDigest } from '../records.ts'
import type { BidBook } from './bid-book.ts'
import { makeOffer } from './offer.ts'

/** How often an offer is gossiped again while bidding is open, ms: a peer may join late. */
const REPEAT_MS = 1_000

/** `worth`: the speeds that matching weighs, by bid; rounds of an older version have none. */
const candidateOf = (
  bid: AwardEntry['bids'][number],
  worth: Readonly<Record<string, bigint>> | undefined
): Candidate => ({
  digest: bidDigest(bid),
  operator: bid.card.operator,
  price: bid.price,
  slots: bid.slots,
  speed: worth?.[bidDigest(bid)] ?? bid.speed
})

/** The rule's input as it can be rebuilt from the journal. */
export const ruleInputOf = (
  entry: Pick<AwardEntry, 'offer' | 'offerDigest' | 'bids' | 'worth' | 'records' | 'seats'>
): RuleInput => ({
  offer: entry.offerDigest,
  gas: entry.offer.needs.gas,
  seats: entry.seats,
  candidates: entry.bids.map(b => candidateOf(b, entry.worth)),
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
  while (!signal.aborted && ctx.clock.monotonic() < until) {
    try {
      await ctx.network.publish(topic, bytes)
    } catch (err) {
      ctx.log.warn({ err }, 'an offer could not be gossiped')
    }
    await ctx.clock.sleep(REPEAT_MS, signal).catch(() => undefined)
  }
}

/** Runs one round for the given seats. The entry is in the journal when it returns; seats without a fitting bid hold null. */
export async function matchRound(
  ctx: PeerContext,
  book: BidBook,
  job: JobEntry,
  round: number,
  seats: readonly Seat[],
  excluded: readonly Address[],
  signal: AbortSignal
): Promise<AwardEntry> {
  const offer = await makeOffer(ctx, job, round, seats.length, excluded)
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
    bids = await book.collect(
      offer,
      b => covers(b, Math.min(offer.wanted, seats.length), seats.length),
      signal
    )
  } finally {
    done.abort()
    await gossip
  }
  const base = {
    v: 1 as const,
    jobId: job.id,
    round,
    at: ctx.clock.now(),
    offer,
    offerDigest: offerDigest(offer),
    bids,
    worth: worthOf(ctx, bids),
    records: await recordsOf(ctx, bids),
    seats: seats.map(s => ({ shard: s.shard, avoid: [...s.avoid] }))
  }
  const chosen: Award = award(offer.rule, ruleInputOf(base))
  const entry: AwardEntry = { ...base, bidRoot: chosen.bidRoot, assignment: [...chosen.assignment] }
  await ctx.journal.putAward(entry)
  return entry
}

export const bidOf = (entry: AwardEntry, digest: Hex32): Bid | undefined =>
  entry.bids.find(b => b.v === 2 && bidDigest(b) === digest) as Bid | undefined
