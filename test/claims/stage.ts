/** Peers that prove and challenge, on simulated machines and a simulated network: the program's own prover, challenger, attestations and book. */
import { AdvertBook } from '../../src/peer/advert-book.ts'
import { Attestations } from '../../src/peer/capacity/attestations.ts'
import { Challenger, type Outcome } from '../../src/peer/capacity/challenger.ts'
import type { Answerer } from '../../src/peer/capacity/answers/answer.ts'
import type { Task } from '../../src/peer/capacity/exams/exam.ts'
import { Prover } from '../../src/peer/capacity/prover.ts'
import { signAdvert, signCard, verifyAdvert } from '../../src/peer/records.ts'
import { identityFromSeed, identityVerifier } from '../../src/p2p/identity.ts'
import { NOTHING, type ClassRule, type Proven } from '../../src/market/classes.ts'
import type { CapacityKind } from '../../src/protocol/records/attestation.ts'
import type { ConnectedPeer, PeerNetwork } from '../../src/protocol/ports/network.ts'
import type { Random } from '../../src/protocol/ports/random.ts'
import type { PeerIdString } from '../../src/protocol/ids.ts'
import { createOperatorKey } from '../../src/settlement/keys/operator.ts'
import type { SessionClock } from './clock.ts'
import { Hub } from '../support/sim/hub.ts'
import { noLog } from '../support/tasks.ts'
import { domain, typed } from '../support/records.ts'

export interface Actor {
  readonly name: string
  readonly host: string
  readonly network: PeerNetwork
  readonly challenger: Challenger
  readonly attestations: Attestations
  /** What it says of itself, with what it can show. */
  advert(): Promise<Awaited<ReturnType<typeof signAdvert>>>
  stop(): Promise<void>
}

export interface Casting {
  readonly name: string
  readonly host: string
  readonly answerers: ReadonlyMap<CapacityKind, Answerer>
  readonly busy?: () => string | undefined
}

export class Stage {
  readonly clock: SessionClock
  readonly #random: Random
  readonly #rules: readonly ClassRule[]
  readonly #work: number | undefined
  readonly #hub = new Hub()
  readonly #hosts = new Map<PeerIdString, string>()
  readonly #actors: Actor[] = []
  readonly book: AdvertBook

  /** `work`: passes of a data set, as of `hoardOf`. */
  constructor(clock: SessionClock, random: Random, rules: readonly ClassRule[], work?: number) {
    this.clock = clock
    this.#random = random
    this.#rules = rules
    this.#work = work
    const seed = random.bytes(32)
    const network = this.#seeing(this.#hub.network(identityFromSeed(seed).peerId, 'full'))
    this.book = new AdvertBook({
      ...{ clock, random, network, typed, log: noLog },
      ...{ identities: identityVerifier, classRules: rules }
    })
  }

  /** A network on which a connection shows where the other is. */
  #seeing<N extends PeerNetwork>(network: N): N {
    const peers = network.peers.bind(network)
    const request = network.request.bind(network)
    const stream = network.stream.bind(network)
    const { clock } = this
    network.request = (...args) => clock.request(() => request(...args))
    network.stream = async function* (...args) {
      const frames = stream(...args)[Symbol.asyncIterator]()
      for (;;) {
        const next = await clock.request(() => frames.next())
        if (next.done === true) return
        yield next.value
      }
    }
    network.peers = (): ConnectedPeer[] => peers().map(p => ({ ...p, host: this.#hosts.get(p.peer) }))
    return network
  }

  async cast({ name, host, answerers, busy }: Casting): Promise<Actor> {
    const clock = this.clock
    const identity = identityFromSeed(this.#random.bytes(32))
    const operator = createOperatorKey(this.#random.bytes(32), domain)
    const network = this.#seeing(this.#hub.network(identity.peerId, 'full'))
    this.#hosts.set(identity.peerId, host)
    const meta = new Map<string, Uint8Array>()
    const journal = {
      meta: async (k: string) => meta.get(k),
      putMeta: async (k: string, v: Uint8Array) => void meta.set(k, v)
    }
    const base = { clock, random: this.#random, log: noLog, network, identity, journal }
    const prover = new Prover({
      ...base,
      answerers,
      busy: busy ?? (() => undefined)
    })
    const attestations = new Attestations({
      ...base,
      ...{ identities: identityVerifier, prover, changed: () => undefined }
    })
    await network.start()
    await prover.start()
    await attestations.start()
    const advert = async () => {
      const now = clock.now()
      const card = await signCard(
        {
          ...{ v: 1, peer: identity.peerId, operator: operator.address, beneficiary: operator.address },
          ...{ recipient: new Uint8Array(32), profile: 'full', addresses: [`/ip4/${host}/tcp/4001`] },
          ...{ seq: now, expires: now + 3_600_000 }
        },
        operator,
        identity
      )
      const list = attestations.shown()
      return await signAdvert(
        {
          ...{ v: 1, card, seq: now, class: 'high-end', engines: [], slotsFree: 1, slotsTotal: 1 },
          ...{ memoryBytes: 0, diskBytes: 0, ask: 0n, region: 'eu', energy: 'unknown' },
          ...{ issued: now, expires: now + 60_000 },
          attestations: list.length === 0 ? undefined : list
        },
        identity
      )
    }
    const actor: Actor = {
      ...{ name, host, network, attestations, advert },
      challenger: new Challenger({ ...base, rules: this.#rules, work: this.#work }),
      stop: async () => {
        await attestations.stop()
        await prover.stop()
        await network.stop()
      }
    }
    this.#actors.push(actor)
    return actor
  }

  /** Everyone who is there shows its advert to the book. */
  async show(actors: readonly Actor[]): Promise<void> {
    for (const a of actors) {
      const advert = await a.advert()
      await verifyAdvert(advert, { typed, identities: identityVerifier, clock: this.clock })
      this.book.add(advert)
    }
  }

  /** A session of one challenger with the whole group of a peer, as the book has seen it. */
  async session(by: Actor, of: Actor, task: Task): Promise<Outcome[]> {
    const group = this.book.groups().get(of.network.peerId) ?? []
    const targets = group.map(({ card }) => ({ peer: card.peer, addresses: card.addresses }))
    const { signal } = new AbortController()
    return await this.clock.session(() => by.challenger.challenge(targets, task, signal))
  }

  classOf(actor: Actor): string {
    const advert = this.book.of(actor.network.peerId)
    return advert === undefined ? 'unknown' : this.book.classOf(advert)
  }

  provenOf(actor: Actor): Proven {
    const advert = this.book.of(actor.network.peerId)
    return advert === undefined ? NOTHING : this.book.proven(advert)
  }

  async close(): Promise<void> {
    for (const a of this.#actors) await a.stop()
  }
}
