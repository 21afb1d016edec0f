/** A network in memory that joins real peers: requests and frames pass through the wire's own schemas; who is gone is unreachable. */
import { decode, encode, type Schema } from '../../../src/protocol/codec.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { PeerIdString } from '../../../src/protocol/ids.ts'
import { methods, type MethodName } from '../../../src/protocol/methods.ts'
import type { PeerAddress, PeerNetwork, Profile, Verdict } from '../../../src/protocol/ports/network.ts'
import type { Blocks } from '../../../src/storage/blocks.ts'
import { SimNetwork } from './network.ts'

export type Subscriber = (data: Uint8Array, from: PeerIdString) => Promise<Verdict>
export type AnyHandler = (request: unknown, context: { from: PeerIdString; signal: AbortSignal }) => unknown

/** One peer's end while it lives. */
export interface Port {
  readonly id: PeerIdString
  readonly profile: Profile
  readonly gone: AbortController
  readonly handlers: Map<MethodName, AnyHandler>
  readonly topics: Map<string, Set<Subscriber>>
  readonly watchers: Set<(peer: PeerIdString, connected: boolean) => void>
  readonly provided: Set<string>
  blocks: Blocks | undefined
}

export const unreachable = (peer: string): ShoalError =>
  new ShoalError('PEER_UNREACHABLE', `${peer.slice(-6)} is not there`)

/** Hops so far, over all networks: tells whether anything was sent since. */
export const hops = { count: 0 }

/** One pass through the event loop: a hop of the network. */
export const hop = (): Promise<void> => {
  hops.count++
  return new Promise(resolve => setImmediate(resolve))
}

/** What arrives at the other end: the same record, from its bytes. */
export function across<T>(schema: unknown, value: T, what: string, max: number): T {
  const bytes = encode(value)
  if (bytes.byteLength > max) throw new ShoalError('FRAME_TOO_LARGE', `${what} has ${bytes.byteLength} bytes`)
  return decode(schema as Schema<T>, bytes, what, max)
}

export const rowOf = (name: MethodName): (typeof methods)[MethodName] => methods[name]

export class Hub {
  readonly #ports = new Map<PeerIdString, Port>()

  /** A network for one life of a peer; it is reachable from `start` until `stop` or `cut`. */
  network(id: PeerIdString, profile: Profile): PeerNetwork & { readonly port: Port } {
    const port: Port = {
      id,
      profile,
      gone: new AbortController(),
      handlers: new Map(),
      topics: new Map(),
      watchers: new Set(),
      provided: new Set(),
      blocks: undefined
    }
    return new SimNetwork(this, port)
  }

  attach(port: Port): void {
    this.#ports.set(port.id, port)
    for (const other of this.others(port)) {
      for (const heard of other.watchers) heard(port.id, true)
      for (const heard of port.watchers) heard(other.id, true)
    }
  }

  /** The end of a port, as a death is seen from outside: streams and requests break at once. */
  cut(port: Port): void {
    if (this.#ports.get(port.id) !== port) return
    this.#ports.delete(port.id)
    port.gone.abort(unreachable(port.id))
    for (const other of this.#ports.values()) for (const heard of other.watchers) heard(port.id, false)
  }

  /** Peers behind a router: they reach others and nobody reaches them. */
  readonly hidden = new Set<PeerIdString>()

  find(to: Pick<PeerAddress, 'peer'>): Port {
    const port = this.#ports.get(to.peer)
    if (port === undefined || this.hidden.has(to.peer)) throw unreachable(to.peer)
    return port
  }

  has(peer: PeerIdString): boolean {
    return this.#ports.has(peer)
  }

  others(port: Port): Port[] {
    return [...this.#ports.values()].filter(p => p !== port)
  }

  alive(port: Port): boolean {
    return this.#ports.get(port.id) === port
  }
}
