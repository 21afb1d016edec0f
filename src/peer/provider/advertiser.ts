/** Tells the network what this provider has free: on change (at once, then at most once a second) and on a slow beat. */
import { encode } from '../../protocol/codec.ts'
import type { Engine } from '../../protocol/ports/engine.ts'
import { topics } from '../../protocol/ports/network.ts'
import type { Startable } from '../../protocol/ports/startable.ts'
import type { AdvertBody, NodeClass } from '../../protocol/records/advert.ts'
import type { ContainerOffer } from '../../protocol/records/container.ts'
import type { Attestation } from '../../protocol/records/attestation.ts'
import { classesOf, classOf, type Proven } from '../../market/classes.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { AdvertBook } from '../advert-book.ts'
import type { PeerContext } from '../context.ts'
import { signAdvert } from '../records.ts'
import type { Capacity } from './capacity.ts'

const BEAT_MS = 20_000
/** Three missed beats and the advert is gone. */
const TTL_MS = 3 * BEAT_MS
const THROTTLE_MS = 1_000
/** Changes that come together are told together, ms. */
const TOGETHER_MS = 20

/** Those that the owner sells; WebAssembly is there in any case, to gather results with. */
const sold = (engines: PeerContext['engines'], wanted: readonly string[]) =>
  [...engines.values()].filter(e => wanted.includes(e.id))

export class Advertiser implements Startable {
  readonly #ctx: PeerContext
  readonly #book: AdvertBook
  readonly #capacity: () => Capacity
  readonly #speeds: ReadonlyMap<string, bigint>
  readonly #attested: () => Attestation[]
  readonly #policy: PolicyKeeper | undefined
  #publishing: Promise<void> | undefined
  /** Something has changed since the advert that was published last. */
  #stale = false
  #seq = 0
  #toldAt = -Infinity
  #cancelBeat: (() => void) | undefined
  #cancelSoon: (() => void) | undefined

  constructor(
    ctx: PeerContext,
    book: AdvertBook,
    capacity: () => Capacity,
    speeds: ReadonlyMap<string, bigint>,
    attested: () => Attestation[] = () => [],
    policy?: PolicyKeeper
  ) {
    this.#ctx = ctx
    this.#book = book
    this.#capacity = capacity
    this.#speeds = speeds
    this.#attested = attested
    this.#policy = policy
  }

  /** The provider's configuration as the file says now. */
  get #config(): PeerContext['config']['provider'] {
    return this.#policy?.provider ?? this.#ctx.config.provider
  }

  /** What independent operators have attested of this peer. */
  get proven(): Proven {
    return this.#book.proven({ card: this.#ctx.card(), attestations: this.#attested() })
  }

  /** What others have proven, lowered by the configuration. */
  get nodeClass(): NodeClass {
    return classOf(this.proven, this.#config.class)
  }

  /** Those whose offers this provider may take. */
  get classes(): NodeClass[] {
    return classesOf(this.proven, this.#config.class)
  }

  /** What the owner sells and the policy lets through. */
  #offering(): readonly Engine[] {
    const { engines, policy } = this.#config
    return sold(this.#ctx.engines, engines).filter(e => policy.engines?.includes(e.id) !== false)
  }

  /** The images of containers that are on offer; undefined without that engine. */
  get containers(): ContainerOffer | undefined {
    return this.#offering().find(e => e.containers !== undefined)?.containers
  }

  /** What this provider offers at this moment. */
  body(): AdvertBody {
    const { clock, card, gpus } = this.#ctx
    const config = this.#config
    const { policy } = config
    const now = clock.now()
    // the wall clock makes sequence numbers rise over restarts too
    this.#seq = Math.max(this.#seq + 1, now)
    const capacity = this.#capacity()
    const attestations = this.#attested()
    const offered = gpus?.offers() ?? []
    const room = this.#policy?.room
    return {
      v: 1,
      card: card(),
      seq: this.#seq,
      class: this.nodeClass,
      engines: this.#offering().map(e => ({
        id: e.id,
        ask: Object.hasOwn(policy.asks, e.id) ? policy.asks[e.id] : undefined,
        version: e.version,
        isolation: e.isolation,
        speed: this.#speeds.get(e.id) ?? 0n
      })),
      // outside of the owner's policy, or of what is there, nothing is on offer
      slotsFree: this.#policy?.verdict().ok === false ? 0 : Math.min(capacity.free, room?.tasks ?? Infinity),
      slotsTotal: capacity.total,
      memoryBytes: room?.memory ?? config.memory,
      diskBytes: room?.disk ?? config.disk,
      ask: config.ask,
      region: config.region,
      energy: config.energy,
      gpus: offered.length === 0 ? undefined : offered,
      containers: this.containers,
      attestations: attestations.length === 0 ? undefined : attestations,
      issued: now,
      expires: now + TTL_MS
    }
  }

  async start(): Promise<void> {
    if (this.#cancelBeat !== undefined) return
    this.#cancelBeat = this.#ctx.clock.every(BEAT_MS, () => void this.#publish())
    await this.#publish()
  }

  async stop(): Promise<void> {
    this.#cancelBeat?.()
    this.#cancelSoon?.()
    this.#cancelBeat = this.#cancelSoon = undefined
    this.#stale = false
    await this.#publishing
  }

  /** Something changed: publish soon, at once when nothing was for a while: somebody may wait for the slot. */
  changed(): void {
    if (this.#cancelBeat === undefined || this.#cancelSoon !== undefined) return
    const { clock } = this.#ctx
    const wait = Math.max(TOGETHER_MS, this.#toldAt + THROTTLE_MS - clock.monotonic())
    this.#cancelSoon = clock.timer(wait, () => {
      this.#cancelSoon = undefined
      void this.#publish()
    })
  }

  /** One at a time, and at most one after it: a network that takes longer than a beat gathers no queue, and keeps nobody waiting for more than one. */
  async #publish(): Promise<void> {
    this.#stale = true
    this.#publishing ??= this.#pass()
    await this.#publishing
  }

  async #pass(): Promise<void> {
    this.#stale = false
    await this.#publishOnce()
    this.#publishing = undefined
    if (this.#stale) void this.#publish()
  }

  async #publishOnce(): Promise<void> {
    this.#toldAt = this.#ctx.clock.monotonic()
    try {
      const advert = await signAdvert(this.body(), this.#ctx.identity)
      this.#book.add(advert)
      await this.#ctx.network.publish(topics.adverts(advert.class), encode(advert))
    } catch (err) {
      this.#ctx.log.warn({ err }, 'the advert could not be published; the next beat tries again')
    }
  }
}
