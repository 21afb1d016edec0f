/**
 * Keeps this peer's card signed and fresh: new addresses or half of its life gone, and a new one is made. A full peer gives it to whoever
 * asks: the two sides of a dispute learn so where to wrap their evidence to, of an arbiter that advertises nothing.
 */
import type { Address } from '../protocol/ids.ts'
import { ADDRESSES_MAX, CLOCK_SKEW } from '../protocol/limits.ts'
import type { Startable } from '../protocol/ports/startable.ts'
import { encode } from '../protocol/codec.ts'
import type { PeerCard } from '../protocol/records/card.ts'
import { CardPublisher } from './card-publisher.ts'
import type { PeerContext } from './context.ts'
import { signCard } from './records.ts'

const LIFE_MS = 12 * 60 * 60_000
const LOOK_MS = 30_000

type Ports = Pick<
  PeerContext,
  'clock' | 'random' | 'operator' | 'identity' | 'recipient' | 'network' | 'log' | 'config'
>

export class CardKeeper implements Startable {
  readonly #ports: Ports
  readonly #publisher: CardPublisher
  #card: PeerCard | undefined
  #cancel: (() => void) | undefined
  #unhandle: (() => void) | undefined
  #stop = new AbortController()
  #looking: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
    this.#publisher = new CardPublisher(ports)
  }

  get card(): PeerCard {
    if (this.#card === undefined) throw new Error('the card is made at start')
    return this.#card
  }

  async start(): Promise<void> {
    if (this.#cancel !== undefined) return
    this.#stop = new AbortController()
    await this.#renew()
    const { network } = this.#ports
    if (network.profile === 'full') this.#unhandle = network.handle('card', async () => ({ card: this.card }))
    this.#cancel = this.#ports.clock.every(LOOK_MS, () => {
      this.#looking = this.#looking.then(() => this.#look())
    })
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    this.#unhandle?.()
    this.#unhandle = undefined
    this.#stop.abort()
    await this.#looking
    await this.#publisher.ended()
  }

  async #look(): Promise<void> {
    try {
      const { addresses, expires } = this.card
      const now = this.#addresses()
      const same = now.length === addresses.length && now.every(a => addresses.includes(a))
      const left = expires - this.#ports.clock.now()
      // longer than it was made for: our clock was ahead then, and others refuse it
      if (!same || left < LIFE_MS / 2 || left > LIFE_MS + CLOCK_SKEW) await this.#renew()
    } catch (err) {
      this.#ports.log.warn({ err }, 'the card could not be renewed; trying again')
    }
  }

  #addresses(): string[] {
    return this.#ports.network.addresses().slice(0, ADDRESSES_MAX)
  }

  async #renew(): Promise<void> {
    const { clock, operator, identity, recipient, network, config } = this.#ports
    const now = clock.now()
    this.#card = await signCard(
      {
        v: 1,
        peer: identity.peerId,
        operator: operator.address,
        beneficiary: (config.provider.beneficiary ?? operator.address) as Address,
        recipient: recipient.publicKey,
        profile: network.profile,
        addresses: this.#addresses(),
        // also after the clock was set back
        seq: Math.max(now, (this.#card?.seq ?? 0) + 1),
        expires: now + LIFE_MS
      },
      operator,
      identity
    )
    if (network.profile === 'light') return // not dialable: nobody could use it
    // the DHT is slow when the network is young: nothing waits for it
    this.#publisher.publish(encode(this.#card), this.#stop.signal)
  }
}
