/** All that stands between a stranger's bytes and the libraries, wired to one node; and what keeps our own libraries within it. */
import type { Clock } from '../../protocol/ports/index.ts'
import type { Host } from '../host.ts'
import type { Names } from '../names.ts'
import { ConnectionGuard } from './connection-guard.ts'
import { guardDht } from './dht-guard.ts'
import { paceDht } from './dht-pace.ts'
import { guardGossip } from './gossip-guard.ts'
import { boundGossip } from './gossip-out.ts'
import type { Offences } from './offences.ts'

const SWEEP_MS = 60_000
/** Bitswap of Helia, which carries no network id. */
const BLOCKS = '/ipfs/bitswap/1.2.0'

export interface GuardsParts {
  readonly host: Host
  readonly names: Names
  readonly clock: Clock
  readonly offences: Offences
  readonly banned: (peer: string) => boolean
}

export class Guards {
  readonly #clock: Clock
  readonly #offences: Offences
  readonly #connections: ConnectionGuard
  #cancel: () => void = () => undefined

  constructor({ host, names, clock, offences, banned }: GuardsParts) {
    this.#clock = clock
    this.#offences = offences
    this.#connections = new ConnectionGuard({
      ...{ libp2p: host, offences, banned },
      requestPrefix: names.prefix,
      services: [names.dht, `/${names.identifyPrefix}/id/`, `/${names.identifyPrefix}/ping/`],
      blocks: BLOCKS,
      dht: names.dht
    })
    guardGossip({ pubsub: host.services.pubsub, offences, prefix: names.prefix })
    boundGossip(host.services.pubsub)
    guardDht(host.services.dht, offences)
    paceDht(host.services.dht, clock)
  }

  start(): void {
    this.#cancel = this.#clock.every(SWEEP_MS, () => this.#offences.forgetIdle())
    this.#connections.start()
  }

  stop(): void {
    this.#cancel()
    this.#connections.stop()
  }
}
