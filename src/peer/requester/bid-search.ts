/**
 * Bids that cannot come by themselves: of providers that can reach neither us nor a peer of ours. They are announced in the DHT under
 * the offer's digest. Most bids come directly within moments, so a look-up comes later, and each further one twice as late; look-ups of
 * all jobs wait in one line; and a provider that was found for one offer is asked about the others without a look-up.
 */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import type { Hex32, PeerIdString } from '../../protocol/ids.ts'
import { LIST_MAX } from '../../protocol/limits.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import type { Bid } from '../../protocol/records/bid.ts'
import { Slots } from '../../storage/slots.ts'
import type { PeerContext } from '../context.ts'

/** From the opening of an offer to its first look-up, ms; then twice as long each time, up to LOOK_MAX_MS. */
export const LOOK_FIRST_MS = 500
const LOOK_MAX_MS = 16_000
/** Look-ups at the same time, over all offers: each asks a few peers. */
const AT_ONCE_MAX = 4
/** Providers remembered that were found through the DHT, and for how long, ms. */
const FOUND_MAX = 64
const FOUND_MS = 5 * 60_000

type Ports = Pick<PeerContext, 'network' | 'clock' | 'log'>
/** Takes a bid into the book. */
type Take = (bid: Bid) => Promise<unknown>

export class BidSearch {
  readonly #ports: Ports
  readonly #found = new BoundedMap<PeerIdString, PeerAddress & { readonly at: number }>(FOUND_MAX)
  readonly #line = new Slots(AT_ONCE_MAX)

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Searches for bids on one offer until the signal aborts. Never rejects. */
  async run(offer: Hex32, take: Take, signal: AbortSignal): Promise<void> {
    const asked = new Set<PeerIdString>([this.#ports.network.peerId])
    for (let wait = LOOK_FIRST_MS; !signal.aborted; wait = Math.min(LOOK_MAX_MS, 2 * wait)) {
      // ends early, and silently, when bidding is over
      await this.#ports.clock.sleep(wait, signal).catch(() => undefined)
      if (signal.aborted) return
      for (const known of this.#remembered()) await this.#ask(known, offer, asked, take, signal)
      const look = this.#line.run('look', signal, () => this.#look(offer, asked, take, signal))
      await look.catch(() => undefined) // bidding was over before its turn came
    }
  }

  #remembered(): PeerAddress[] {
    const since = this.#ports.clock.monotonic() - FOUND_MS
    this.#found.prune(p => p.at < since)
    return [...this.#found.entries()].map(([, p]) => p)
  }

  async #look(offer: Hex32, asked: Set<PeerIdString>, take: Take, signal: AbortSignal): Promise<void> {
    try {
      for await (const found of this.#ports.network.findProviders(offer, signal)) {
        this.#found.set(found.peer, { ...found, at: this.#ports.clock.monotonic() })
        await this.#ask(found, offer, asked, take, signal)
      }
    } catch (err) {
      if (!signal.aborted) this.#ports.log.debug({ err }, 'looking for bids in the DHT failed')
    }
  }

  /** Asks a provider once for its bids on an offer. */
  async #ask(
    provider: PeerAddress,
    offer: Hex32,
    asked: Set<PeerIdString>,
    take: Take,
    signal: AbortSignal
  ): Promise<void> {
    if (signal.aborted || asked.has(provider.peer) || asked.size > LIST_MAX) return
    asked.add(provider.peer)
    try {
      const { bids } = await this.#ports.network.request(provider, 'bids', { offer }, signal)
      for (const bid of bids) await take(bid)
    } catch (err) {
      // a provider that cannot be asked is no reason to stop asking others
      if (!signal.aborted) this.#ports.log.debug({ err }, 'asking for bids failed')
    }
  }
}
