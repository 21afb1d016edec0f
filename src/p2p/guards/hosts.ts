/**
 * Who may connect: banned peers may not, and no single host may take all places or handshakes, or send one banned identity after
 * the other. A program of this very machine can do worse than that, and devnets run there: 127.0.0.1 and ::1 are not counted.
 */
import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../protocol/ports/index.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { Quotas } from '../engine/quota.ts'
import { guardLimits } from './limits.ts'

/** Hosts remembered. */
const HOSTS_MAX = 4_096
const OWN_MACHINE = new Set(['127.0.0.1', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])

/** The IP address at the beginning of a multiaddr; undefined for none, and for this very machine. */
export function hostOf(address: Multiaddr): string | undefined {
  const [first] = address.getComponents()
  if (first === undefined || (first.name !== 'ip4' && first.name !== 'ip6')) return undefined
  return first.value === undefined || OWN_MACHINE.has(first.value) ? undefined : first.value
}

export interface HostsParts {
  readonly clock: Clock
  readonly banned: (peer: string) => boolean
  /** Whether a banned peer may come in to be told that it is banned. */
  readonly mayTell: (peer: string) => boolean
  /** A stranger that came without saying who it is, and waits for a while. */
  readonly resting: (peer: string) => boolean
  /** Connections at most, over all hosts. */
  readonly max: number
}

interface Presence {
  readonly pending: Set<MultiaddrConnection>
  readonly open: Set<MultiaddrConnection>
}

export class Hosts {
  readonly #parts: HostsParts
  readonly #here = new Map<string, Presence>()
  readonly #peers = new Map<string, Set<MultiaddrConnection>>()
  readonly #strikes: Quotas
  readonly #refused: BoundedMap<string, { until: number; times: number }>

  constructor(parts: HostsParts) {
    this.#parts = parts
    this.#strikes = new Quotas(parts.clock, HOSTS_MAX)
    this.#refused = new BoundedMap(HOSTS_MAX)
  }

  /** Hosts with at least one connection or handshake. */
  get size(): number {
    return this.#here.size
  }

  /** One of a host's peers was banned. */
  banned(address: Multiaddr): void {
    const host = hostOf(address)
    if (host !== undefined && !this.#strikes.take(host, 'bans', guardLimits.hosts.bans)) this.#refuse(host)
  }

  isRefused(host: string): boolean {
    return (this.#refused.get(host)?.until ?? 0) > this.#parts.clock.monotonic()
  }

  /** Banned peers are neither dialled nor let in, but for being told. libp2p's default would also refuse private addresses in browsers. */
  gater(): ConnectionGater {
    const banned = (peer: PeerId): boolean => this.#parts.banned(peer.toString())
    return {
      denyDialMultiaddr: () => false,
      denyDialPeer: banned,
      denyOutboundEncryptedConnection: banned,
      denyInboundConnection: connection => this.#denyHost(connection),
      denyInboundEncryptedConnection: (peer, connection) => this.#denyPeer(peer.toString(), connection),
      denyInboundUpgradedConnection: (_, connection) => this.#upgraded(connection)
    }
  }

  #denyHost(connection: MultiaddrConnection): boolean {
    const host = hostOf(connection.remoteAddr)
    if (host === undefined) return false
    if (this.isRefused(host)) return true
    const { pendingMax, share } = guardLimits.hosts
    const here = this.#here.get(host) ?? { pending: new Set(), open: new Set() }
    if (here.pending.size >= pendingMax) return true
    if (here.pending.size + here.open.size >= this.#parts.max * share) return true
    this.#here.set(host, here)
    here.pending.add(connection)
    connection.addEventListener('close', () => {
      here.pending.delete(connection)
      here.open.delete(connection)
      if (here.pending.size + here.open.size === 0) this.#here.delete(host)
    })
    return false
  }

  #denyPeer(peer: string, connection: MultiaddrConnection): boolean {
    const host = hostOf(connection.remoteAddr)
    const { banned, mayTell, resting } = this.#parts
    if (resting(peer) || (banned(peer) && !mayTell(peer))) {
      if (host !== undefined && !this.#strikes.take(host, 'knocks', guardLimits.hosts.knocks))
        this.#refuse(host)
      return true
    }
    const own = this.#peers.get(peer) ?? new Set()
    if (own.size >= guardLimits.hosts.perPeer) return true
    this.#peers.set(peer, own.add(connection))
    connection.addEventListener('close', () => {
      own.delete(connection)
      if (own.size === 0) this.#peers.delete(peer)
    })
    return false
  }

  #upgraded(connection: MultiaddrConnection): boolean {
    const here = this.#here.get(hostOf(connection.remoteAddr) ?? '')
    if (here?.pending.delete(connection) === true) here.open.add(connection)
    return false
  }

  /** Each time twice as long. */
  #refuse(host: string): void {
    if (this.isRefused(host)) return
    const { refusedMs, refusedMaxMs } = guardLimits.hosts
    const times = this.#refused.get(host)?.times ?? 0
    const until = this.#parts.clock.monotonic() + Math.min(refusedMaxMs, refusedMs * 2 ** times)
    this.#refused.set(host, { until, times: times + 1 })
  }
}
