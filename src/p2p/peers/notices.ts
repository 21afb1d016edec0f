/**
 * Bans against us of which their makers have told. Each speaks for its own connection's identity and for nobody else; while one holds
 * we do not knock at that peer's door, except now and then: it may have ended early.
 */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { evidenceWords } from '../../protocol/evidence.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import { BAN_MAX_MS } from '../../protocol/limits.ts'
import type { RequestOf } from '../../protocol/methods.ts'
import type { BanView, Clock, Logger } from '../../protocol/ports/index.ts'

export const NOTICES_MAX = 256
/** From a notice, or an attempt under it, to the next attempt, ms; each time twice as long. */
export const TRY_MS = 30_000
export const TRY_MAX_MS = 5 * 60_000

interface Notice extends Omit<BanView, 'peer' | 'words' | 'until'> {
  /** Monotonic. */
  readonly ends: number
  readonly nextTry: number
  readonly tries: number
}

export class BanNotices {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #notices = new BoundedMap<PeerIdString, Notice>(NOTICES_MAX)

  constructor(parts: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = parts.clock
    this.#log = parts.log
  }

  /** A peer has told that it bans us, or, with nothing left, that it does so no more. */
  heard(peer: PeerIdString, { kind, seen, left, times }: RequestOf<'farewell'>): void {
    if (left === 0) return this.over(peer)
    const old = this.#of(peer)
    const [now, at] = [this.#clock.monotonic(), this.#clock.now()]
    const ends = now + Math.min(left, BAN_MAX_MS)
    this.#notices.set(peer, { kind, seen, times, at, ends, nextTry: now + TRY_MS, tries: old?.tries ?? 0 })
    if (old?.kind === kind && old.times === times) return // told again
    this.#log.warn(
      { peer, evidence: kind, seen, ms: left },
      `a peer has banned us: it says that we sent ${evidenceWords(kind)}`
    )
  }

  /** It talks to us again. */
  over(peer: PeerIdString): void {
    if (this.#of(peer) !== undefined) this.#log.info({ peer }, 'a peer that had banned us talks to us again')
    this.#notices.delete(peer)
  }

  /** The ban under which a peer holds us now. */
  of(peer: PeerIdString): BanView | undefined {
    const notice = this.#of(peer)
    if (notice === undefined) return undefined
    const { kind, seen, at, times } = notice
    const until = Math.ceil(this.#clock.now() + notice.ends - this.#clock.monotonic())
    return { peer, kind, words: evidenceWords(kind), seen, at, times, until }
  }

  /** Whether a peer may be dialled now; a yes under a ban is one attempt, and the next comes later. */
  mayDial(peer: PeerIdString): boolean {
    const notice = this.#of(peer)
    const now = this.#clock.monotonic()
    if (notice === undefined) return true
    if (notice.nextTry > now) return false
    const tries = notice.tries + 1
    this.#notices.set(peer, {
      ...notice,
      tries,
      nextTry: now + Math.min(TRY_MAX_MS, TRY_MS * 2 ** Math.min(tries, 10))
    })
    return true
  }

  view(): BanView[] {
    return [...this.#notices.entries()].flatMap(([peer]) => this.of(peer) ?? [])
  }

  #of(peer: PeerIdString): Notice | undefined {
    const notice = this.#notices.get(peer)
    if (notice === undefined || notice.ends > this.#clock.monotonic()) return notice
    this.#notices.delete(peer)
    return undefined
  }
}
