/** Bids on our open offers: pushed by providers, and found through the DHT and asked for. Bounded, checked, one per operator. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import { LIST_MAX } from '../../protocol/limits.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import { linked } from '../../protocol/signals.ts'
import { offerDigest, verifyBid } from '../records.ts'
import { Waiter } from '../waiter.ts'
import { BidSearch } from './bid-search.ts'

interface Open {
  readonly offer: TaskOffer
  readonly bids: Map<string, Bid>
  readonly waiter: Waiter
}

type Ports = Pick<PeerContext, 'network' | 'clock' | 'typed' | 'identities' | 'log'>

/**
 * The operators (lower case) that are known to be able to bid on an offer. Undefined while too little is known of the network to
 * tell; then bidding lasts at least half of its window.
 */
/** What is known of a bidder that speaks against its bid; undefined when nothing does. */
export type Unfit = (bid: Bid, offer: TaskOffer) => string | undefined

export type Expected = (offer: TaskOffer) => ReadonlySet<Address> | undefined

export class BidBook {
  readonly #ports: Ports
  readonly #expected: Expected
  readonly #unfit: Unfit
  readonly #open = new Map<Hex32, Open>()
  readonly #search: BidSearch

  constructor(ports: Ports, expected: Expected = () => undefined, unfit: Unfit = () => undefined) {
    this.#ports = ports
    this.#search = new BidSearch(ports)
    this.#expected = expected
    this.#unfit = unfit
  }

  /** Offers whose bidding is not over, for peers that missed the gossip. */
  openOffers(): TaskOffer[] {
    return [...this.#open.values()].map(o => o.offer)
  }

  /** Takes a bid, or says why not. */
  async accept(bid: Bid): Promise<{ accepted: boolean; reason?: string }> {
    const open = this.#open.get(bid.offer)
    if (open === undefined) return { accepted: false, reason: 'no such open offer' }
    const key = bid.card.operator.toLowerCase()
    if (open.bids.size >= LIST_MAX && !open.bids.has(key)) return { accepted: false, reason: 'enough bids' }
    try {
      await verifyBid(bid, open.offer, this.#ports)
    } catch (e) {
      if (e instanceof ShoalError) return { accepted: false, reason: e.message.slice(0, 200) }
      throw e
    }
    const reason = this.#unfit(bid, open.offer)
    if (reason !== undefined) return { accepted: false, reason }
    // while the signatures were checked, bidding may have ended, and other bids may have filled the book
    if (this.#open.get(bid.offer) !== open) return { accepted: false, reason: 'no such open offer' }
    if (open.bids.size >= LIST_MAX && !open.bids.has(key)) return { accepted: false, reason: 'enough bids' }
    // the first bid stands: changing it after seeing others would be an advantage
    if (!open.bids.has(key)) open.bids.set(key, bid)
    open.waiter.wake()
    return { accepted: true }
  }

  /**
   * Collects bids until the offer expires, or until they are `enough` and either half of the window has passed or everyone who is
   * known to be able to bid has done so: then waiting brings no better one.
   * Those of light requesters and of peers that cannot reach us come through the DHT. `hasty`: enough is enough, whoever else may bid.
   */
  async collect(
    offer: TaskOffer,
    enough: (bids: readonly Bid[]) => boolean,
    signal: AbortSignal,
    hasty = false
  ): Promise<Bid[]> {
    const id = offerDigest(offer)
    const open: Open = { offer, bids: new Map(), waiter: new Waiter(this.#ports.clock) }
    this.#open.set(id, open)
    const scope = linked(signal)
    const search = this.#search.run(id, bid => this.accept(bid), scope.signal)
    try {
      const half = offer.opened + (offer.expires - offer.opened) / 2
      while (this.#ports.clock.now() < offer.expires) {
        signal.throwIfAborted()
        const early = !hasty && this.#ports.clock.now() < half
        if (enough([...open.bids.values()]) && (!early || this.#complete(open))) break
        await open.waiter.pause(100, signal)
      }
      return [...open.bids.values()]
    } finally {
      this.#open.delete(id)
      scope.abort(new ShoalError('CANCELLED', 'bidding is over'))
      await search
      scope[Symbol.dispose]()
    }
  }

  #complete({ offer, bids }: Open): boolean {
    const expected = this.#expected(offer)
    return expected !== undefined && expected.size > 0 && [...expected].every(o => bids.has(o))
  }
}
