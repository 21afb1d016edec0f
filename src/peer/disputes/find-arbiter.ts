/** Finds the peer of an arbiter by its operator address: from adverts, else in the DHT, where arbiters announce themselves. */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address } from '../../protocol/ids.ts'
import { arbiterKey } from '../../protocol/records/evidence.ts'
import type { PeerCard } from '../../protocol/records/card.ts'
import type { PeerContext } from '../context.ts'
import { sameAddress, verifyCard } from '../records.ts'

/** Arbiters remembered. */
const KNOWN_MAX = 64
/** Peers that are asked whether they are the arbiter, in one search. */
const ASKED_MAX = 16

type Ports = Pick<PeerContext, 'network' | 'adverts' | 'typed' | 'identities' | 'clock' | 'log'>

export class ArbiterFinder {
  readonly #ports: Ports
  readonly #known = new BoundedMap<string, PeerCard>(KNOWN_MAX)

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Its card, signed by its operator. NO_PEERS when nobody can be found who has shown to be it. */
  async find(operator: Address, signal: AbortSignal): Promise<PeerCard> {
    const key = operator.toLowerCase()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const found = this.#advertised(operator) ?? (await this.#search(operator, signal))
    if (found === undefined)
      throw new ShoalError('NO_PEERS', `the arbiter ${operator} is not found in the network`, {
        next: 'It must run a peer with arbiter.enabled that others can reach.'
      })
    this.#known.set(key, found)
    return found
  }

  /** It did not answer where it was: the next search begins afresh. */
  forget(operator: Address): void {
    this.#known.delete(operator.toLowerCase())
  }

  #advertised(operator: Address): PeerCard | undefined {
    return this.#ports.adverts.list().find(a => sameAddress(a.card.operator, operator))?.card
  }

  async #search(operator: Address, signal: AbortSignal): Promise<PeerCard | undefined> {
    const { network, log } = this.#ports
    let asked = 0
    for await (const peer of network.findProviders(arbiterKey(operator), signal)) {
      if (++asked > ASKED_MAX) return undefined
      try {
        const { card } = await network.request(peer, 'card', {}, signal)
        await verifyCard(card, this.#ports)
        if (card.peer === peer.peer && sameAddress(card.operator, operator)) return card
      } catch (err) {
        log.debug({ err, peer: peer.peer }, 'a peer that was said to be an arbiter could not be asked')
      }
    }
    return undefined
  }
}
