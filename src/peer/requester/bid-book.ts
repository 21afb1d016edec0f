/** Bids on our open offers: pushed by providers, and found through the DHT and asked for. Bounded, checked, one per operator. */
import { ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import { LIST_MAX } from '../../protocol/limits.ts'
import type { ResponseOf } from '../../protocol/methods.ts'
import { refuse } from '../../protocol/records/refusal.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import type { TaskOffer } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'
import { linked } from '../../protocol/signals.ts'
import { offerDigest, verifyBid } from '../records.ts'
import { Waiter } from '../waiter.ts'
import { BidSearch } from './bid-search.ts'

interface Open {
  readonly offer: TaskOffer
  /** Bidding ends then, by our monotonic clock. */
  readonly until: number
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

const no = (code: ErrorCode, message: string): ResponseOf<'bid'> => ({
  accepted: false,
  refusal: refuse(code, message)
})

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
    const now = this.#ports.clock.monotonic()
    return [...this.#open.values()].filter(o => o.until > now).map(o => o.offer)
  }

  /** Takes a bid, or says why not. */
  async accept(bid: Bid): Promise<ResponseOf<'bid'>> {
    const open = this.#open.get(bid.offer)
    if (open === undefined) return no('NOT_FOUND', 'no such open offer')
    const key = bid.card.operator.toLowerCase()
    if (open.bids.size >= LIST_MAX && !open.bids.has(key)) return no('NOT_NOW', 'enough bids')
    try {
      await verifyBid(bid, open.offer, this.#ports)
    } catch (e) {
      if (e instanceof ShoalError) return no(e.code, e.message)
      throw e
    }
    const reason = this.#unfit(bid, open.offer)
    if (reason !== undefined) return no('TERMS_REFUSED', reason)
    // while the signatures were checked, bidding may have ended, and other bids may have filled the book
    if (this.#open.get(bid.offer) !== open) return no('NOT_FOUND', 'no such open offer')
    if (open.bids.size >= LIST_MAX && !open.bids.has(key)) return no('NOT_NOW', 'enough bids')
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
    const { clock } = this.#ports
    const until = clock.monotonic() + offer.windowMs
    const open: Open = { offer, until, bids: new Map(), waiter: new Waiter(clock) }
    this.#open.set(id, open)
    const scope = linked(signal)
    const search = this.#search.run(id, bid => this.accept(bid), scope.signal)
    try {
      const half = until - offer.windowMs / 2
      while (clock.monotonic() < until) {
        signal.throwIfAborted()
        const early = !hasty && clock.monotonic() < half
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
