/** Honest load on the victim: two light peers that ask steadily, one that publishes adverts and one that hears them through the victim. */
import { randomBytes } from 'node:crypto'
import { cardKey } from '../../src/p2p/cards.ts'
import { createPeerNetwork, type P2PNetwork } from '../../src/p2p/network.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { decode, encode } from '../../src/protocol/codec.ts'
import type { Hex32, PeerIdString } from '../../src/protocol/ids.ts'
import { topics, type PeerAddress } from '../../src/protocol/ports/network.ts'
import { capacityAdvert } from '../../src/protocol/records/advert.ts'
import { peerCard } from '../../src/protocol/records/card.ts'
import { signCard } from '../../src/peer/records.ts'
import { createOperatorKey } from '../../src/settlement/keys/operator.ts'
import { domainOf } from '../../src/settlement/keys/typed.ts'
import { networkDigest } from '../../src/settlement/network.ts'
import { identityFromSeed } from '../../src/p2p/identity.ts'
import { noLog } from '../support/tasks.ts'
import { advertOf, type Person } from './raw/records.ts'
import type { Victim } from './victim.ts'

/** One honest request or message. `ms`: until its answer; undefined when it failed. */
export interface Sample {
  readonly at: number
  readonly ms: number | undefined
  readonly kind: 'request' | 'gossip'
}

const REQUEST_EVERY_MS = 90
const GOSSIP_EVERY_MS = 1_000
/** A request or message that takes longer counts as failed. */
const GIVE_UP_MS = 5_000
const TOPIC = topics.adverts('general')

export class HonestLoad {
  readonly #victim: Victim
  readonly #person: Person
  readonly #peers: P2PNetwork[] = []
  readonly #samples: Sample[] = []
  readonly #expected = new Map<number, number>()
  readonly #cancels: (() => void)[] = []
  readonly #seed = new Uint8Array(randomBytes(32))
  #seq = 0
  /** Adverts that the publisher has signed, encoded. */
  readonly published: Uint8Array[] = []
  oldCard: Uint8Array = new Uint8Array()

  constructor(victim: Victim) {
    this.#victim = victim
    this.#person = {
      identity: identityFromSeed(this.#seed),
      operator: createOperatorKey(new Uint8Array(randomBytes(32)), domainOf(victim.net.network))
    }
  }

  get publisher(): PeerIdString {
    return this.#person.identity.peerId
  }

  get cardKey(): Uint8Array {
    return cardKey(this.publisher)
  }

  /** What was measured between two moments of `performance.now()`. */
  samples(from: number, to: number): Sample[] {
    return this.#samples.filter(s => s.at >= from && s.at < to)
  }

  async start(): Promise<void> {
    const address = this.#victim.address
    const peer = address.split('/p2p/')[1] as PeerIdString
    const target: PeerAddress = { peer, addresses: [address] }
    const seeds = [this.#seed, new Uint8Array(randomBytes(32))]
    for (const seed of seeds) this.#peers.push(await this.#join(seed, target))
    const [speaker, listener] = this.#peers
    if (speaker === undefined || listener === undefined) throw new Error('no honest peers')
    for (const p of this.#peers)
      p.subscribe(
        TOPIC,
        async () => 'accept',
        data => this.#heard(p, data)
      )
    for (const p of this.#peers)
      this.#cancels.push(systemClock.every(REQUEST_EVERY_MS, () => void this.#ask(p, target)))
    this.#cancels.push(systemClock.every(GOSSIP_EVERY_MS, () => void this.#publish(speaker)))
    await systemClock.sleep(3_000) // until the mesh stands and the DHT knows its neighbours
    for (const seq of [1, 2]) await this.#putCard(speaker, seq)
  }

  /** What an attacker has planted that an honest peer now believes; empty when nothing. */
  async poisoned(): Promise<string[]> {
    const [, listener] = this.#peers
    const faults: string[] = []
    const { offers } = await this.#victim.peer.client.call<{
      offers: { peer: string; region: string; expires: number }[]
    }>('GET', '/v1/offers')
    if (offers.some(o => o.region === 'evil')) faults.push('the victim lists an advert that it must refuse')
    const own = offers.find(o => o.peer === this.publisher)
    if (own === undefined || own.expires < Date.now() + 200_000)
      faults.push('the newest advert of an honest peer was lost or replaced by an old one')
    const card = await listener?.getCard(this.publisher)
    if (card === undefined || decode(peerCard, card, 'card', 2 ** 14).seq !== 2)
      faults.push('the newest card of an honest peer is not found in the DHT any more')
    return faults
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel()
    await Promise.all(this.#peers.map(p => p.stop()))
  }

  async #join(seed: Uint8Array, bootstrap: PeerAddress): Promise<P2PNetwork> {
    const network = await createPeerNetwork({
      profile: 'light',
      networkId: networkDigest(this.#victim.net.network),
      seed,
      bootstrap: [bootstrap],
      clock: systemClock,
      random: systemRandom,
      log: noLog
    })
    await network.start()
    return network
  }

  async #putCard(network: P2PNetwork, seq: number): Promise<void> {
    const body = {
      v: 1 as const,
      peer: this.publisher,
      operator: this.#person.operator.address,
      beneficiary: this.#person.operator.address,
      recipient: new Uint8Array(32).fill(9),
      profile: 'full' as const,
      addresses: [],
      seq,
      expires: Date.now() + 6 * 3_600_000
    }
    const card = encode(await signCard(body, this.#person.operator, this.#person.identity))
    if (seq === 1) this.oldCard = card
    await network.putCard(card)
  }

  async #ask(from: P2PNetwork, to: PeerAddress): Promise<void> {
    const at = performance.now()
    const n = this.#seq++
    try {
      const signal = AbortSignal.timeout(GIVE_UP_MS)
      if (n % 3 === 0) await from.request(to, 'offers', { known: [] }, signal)
      else
        await from.request(to, 'bids', { offer: ('0x' + randomBytes(32).toString('hex')) as Hex32 }, signal)
      this.#samples.push({ at, ms: performance.now() - at, kind: 'request' })
    } catch {
      this.#samples.push({ at, ms: undefined, kind: 'request' })
    }
  }

  async #publish(from: P2PNetwork): Promise<void> {
    const now = Date.now()
    const seq = now
    const advert = encode(
      await advertOf(this.#person, { seq, region: 'honest', issued: now, expires: now + 300_000 })
    )
    this.published.push(advert)
    if (this.published.length > 200) this.published.splice(50, 1) // the oldest stay: they are what is replayed
    const at = performance.now()
    this.#expected.set(seq, at)
    await from.publish(TOPIC, advert).catch(() => 0)
    systemClock.timer(GIVE_UP_MS, () => {
      if (this.#expected.delete(seq)) this.#samples.push({ at, ms: undefined, kind: 'gossip' })
    })
  }

  #heard(by: P2PNetwork, data: Uint8Array): void {
    if (by !== this.#peers[1]) return
    const { seq, card } = decode(capacityAdvert, data, 'advert', 2 ** 16)
    const at = card.peer === this.publisher ? this.#expected.get(seq) : undefined
    if (at === undefined) return
    this.#expected.delete(seq)
    this.#samples.push({ at, ms: performance.now() - at, kind: 'gossip' })
  }
}
