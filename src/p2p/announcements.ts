/**
 * What this peer has announced in the DHT. kad-dht repeats announcements for ever; ours are for offers and the like, which live an
 * hour at most, so each is withdrawn when what it is for has ended.
 */
import type { Libp2p } from '@libp2p/interface'
import type { LevelDatastore } from 'datastore-level'
import type { CID } from 'multiformats/cid'
import type { Clock, Logger } from '../protocol/ports/index.ts'

/** Offers live at most an hour (OFFER_TTL_MAX); the record at other peers outlives them. */
export const ANNOUNCEMENT_MS = 2 * 60 * 60_000
const ANNOUNCEMENTS_MAX = 4_096
const SWEEP_MS = 60_000
/** Where kad-dht keeps provider records; the last part of a key is the provider. */
const PROVIDERS_PREFIX = '/dht/provider'

export interface AnnouncementParts {
  readonly libp2p: Libp2p
  readonly clock: Clock
  readonly log: Logger
}

export class Announcements {
  readonly #parts: AnnouncementParts
  /** Key to its CID and end (monotonic ms), the oldest first. */
  readonly #live = new Map<string, { cid: CID; ends: number }>()
  #cancel: () => void = () => undefined

  constructor(parts: AnnouncementParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#live.size
  }

  start(): void {
    this.#cancel()
    this.#cancel = this.#parts.clock.every(SWEEP_MS, () => this.#sweep())
  }

  stop(): void {
    this.#cancel()
    this.#live.clear()
  }

  /** It is withdrawn `ms` from now, and no later than ANNOUNCEMENT_MS. */
  add(key: string, cid: CID, ms: number): void {
    this.#live.delete(key)
    const ends = this.#parts.clock.monotonic() + Math.min(ms, ANNOUNCEMENT_MS)
    this.#live.set(key, { cid, ends })
    for (const [oldest] of this.#live) {
      if (this.#live.size <= ANNOUNCEMENTS_MAX) return
      this.#withdraw(oldest)
    }
  }

  #sweep(): void {
    const now = this.#parts.clock.monotonic()
    for (const [key, { ends }] of this.#live) if (ends <= now) this.#withdraw(key)
  }

  #withdraw(key: string): void {
    const cid = this.#live.get(key)?.cid
    this.#live.delete(key)
    if (cid === undefined) return
    this.#parts.libp2p.contentRouting.cancelReprovide(cid).catch((error: unknown) => {
      this.#parts.log.debug({ error, key }, 'could not withdraw an announcement')
    })
  }
}

/** Removes our own announcements of an earlier run from a stored DHT: what they were for has ended or is announced again. */
export async function forgetOldAnnouncements(datastore: LevelDatastore, self: string): Promise<void> {
  const own = []
  for await (const key of datastore.queryKeys({ prefix: PROVIDERS_PREFIX })) {
    if (key.toString().endsWith(`/${self}`)) own.push(key)
  }
  for (const key of own) await datastore.delete(key)
}
