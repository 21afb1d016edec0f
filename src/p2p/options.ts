/** What a peer's network is made of, and its defaults. */
import type { Clock, Files, Logger, PeerAddress, Profile, Random } from '../protocol/ports/index.ts'
import type { EngineLimits } from './engine/limits.ts'
import type { ConnectionTargets } from './peers/manager.ts'

export interface NetworkOptions {
  readonly profile: Profile
  /** 1 to 32 characters of a-z, 0-9 and `-`. Peers of different networks never talk. */
  readonly networkId: string
  /** 32 bytes: the network identity. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on; default: TCP and WebSocket on all interfaces, free ports. A light peer never listens. */
  readonly listen?: readonly string[]
  /** Multiaddrs to announce instead of those listened on. */
  readonly announce?: readonly string[]
  /** Where to begin: multiaddrs or peers with addresses. */
  readonly bootstrap?: readonly (PeerAddress | string)[]
  /** Find peers in the local network; default false. */
  readonly mdns?: boolean
  /** Folder of the stored peer book, DHT records and bans; in memory without it. */
  readonly folder?: string
  /** Writes the bans into the folder; without it they end with this run. */
  readonly files?: Files
  readonly targets?: ConnectionTargets
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly limits?: Partial<EngineLimits>
}

export const DEFAULT_LISTEN = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws']
/** A gossip mesh wants 6 peers and the DHT 20 near ones; libp2p's DHT dials some by itself. */

export const defaultTargets: Readonly<Record<Profile, ConnectionTargets>> = {
  full: { min: 8, max: 200 },
  light: { min: 4, max: 48 }
}
