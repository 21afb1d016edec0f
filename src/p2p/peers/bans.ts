/** Who is banned, for what evidence, until when. Bounded; kept for a while after the end, so that a next ban is longer. */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { evidenceWords } from '../../protocol/evidence.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import { BAN_MAX_MS } from '../../protocol/limits.ts'
import type { BanView, Clock } from '../../protocol/ports/index.ts'

export { BAN_MAX_MS }
/** How long a first ban lasts, ms; each further one of the same peer twice as long, up to BAN_MAX_MS. */
export const BAN_MS = 30 * 60_000
/** Bans remembered. */
export const BANS_MAX = 1_024

/** What a ban rests on. */
export interface Evidence {
  /** A code of src/protocol/evidence.ts. */
  readonly kind: string
  /** What was seen, in at most SEEN_MAX characters; empty in bans of an older version. */
  readonly seen: string
  /** Wall clock, ms. */
  readonly at: number
}

interface Ban extends Evidence {
  /** Monotonic. */
  readonly until: number
  readonly times: number
}

/** A ban in force. */
export interface BanLeft extends Evidence {
  readonly peer: string
  /** ms. */
  readonly left: number
  readonly times: number
}

export class Bans {
  readonly #clock: Clock
  readonly #bans: BoundedMap<string, Ban>

  constructor(clock: Clock, max = BANS_MAX) {
    this.#clock = clock
    this.#bans = new BoundedMap(max)
  }

  /** Bans now; false when the peer is banned already. */
  add(peer: string, evidence: Evidence): boolean {
    if (this.has(peer)) return false
    const times = (this.#bans.get(peer)?.times ?? 0) + 1
    const until = this.#clock.monotonic() + Math.min(BAN_MAX_MS, BAN_MS * 2 ** (times - 1))
    this.#bans.set(peer, { ...evidence, until, times })
    return true
  }

  has(peer: string): boolean {
    const ban = this.#bans.get(peer)
    return ban !== undefined && ban.until > this.#clock.monotonic()
  }

  /** The ban of a peer while it holds. */
  of(peer: string): BanLeft | undefined {
    const ban = this.#bans.get(peer)
    const left = (ban?.until ?? 0) - this.#clock.monotonic()
    if (ban === undefined || left <= 0) return undefined
    const { kind, seen, at, times } = ban
    return { peer, kind, seen, at, times, left }
  }

  /** Bans in force. */
  list(): BanLeft[] {
    return [...this.#bans.entries()].flatMap(([peer]) => this.of(peer) ?? [])
  }

  view(): BanView[] {
    const now = this.#clock.now()
    return this.list().map(({ left, peer, ...ban }) => ({
      ...ban,
      peer: peer as PeerIdString,
      words: evidenceWords(ban.kind),
      until: Math.ceil(now + left)
    }))
  }

  /** Takes up a ban of an earlier run. */
  restore({ peer, left, ...ban }: BanLeft): void {
    this.#bans.set(peer, { ...ban, until: this.#clock.monotonic() + Math.min(left, BAN_MAX_MS) })
  }

  /** Ends a ban and forgets that there was one: it was wrong. False when there is none. */
  lift(peer: string): boolean {
    return this.has(peer) && this.#bans.delete(peer)
  }

  /** The same for all bans of a kind; whose they were. */
  liftKind(kind: string): string[] {
    const wrong = this.list().filter(b => b.kind === kind)
    for (const { peer } of wrong) this.lift(peer)
    return wrong.map(b => b.peer)
  }

  /** Forgets bans that ended long ago. */
  forget(): void {
    const now = this.#clock.monotonic()
    this.#bans.prune(ban => ban.until + BAN_MAX_MS <= now)
  }
}
