/**
 * What this peer has announced in the DHT. kad-dht repeats announcements for ever; ours are for offers and the like, which live an
 * hour, so each is withdrawn after a while.
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
  /** CID text to its CID and end, the oldest first. */
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

  add(cid: CID): void {
    const key = cid.toString()
    this.#live.delete(key)
    this.#live.set(key, { cid, ends: this.#parts.clock.monotonic() + ANNOUNCEMENT_MS })
    this.#sweep()
  }

  #sweep(): void {
    const now = this.#parts.clock.monotonic()
    for (const [key, { cid, ends }] of this.#live) {
      if (ends > now && this.#live.size <= ANNOUNCEMENTS_MAX) return
      this.#live.delete(key)
      this.#parts.libp2p.contentRouting.cancelReprovide(cid).catch((error: unknown) => {
        this.#parts.log.debug({ error, cid: key }, 'could not withdraw an announcement')
      })
    }
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
