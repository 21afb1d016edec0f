/** All that stands between a stranger's bytes and the libraries, wired to one node. */
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Clock, Conduct } from '../../protocol/ports/index.ts'
import type { Host } from '../host.ts'
import type { Names } from '../names.ts'
import { ConnectionGuard } from './connection-guard.ts'
import { guardDht } from './dht-guard.ts'
import { guardGossip } from './gossip-guard.ts'
import { Offences } from './offences.ts'

const SWEEP_MS = 60_000
/** Bitswap of Helia, which carries no network id. */
const BLOCKS = '/ipfs/bitswap/1.2.0'

export interface GuardsParts {
  readonly host: Host
  readonly names: Names
  readonly clock: Clock
  readonly report: (peer: PeerIdString, conduct: Conduct) => void
  readonly ban: (peer: PeerIdString, why: string) => void
}

export class Guards {
  readonly offences: Offences
  readonly #clock: Clock
  readonly #connections: ConnectionGuard
  #cancel: () => void = () => undefined

  constructor({ host, names, clock, report, ban }: GuardsParts) {
    this.#clock = clock
    this.offences = new Offences({ clock, report, ban })
    this.#connections = new ConnectionGuard({
      libp2p: host,
      offences: this.offences,
      requestPrefix: names.prefix,
      services: [names.dht, `/${names.identifyPrefix}/id/`, `/${names.identifyPrefix}/ping/`],
      blocks: BLOCKS
    })
    guardGossip({ pubsub: host.services.pubsub, offences: this.offences, prefix: names.prefix })
    guardDht(host.services.dht, this.offences)
  }

  start(): void {
    this.#cancel = this.#clock.every(SWEEP_MS, () => this.offences.forgetIdle())
    this.#connections.start()
  }

  stop(): void {
    this.#cancel()
    this.#connections.stop()
  }
}
