/** Adverts of the network as this peer knows them: from gossip and from pull repair. Bounded; what expired is gone. */
import { classesOf, classOf, NOTHING, proven, type ClassRule, type Proven } from '../market/classes.ts'
import { BoundedMap } from '../protocol/bounded-map.ts'
import { decode } from '../protocol/codec.ts'
import { ruleIds } from '../market/award.ts'
import { expectedBidders } from '../market/expected.ts'
import { weighed } from '../market/weighed.ts'
import type { Address, PeerIdString } from '../protocol/ids.ts'
import { ADDRESSES_MAX, GOSSIP_MESSAGE_MAX } from '../protocol/limits.ts'
import { topics, type PeerAddress, type Verdict } from '../protocol/ports/network.ts'
import type { Startable } from '../protocol/ports/startable.ts'
import { capacityAdvert, nodeClass, type CapacityAdvert, type NodeClass } from '../protocol/records/advert.ts'
import type { TaskOffer } from '../protocol/records/offer.ts'
import { claimedHosts, groupsOf } from './capacity/groups.ts'
import { PeerClocks } from './clock-off.ts'
import type { PeerContext } from './context.ts'
import { isAdvertSigned, isForged, verifyAdvert } from './records.ts'

/** Providers remembered: an advert is below 7 KiB, and most below 2, so this stays under 28 MiB. */
const ADVERTS_MAX = 4_096
/** Pull repair: how often another connected peer is asked for what gossip missed, ms. */
const REPAIR_MS = 5_000
const ANSWER_MAX = 32
/** Signatures of attestations that are remembered as good: about 250 bytes each. */
const SEEN_MAX = 8_192
/** From `start` until the book counts as a picture of the network, ms: gossip and the first pull repairs have come. */
const SETTLED_MS = 3_000

interface Known {
  readonly advert: CapacityAdvert
  /** It counts until then, by our monotonic clock. */
  readonly until: number
}

/** Whether an advert offers something that the one before did not. */
const isMore = (now: CapacityAdvert, before: CapacityAdvert): boolean =>
  now.slotsFree > before.slotsFree || now.ask !== before.ask || now.engines.length > before.engines.length

type Ports = Pick<PeerContext, 'network' | 'clock' | 'typed' | 'identities' | 'log' | 'random'> & {
  /** Other rules of classes than the network's: for tests. */
  readonly classRules?: readonly ClassRule[]
}

export class AdvertBook implements Startable {
  readonly #ports: Ports
  /** Of the providers whose adverts come fresh, by gossip. */
  readonly clocks: PeerClocks
  readonly #known = new Map<PeerIdString, Known>()
  readonly #seen = new BoundedMap<string, true>(SEEN_MAX)
  /** The host at which a connection has shown each provider to be. */
  readonly #seenAt = new BoundedMap<PeerIdString, string>(ADVERTS_MAX)
  #groups: Map<PeerIdString, readonly CapacityAdvert[]> | undefined
  #undo: (() => void)[] = []
  #stop: AbortController | undefined
  #startedAt = Infinity
  readonly #watchers = new Set<() => void>()
  #repairing: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
    this.clocks = new PeerClocks(ports.clock)
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    const { network, clock } = this.#ports
    this.#stop = new AbortController()
    this.#startedAt = clock.monotonic()
    const { signal } = this.#stop
    this.#undo = [
      ...nodeClass.options.map(c =>
        network.subscribe(
          topics.adverts(c),
          data => this.#judge(data),
          () => undefined
        )
      ),
      network.handle('adverts', async ({ known }) => ({ adverts: this.#unknownTo(known) })),
      network.onPeer((peer, connected) => {
        if (connected) this.#repair(peer, signal)
      }),
      clock.every(REPAIR_MS, () => {
        const peers = network.peers()
        const peer = peers[Math.floor(this.#ports.random.fraction() * peers.length)]
        if (peer !== undefined) this.#repair(peer.peer, signal)
      })
    ]
    for (const { peer } of network.peers()) this.#repair(peer, signal)
  }

  async stop(): Promise<void> {
    this.#stop?.abort()
    for (const f of this.#undo) f()
    this.#undo = []
    await this.#repairing
    this.#stop = undefined
  }

  /** Adverts that are still good, newest first. */
  list(nodeClass?: NodeClass): CapacityAdvert[] {
    const now = this.#ports.clock.monotonic()
    for (const [peer, { until }] of this.#known) if (until <= now) this.#remove(peer)
    return this.#adverts()
      .filter(a => nodeClass === undefined || this.serves(a, nodeClass))
      .sort((a, b) => b.issued - a.issued)
  }

  #adverts(): CapacityAdvert[] {
    return [...this.#known.values()].map(k => k.advert)
  }

  /**
   * Operators that should bid on an offer, by their adverts; undefined while the book is young. Adverts may lie: an absent bidder
   * costs time (half of the window), never a bid.
   */
  bidders(offer: TaskOffer): ReadonlySet<Address> | undefined {
    if (!this.settled) return undefined
    const able = this.list(offer.class).map(a => weighed(a, this.proven(a)))
    return expectedBidders(offer, able, ruleIds)
  }

  /** Whether the book is a picture of the network by now. */
  get settled(): boolean {
    return this.#ports.clock.monotonic() - this.#startedAt >= SETTLED_MS
  }

  /** Tells when there is more on offer than before: a new provider, a slot that is free again, another price. Returns how to stop. */
  onMore(listener: () => void): () => void {
    this.#watchers.add(listener)
    return () => this.#watchers.delete(listener)
  }

  /** Adverts that come from one machine or operator, as far as connections have shown; each peer's own among them. */
  groups(): ReadonlyMap<PeerIdString, readonly CapacityAdvert[]> {
    this.list() // what has expired shares nothing any more
    for (const { peer, host } of this.#ports.network.peers()) {
      if (host === undefined || this.#seenAt.get(peer) === host) continue
      this.#seenAt.set(peer, host)
      this.#groups = undefined
    }
    return this.#grouped()
  }

  /** Adverts that say of themselves that they share a host or operator with this one: whom to look at. */
  claimedGroup(peer: PeerIdString): readonly CapacityAdvert[] {
    return groupsOf(this.list(), claimedHosts).get(peer) ?? []
  }

  #grouped(): ReadonlyMap<PeerIdString, readonly CapacityAdvert[]> {
    return (this.#groups ??= groupsOf(this.#adverts(), ({ card }) => {
      const host = this.#seenAt.get(card.peer)
      return host === undefined ? [] : [host]
    }))
  }

  /** What independent operators attest of a peer by its advert. */
  proven(advert: Pick<CapacityAdvert, 'card' | 'attestations'>): Proven {
    const { card, attestations } = advert
    if (attestations === undefined || attestations.length === 0) return NOTHING
    return proven(attestations, {
      now: this.#ports.clock.now(),
      subject: card.peer,
      operator: card.operator,
      operatorOf: peer => this.#known.get(peer)?.advert.card.operator,
      siblings: this.#grouped().get(card.peer)?.length ?? 1
    })
  }

  /** The class of computing that counts: what is proven, lowered by what the advert says. */
  classOf(advert: Pick<CapacityAdvert, 'card' | 'attestations' | 'class'>): NodeClass {
    return classOf(this.proven(advert), advert.class, this.#ports.classRules)
  }

  /** Whether what is proven of a peer reaches a class. One whose advert is unknown is `general` and no more. */
  serves(
    advert: Pick<CapacityAdvert, 'card' | 'attestations' | 'class'> | undefined,
    wanted: NodeClass
  ): boolean {
    // nothing need be proven for it
    if (wanted === 'general') return advert?.class !== 'storage'
    if (advert === undefined) return false
    // `general` is no lowering here: an advert says it of whoever has not proven more computing
    const wish = advert.class === 'storage' ? 'storage' : undefined
    const classes = classesOf(this.proven(advert), wish, this.#ports.classRules)
    return classes.includes(wanted) && (wanted !== 'high-end' || advert.class === 'high-end')
  }

  of(peer: PeerIdString): CapacityAdvert | undefined {
    return this.#known.get(peer)?.advert
  }

  /** Where to dial a peer: first where its newest advert says (it may have started again on other ports), then where it was. */
  locate({ peer, addresses }: PeerAddress): PeerAddress {
    const fresh = this.of(peer)?.card.addresses ?? []
    return { peer, addresses: [...new Set([...fresh, ...addresses])].slice(0, ADDRESSES_MAX) }
  }

  /** Takes an advert that passed its checks; older ones than what we know change nothing. */
  add(advert: CapacityAdvert): void {
    const old = this.of(advert.card.peer)
    if (old !== undefined && old.seq >= advert.seq) return
    const { clock } = this.#ports
    const length = Math.max(0, advert.expires - advert.issued)
    // what is left of it, by our clock; one that is behind its author's takes it for new
    const left = length - Math.min(length, Math.max(0, clock.now() - advert.issued))
    this.#remove(advert.card.peer)
    this.#known.set(advert.card.peer, { advert, until: clock.monotonic() + left })
    const oldest = this.#known.keys().next().value
    if (this.#known.size > ADVERTS_MAX && oldest !== undefined) this.#remove(oldest)
    if (old === undefined || isMore(advert, old)) for (const tell of this.#watchers) tell()
  }

  #remove(peer: PeerIdString): void {
    this.#known.delete(peer)
    this.#groups = undefined
  }

  async #judge(data: Uint8Array): Promise<Verdict> {
    try {
      const advert = decode(capacityAdvert, data, 'advert', GOSSIP_MESSAGE_MAX)
      const { peer } = advert.card
      const old = this.of(peer)
      if (old !== undefined && old.seq >= advert.seq) return 'ignore'
      // too old or too new for us it may be our clock that is off
      if (await isAdvertSigned(advert, this.#ports)) this.clocks.note(peer, advert.issued)
      await verifyAdvert(advert, this.#ports, this.#seen)
      this.add(advert)
      return 'accept'
    } catch (e) {
      // too old is nobody's fault; malformed or forged is
      return isForged(e) ? 'reject' : 'ignore'
    }
  }

  #unknownTo(known: readonly { peer: PeerIdString; seq: number }[]): CapacityAdvert[] {
    const theirs = new Map(known.map(k => [k.peer, k.seq]))
    return this.list()
      .filter(a => a.seq > (theirs.get(a.card.peer) ?? -1))
      .slice(0, ANSWER_MAX)
  }

  /** One after another: repair is background work. */
  #repair(peer: PeerIdString, signal: AbortSignal): void {
    this.#repairing = this.#repairing.then(async () => {
      if (signal.aborted) return
      const known = this.list()
        .slice(0, 128)
        .map(a => ({ peer: a.card.peer, seq: a.seq }))
      try {
        const { adverts } = await this.#ports.network.request(
          { peer, addresses: [] },
          'adverts',
          { known },
          signal
        )
        for (const advert of adverts) {
          await verifyAdvert(advert, this.#ports, this.#seen)
          this.add(advert)
        }
      } catch (err) {
        // the next beat asks another peer
        this.#ports.log.debug({ err, peer }, 'pull repair of adverts failed')
      }
    })
  }
}
