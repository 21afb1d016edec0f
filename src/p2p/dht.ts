/** What we use of the DHT: who holds something under a digest, and peers' own cards. Every query ends in bounded time. */
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { PeerResponseEvent } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { asShoalError, isShoalError, ShoalError } from '../protocol/errors.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import { ADDRESSES_MAX } from '../protocol/limits.ts'
import type { Clock, PeerAddress } from '../protocol/ports/index.ts'
import { abortReason, deadline, within } from '../protocol/signals.ts'
import { ANNOUNCEMENT_MS, type Announcements } from './announcements.ts'
import { cardKey, verifyCard } from './cards.ts'

const SHA2_256 = 0x12
/** A provide walks to the 20 closest peers and writes to each: 2.6 s median at 100 peers on one machine. */
const PROVIDE_MS = 20_000
const FIND_MS = 15_000
const PUT_MS = 20_000
const GET_MS = 10_000
/** A peer that is connected but new may not have met the DHT yet: how long a query waits for its first neighbour. */
const FIRST_NEIGHBOUR_MS = 3_000
const FIRST_NEIGHBOUR_LOOK_MS = 50
/** Providers yielded at most for one key. */
const PROVIDERS_MAX = 64

/** The CID under which a digest is announced: raw, sha2-256. RECORD_INVALID when it is not 32 bytes of hex. */
export function cidOfDigest(key: string): CID {
  if (!/^(0x)?[0-9a-f]{64}$/.test(key))
    throw new ShoalError('RECORD_INVALID', 'A DHT key is 32 bytes in hex.')
  const digest = new Uint8Array(Buffer.from(key.slice(-64), 'hex'))
  return CID.createV1(raw.code, createDigest(SHA2_256, digest))
}

export interface DhtParts {
  readonly libp2p: Libp2p
  readonly clock: Clock
  /** DHT servers in our routing table. */
  readonly known: () => number
  /** Stores a record here and at the peers nearest to its key, and tells what each of them answered (kad-dht's own events). */
  readonly put: (
    key: Uint8Array,
    value: Uint8Array,
    options: { signal: AbortSignal }
  ) => AsyncIterable<unknown>
  /** The DHT's protocol id. */
  readonly protocol: string
  readonly announcements: Announcements
}

export class Dht {
  readonly #libp2p: Libp2p
  readonly #clock: Clock
  readonly #known: () => number
  readonly #put: DhtParts['put']
  readonly #protocol: string
  readonly #announcements: Announcements

  constructor(parts: DhtParts) {
    this.#libp2p = parts.libp2p
    this.#clock = parts.clock
    this.#known = parts.known
    this.#put = parts.put
    this.#protocol = parts.protocol
    this.#announcements = parts.announcements
  }

  /** Announces that we hold something under a digest, for so many ms. A light peer has no addresses: others ignore it. */
  async provide(key: string, signal?: AbortSignal, ms = ANNOUNCEMENT_MS): Promise<void> {
    const cid = cidOfDigest(key)
    await this.#within(PROVIDE_MS, 'The DHT did not take the announcement.', signal, async s => {
      await this.#libp2p.contentRouting.provide(cid, { signal: s })
      this.#announcements.add(key, cid, ms)
    })
  }

  /** Each provider once, without ourselves, as the answers come. Ends after some seconds. */
  async *findProviders(key: string, signal?: AbortSignal): AsyncGenerator<PeerAddress> {
    const cid = cidOfDigest(key)
    const scope = deadline(this.#clock, FIND_MS, 'REQUEST_TIMEOUT', 'The search is over.', signal)
    const seen = new Set([this.#libp2p.peerId.toString()])
    try {
      await this.#neighbour(scope.signal)
      for await (const found of this.#libp2p.contentRouting.findProviders(cid, { signal: scope.signal })) {
        const peer = found.id.toString() as PeerIdString
        if (seen.has(peer)) continue
        seen.add(peer)
        yield { peer, addresses: [...new Set(found.multiaddrs.map(String))].slice(0, ADDRESSES_MAX) }
        if (seen.size > PROVIDERS_MAX) return
      }
    } catch (cause) {
      if (signal?.aborted === true) throw abortReason(signal)
      if (!scope.signal.aborted) throw asShoalError(cause, 'NO_PEERS')
      // the time for a search is over: what was found was yielded
    } finally {
      scope[Symbol.dispose]()
    }
  }

  /**
   * Stores our own card. Checked here first, since the DHT itself takes forged records without a word. The number of other peers
   * that stored it: 0 when there was nobody, which is no error.
   */
  async putCard(card: Uint8Array, signal?: AbortSignal): Promise<number> {
    const peer = this.#libp2p.peerId.toString() as PeerIdString
    await verifyCard(card, peer, this.#clock)
    const stored = new Set<string>()
    try {
      await this.#within(PUT_MS, 'The DHT did not take the card.', signal, async s => {
        for await (const event of this.#put(cardKey(peer), card, { signal: s })) {
          const by = storedBy(event)
          if (by !== undefined && by !== peer) stored.add(by)
        }
      })
    } catch (cause) {
      // the time is over with some peers silent: what the others stored stays stored
      if (stored.size === 0 || !isShoalError(cause, 'REQUEST_TIMEOUT')) throw cause
    }
    return stored.size
  }

  /** The newest valid card of a peer, or undefined. */
  async getCard(peer: PeerIdString, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      return await this.#within(GET_MS, 'The DHT did not answer.', signal, async s => {
        const card = await this.#libp2p.contentRouting.get(cardKey(peer), { signal: s })
        await verifyCard(card, peer, this.#clock)
        return card
      })
    } catch (cause) {
      if (signal?.aborted === true) throw abortReason(signal)
      return undefined // nothing found, nothing valid found, or nobody to ask
    }
  }

  async #within<T>(
    ms: number,
    message: string,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const scope = deadline(this.#clock, ms, 'REQUEST_TIMEOUT', message, signal)
    try {
      return await within(scope, async s => {
        await this.#neighbour(s)
        return await run(s)
      })
    } catch (cause) {
      if (scope.signal.aborted) throw abortReason(scope.signal)
      throw asShoalError(cause, 'NO_PEERS')
    }
  }

  /** Waits a moment for the first neighbour in the DHT when there is somebody who could be it. */
  async #neighbour(signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + FIRST_NEIGHBOUR_MS
    while (this.#known() === 0 && this.#clock.monotonic() < end && (await this.#neighbourNear())) {
      await this.#clock.sleep(FIRST_NEIGHBOUR_LOOK_MS, signal)
    }
  }

  async #protocolsOf(peer: PeerId): Promise<readonly string[]> {
    try {
      return (await this.#libp2p.peerStore.get(peer)).protocols
    } catch {
      return [] // not in the peer book yet
    }
  }

  /** Whether a connected peer serves the DHT or has not said yet what it serves. */
  async #neighbourNear(): Promise<boolean> {
    for (const peer of this.#libp2p.getPeers()) {
      const protocols = await this.#protocolsOf(peer)
      if (protocols.length === 0 || protocols.includes(this.#protocol)) return true
    }
    return false
  }
}

/** Which peer says in this event of kad-dht that it has stored a record; it then sends the record back. */
function storedBy(event: unknown): string | undefined {
  const { name, messageName, record, from } = event as Partial<PeerResponseEvent>
  const stored = name === 'PEER_RESPONSE' && messageName === 'PUT_VALUE' && record !== undefined
  return stored ? from?.toString() : undefined
}
