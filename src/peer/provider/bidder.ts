/** Hears offers, decides by itself whether to bid, and makes the bid findable: sent to the requester and provided in the DHT. */
import { entersAt } from '../../market/selection.ts'
import { askOf, priceOf, refusal, type Refusal } from '../../market/eligibility.ts'
import { ruleIds } from '../../market/award.ts'
import { decode } from '../../protocol/codec.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import { GOSSIP_MESSAGE_MAX, OFFER_TTL_MAX } from '../../protocol/limits.ts'
import { topics, type Verdict } from '../../protocol/ports/network.ts'
import type { Startable } from '../../protocol/ports/startable.ts'
import type { Bid, BidBody } from '../../protocol/records/bid.ts'
import type { NodeClass } from '../../protocol/records/node-class.ts'
import { taskOffer, type TaskOffer } from '../../protocol/records/offer.ts'
import { abortReason } from '../../protocol/signals.ts'
import type { AdvertBody } from '../../protocol/records/advert.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { AdvertBook } from '../advert-book.ts'
import type { PeerContext } from '../context.ts'
import { bidDigest, isForged, offerDigest, signBid, verifyOffer } from '../records.ts'
import type { Advertiser } from './advertiser.ts'
import { offerObjection, type Terms } from './agreements.ts'
import { SlotLine } from './slot-line.ts'
import { termsOf } from './terms.ts'

/** Offers remembered at the same time; the oldest is forgotten first. */
const OFFERS_MAX = 1_024
/** A bid stands this long after bidding ends: time to agree, ms. */
const BID_GRACE_MS = 60_000
/** An offer is forgotten this long after it expired, ms. */
const KEEP_MS = 2 * BID_GRACE_MS

export interface HeardOffer {
  readonly offer: TaskOffer
  readonly digest: Hex32
  /** Bidding is over then, by our monotonic clock: the offer's window from when it was first heard. */
  readonly until: number
  bid?: Bid
  /** We stand by the bid until then, monotonic. */
  bidUntil?: number
  refusal?: Refusal
  /** What the owner's policy or the offer's terms say, in words. */
  detail?: string
  cancel: () => void
}

/** Slots for an offer: each execution that needs a GPU takes one of those that are large enough. */
function freeFor({ needs }: TaskOffer, { slotsFree, gpus }: AdvertBody): number {
  const wanted = needs.gpuMemoryBytes
  if (wanted === undefined) return slotsFree
  const large = (gpus ?? []).filter(g => g.memoryBytes >= wanted)
  return Math.min(
    slotsFree,
    large.reduce((n, g) => n + g.free, 0)
  )
}

export class Bidder implements Startable {
  readonly #ctx: PeerContext
  readonly #book: AdvertBook
  readonly #advertiser: Advertiser
  readonly #policy: PolicyKeeper | undefined
  readonly #terms: () => Terms
  readonly #heard = new Map<Hex32, HeardOffer>()
  readonly #work = new Set<Promise<void>>()
  readonly #subscribed = new Map<NodeClass, () => void>()
  readonly #line: SlotLine
  #undo: (() => void)[] = []
  #stop: AbortController | undefined

  constructor(ctx: PeerContext, book: AdvertBook, advertiser: Advertiser, policy?: PolicyKeeper) {
    this.#policy = policy
    this.#terms = () => termsOf(ctx, policy)
    this.#ctx = ctx
    this.#book = book
    this.#advertiser = advertiser
    this.#line = new SlotLine({
      clock: ctx.clock,
      free: () => advertiser.body().slotsFree,
      onRoom: () => this.reconsider()
    })
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    const { network, clock } = this.#ctx
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.#undo = [
      network.handle('bids', async ({ offer }) => {
        const bid = this.#heard.get(offer)?.bid
        return { bids: bid === undefined ? [] : [bid] }
      }),
      network.onPeer((peer, connected) => {
        if (connected) this.#spawn(this.#pull(peer, signal))
      }),
      clock.every(10_000, () => {
        this.#forget()
        this.listen()
      })
    ]
    this.listen()
  }

  /** Joins the topics of the classes that this provider serves now, and leaves those that it no longer does. */
  listen(): void {
    if (this.#stop === undefined) return
    const served = new Set(this.#advertiser.classes)
    for (const [c, leave] of this.#subscribed) {
      if (served.has(c)) continue
      leave()
      this.#subscribed.delete(c)
    }
    for (const c of served) {
      if (this.#subscribed.has(c)) continue
      const leave = this.#ctx.network.subscribe(
        topics.offers(c),
        data => this.#judge(data),
        () => undefined
      )
      this.#subscribed.set(c, leave)
    }
  }

  async stop(): Promise<void> {
    this.#stop?.abort()
    for (const leave of this.#subscribed.values()) leave()
    this.#subscribed.clear()
    for (const f of this.#undo) f()
    this.#undo = []
    for (const heard of this.#heard.values()) heard.cancel()
    this.#line.clear()
    this.#heard.clear()
    await Promise.allSettled([...this.#work])
    this.#stop = undefined
  }

  /** The offer and our bid behind a digest, while both stand. */
  find(offer: Hex32, bid: Hex32): { offer: TaskOffer; bid: Bid } | undefined {
    const heard = this.#heard.get(offer)
    const now = this.#ctx.clock.monotonic()
    if (heard?.bid === undefined || bidDigest(heard.bid) !== bid || (heard.bidUntil ?? 0) < now)
      return undefined
    return { offer: heard.offer, bid: heard.bid }
  }

  /** Offers that bids are still taken for, as far as we can tell. */
  openOffers(): TaskOffer[] {
    const now = this.#ctx.clock.monotonic()
    return this.offers()
      .filter(h => h.until > now)
      .map(h => h.offer)
  }

  /** A slot may be free: offers that wait for one get it in the order in which they came, one offer for each slot. */
  reconsider(): void {
    if (this.#stop === undefined) return
    const now = this.#ctx.clock.monotonic()
    for (const heard of this.#heard.values()) {
      if (this.#line.room === 0) return
      if (heard.refusal !== 'no-free-slot' || heard.until <= now) continue
      this.#line.mean(heard.digest)
      this.#spawn(this.#bid(heard))
    }
  }

  /** An agreement was signed for a bid of ours. */
  agreed(offer: Hex32): void {
    this.#line.over(offer)
  }

  /** Open offers as this provider sees them, with its bid or the reason against it. */
  offers(): HeardOffer[] {
    return [...this.#heard.values()]
  }

  #spawn(work: Promise<void>): void {
    const done = work
      .catch(err => this.#ctx.log.debug({ err }, 'bidding: background work failed'))
      .finally(() => this.#work.delete(done))
    this.#work.add(done)
  }

  async #judge(data: Uint8Array): Promise<Verdict> {
    try {
      const offer = decode(taskOffer, data, 'offer', GOSSIP_MESSAGE_MAX)
      if (this.#heard.has(offerDigest(offer))) return 'accept'
      await verifyOffer(offer, this.#ctx)
      this.#hear(offer)
      return 'accept'
    } catch (e) {
      return isForged(e) ? 'reject' : 'ignore'
    }
  }

  /** A peer that just connected may have open offers that we missed. */
  async #pull(peer: Parameters<PeerContext['network']['report']>[0], signal: AbortSignal): Promise<void> {
    const { offers } = await this.#ctx.network.request(
      { peer, addresses: [] },
      'offers',
      { known: [...this.#heard.keys()].slice(-128) },
      signal
    )
    for (const offer of offers) {
      await verifyOffer(offer, this.#ctx)
      this.#hear(offer)
    }
  }

  #hear(offer: TaskOffer): void {
    const digest = offerDigest(offer)
    if (this.#heard.has(digest) || this.#stop === undefined) return
    const oldest = this.#heard.keys().next().value
    if (this.#heard.size >= OFFERS_MAX && oldest !== undefined) this.#drop(oldest)
    const until = this.#ctx.clock.monotonic() + offer.windowMs
    const heard: HeardOffer = { offer, digest, until, cancel: () => undefined }
    this.#heard.set(digest, heard)
    const share = entersAt(
      digest,
      this.#ctx.operator.address,
      offer.wanted,
      this.#book.list(offer.class).length
    )
    heard.cancel = this.#ctx.clock.timer(share * offer.windowMs, () => this.#consider(heard))
  }

  /** A new offer: a bid at once when the slots can bear one more, else it waits in line. */
  #consider(heard: HeardOffer): void {
    heard.refusal = this.#refusal(heard)
    if (heard.refusal !== undefined) return
    if (!this.#line.open) {
      heard.refusal = 'no-free-slot'
      return
    }
    this.#line.mean(heard.digest)
    this.#spawn(this.#bid(heard))
  }

  #drop(digest: Hex32): void {
    this.#heard.get(digest)?.cancel()
    this.#heard.delete(digest)
  }

  #forget(): void {
    const now = this.#ctx.clock.monotonic()
    for (const [digest, heard] of this.#heard) if (heard.until + KEEP_MS < now) this.#drop(digest)
  }

  /** The first reason against a bid now, or none. */
  #refusal(heard: HeardOffer): Refusal | undefined {
    const { operator } = heard.offer.card
    const verdict = this.#policy?.verdict({ operator, engine: heard.offer.needs.engine })
    if (verdict?.ok === false) {
      heard.detail = verdict.reason
      return 'policy'
    }
    const found = refusal(heard.offer, {
      operator: this.#ctx.operator.address,
      advert: this.#advertiser.body(),
      classes: this.#advertiser.classes,
      rules: ruleIds,
      over: this.#ctx.clock.monotonic() >= heard.until
    })
    if (found !== undefined) return found
    heard.detail = offerObjection(heard.offer, this.#terms())?.message
    return heard.detail === undefined ? undefined : 'terms'
  }

  async #bid(heard: HeardOffer): Promise<void> {
    const { ctx } = { ctx: this.#ctx }
    const signal = this.#stop?.signal
    if (signal === undefined || signal.aborted) return
    heard.refusal = this.#refusal(heard)
    if (heard.refusal === undefined && (await ctx.journal.lied(heard.offer.card.operator)))
      heard.refusal = 'lied-before'
    if (heard.refusal !== undefined) return this.#line.over(heard.digest)
    const { offer, digest } = heard
    const advert = this.#advertiser.body()
    const engine = advert.engines.find(e => e.id === offer.needs.engine)
    const body: BidBody = {
      v: 2,
      offer: digest,
      card: advert.card,
      price: priceOf(offer.needs.gas, askOf(advert, offer.needs.engine)),
      slots: Math.min(freeFor(offer, advert), offer.executions),
      speed: engine?.speed ?? 0n,
      engineVersion: engine?.version ?? '',
      region: advert.region,
      energy: advert.energy,
      issued: ctx.clock.now(),
      validMs: Math.min(
        OFFER_TTL_MAX,
        Math.ceil(Math.max(0, heard.until - ctx.clock.monotonic())) + BID_GRACE_MS
      )
    }
    const bid = await signBid(body, ctx.operator)
    heard.bidUntil = ctx.clock.monotonic() + body.validMs
    heard.bid = bid
    const taken = await this.#send(heard, bid, signal)
    if (taken === undefined) return await ctx.network.provide(digest, signal, body.validMs)
    if (taken) return
    // bidding is over, or it does not take our bid: the slot is for the next in line
    heard.refusal = 'not-wanted'
    this.#line.over(digest)
  }

  /** Straight to the requester: whether it takes it. Undefined when it cannot be reached: then it finds the bid through the DHT. */
  async #send({ offer, digest }: HeardOffer, bid: Bid, signal: AbortSignal): Promise<boolean | undefined> {
    const { network, log } = this.#ctx
    const { peer, addresses } = offer.card
    const connected = network.peers().some(p => p.peer === peer)
    if (!connected && addresses.length === 0) return undefined
    try {
      return (await network.request({ peer, addresses }, 'bid', { bid }, signal)).accepted
    } catch (err) {
      if (signal.aborted) throw abortReason(signal)
      log.debug({ err, offer: digest }, 'a bid could not be handed over; it goes to the DHT')
      return undefined
    }
  }
}
