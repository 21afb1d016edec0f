/** One peer of the scenario over all its lives: started, killed at its point, started again on the same folder. */
import { createPeer, type Peer } from '../../src/peer/compose.ts'
import { configSchema, type ConfigInput } from '../../src/peer/home/config-schema.ts'
import type { Secrets } from '../../src/peer/home/keystore.ts'
import { layoutOf, type HomeLayout } from '../../src/peer/home/layout.ts'
import { identityFromSeed } from '../../src/p2p/identity.ts'
import type { Address, PeerIdString } from '../../src/protocol/ids.ts'
import type { Clock } from '../../src/protocol/ports/clock.ts'
import type { Engine } from '../../src/protocol/ports/engine.ts'
import type { Logger } from '../../src/protocol/ports/log.ts'
import type { NetworkParameters } from '../../src/protocol/ports/settlement.ts'
import type { Random } from '../../src/protocol/ports/random.ts'
import { operatorAddress } from '../../src/settlement/keys/operator.ts'
import type { RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import type { Busy } from '../support/sim/busy.ts'
import { mortalClock } from '../support/sim/clock.ts'
import { simEngine } from '../support/sim/engine.ts'
import { SimExchange } from '../support/sim/exchange.ts'
import type { Hub } from '../support/sim/hub.ts'
import { faultyBlocks, faultyFiles } from './faulty-files.ts'
import { faultyRpc } from './faulty-rpc.ts'
import { openFaultyStore } from './faulty-store.ts'
import { Life } from './life.ts'
import type { Point } from './points.ts'

/** From a death to the next start, simulated ms. */
const DOWN_MS = 300
/** Starts of one peer in one run: a peer that cannot start is a finding, not a loop. */
const STARTS_MAX = 8

export interface Seat {
  readonly name: string
  readonly secrets: Secrets
  readonly operator: Address
  readonly peer: PeerIdString
  readonly config: ConfigInput
  /** Simulated time between two steps of a task that it runs. */
  readonly stepMs: number
  /** What runs tasks here; the wasm interpreter when absent. */
  readonly engine?: (clock: Clock, stepMs: number) => Engine
}

export function seatOf(name: string, random: Random, config: ConfigInput, stepMs: number): Seat {
  const secrets = {
    identity: random.bytes(32),
    operator: random.bytes(32),
    recipient: random.bytes(32)
  }
  const peer = identityFromSeed(secrets.identity).peerId
  return { name, secrets, operator: operatorAddress(secrets.operator), peer, config, stepMs }
}

/** What all peers of a run share. */
export interface Scene {
  readonly clock: Clock
  readonly busy: Busy
  readonly hub: Hub
  readonly transport: RpcTransport
  readonly network: NetworkParameters
  readonly random: Random
  /** The peer whose journal is late: the planted fault. */
  readonly late: string | undefined
}

export class Slot {
  readonly seat: Seat
  readonly home: HomeLayout
  /** Real milliseconds of every start after the first. */
  readonly readyMs: number[] = []
  /** Why a start failed. */
  readonly refused: Error[] = []
  readonly lines: string[] = []
  readonly first: Life
  readonly #scene: Scene
  #life: Life
  #peer: Peer | undefined
  #ended = Promise.withResolvers<void>()
  #over = false
  #supervisor: Promise<void> = Promise.resolve()

  constructor(scene: Scene, seat: Seat, folder: string, point: Omit<Point, 'side'> | undefined) {
    this.#scene = scene
    this.seat = seat
    this.home = layoutOf(folder)
    this.first = this.#life = new Life(point)
  }

  /** The running peer; undefined while it is down. */
  get peer(): Peer | undefined {
    return this.#life.dead ? undefined : this.#peer
  }
  get life(): Life {
    return this.#life
  }

  /** Keeps the peer running until `stop`; with `once` it stays down after its death. */
  start(once = false): void {
    this.#supervisor = this.#supervise(once)
  }

  /** What the running peer answers; undefined when it is down or dies meanwhile. */
  async ask<T>(question: (peer: Peer) => Promise<T>): Promise<T | undefined> {
    const peer = this.peer
    if (peer === undefined) return undefined
    return await Promise.race([question(peer), this.#life.died.then(() => undefined)])
  }

  async stop(): Promise<void> {
    this.#over = true
    this.#ended.resolve()
    await this.#supervisor
  }

  async #supervise(once: boolean): Promise<void> {
    for (let starts = 1; !this.#over && starts <= STARTS_MAX; starts++) {
      if (starts > 1) this.#life = new Life()
      const life = this.#life
      const begun = performance.now()
      const peer = await Promise.race([this.#bringUp(life), life.died.then(() => undefined)])
      if (peer !== undefined) {
        if (starts > 1) this.readyMs.push(Math.round(performance.now() - begun))
        this.#peer = peer
        await Promise.race([life.died, this.#ended.promise])
        if (!life.dead) await Promise.race([peer.stop(), life.died])
      }
      this.#peer = undefined
      await life.die()
      if (once) return
      await this.#scene.clock.sleep(DOWN_MS)
    }
  }

  /** Undefined when the peer refuses to start: its process would end with the error. */
  async #bringUp(life: Life): Promise<Peer | undefined> {
    try {
      const peer = await this.#compose(life)
      await peer.start()
      return peer
    } catch (e) {
      this.refused.push(e as Error)
      return undefined
    }
  }

  async #compose(life: Life): Promise<Peer> {
    const { busy, hub, random, network, transport } = this.#scene
    const clock = mortalClock(this.#scene.clock, () => life.dead)
    const config = configSchema.parse(this.seat.config)
    const engine = (this.seat.engine ?? simEngine)(clock, this.seat.stepMs)
    const wire = hub.network(this.seat.peer, config.profile)
    life.onDeath(() => hub.cut(wire.port))
    return await createPeer({
      ...{ clock, random, config },
      files: faultyFiles(life, busy),
      log: this.#logger({}),
      home: this.home,
      secrets: this.seat.secrets,
      rpcUrl: 'http://simulated',
      chain: network,
      openStore: folder =>
        openFaultyStore({ folder, life, busy, clock, late: this.#scene.late === this.seat.name }),
      ports: {
        transport: faultyRpc(transport, life),
        engines: new Map([[engine.id, engine]]),
        blockFiles: faultyBlocks(this.home.blocks, life, busy),
        wire: { network: wire, exchange: blocks => new SimExchange(hub, wire.port, blocks) }
      }
    })
  }

  /** Keeps the last lines, for the report of a point that went wrong. */
  #logger(fixed: object): Logger {
    const keep = (level: string) => (fields: object, message: string) => {
      const at = this.#scene.clock.now() % 1_000_000
      const text = JSON.stringify({ ...fixed, ...fields }, (_, v: unknown) =>
        typeof v === 'bigint' ? v.toString() : v instanceof Error ? v.message : v
      )
      this.lines.push(`${at} ${level} ${message} ${text.slice(0, 300)}`)
      if (this.lines.length > 400) this.lines.shift()
    }
    return {
      ...{ debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
      child: fields => this.#logger({ ...fixed, ...fields })
    }
  }
}
