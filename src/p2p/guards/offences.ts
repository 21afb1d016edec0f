/**
 * The one place where something is held against a peer. Every act is counted by its kind (src/protocol/evidence.ts), enough of them
 * are a ban, and a kind that several well-behaved peers meet at once is taken for a fault of our own measure: it bans nobody for a
 * while, and its bans are lifted.
 */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { evidenceKinds, evidenceWords, type EvidenceKind } from '../../protocol/evidence.ts'
import type { Clock, Logger } from '../../protocol/ports/index.ts'
import { Quotas } from '../engine/quota.ts'
import type { Budget } from './limits.ts'
import type { OwnTroubles } from './own-troubles.ts'

/** So many independent, well-behaved peers that meet the same kind of evidence within DOUBT_WITHIN_MS make it doubtful. */
export const DOUBT_AT = 3
export const DOUBT_WITHIN_MS = 10 * 60_000
/** How long a doubted kind bans nobody. */
export const DOUBT_MS = 60 * 60_000
/** Peers remembered for each kind. */
const MET_MAX = 64
/** Names of budgets that are counted; there are some forty, with one for each method. */
const LIMITED_MAX = 256

export interface OffenceParts {
  readonly clock: Clock
  readonly log: Logger
  readonly troubles: Pick<OwnTroubles, 'lateMs'>
  /** Counts one act of weight `few`; true when there are enough for a ban. */
  readonly strike: (peer: string) => boolean
  readonly ban: (peer: string, kind: EvidenceKind, seen: string) => void
  /** Ends all bans of a kind. */
  readonly lift: (kind: EvidenceKind) => void
  /** Whether a peer has served us well for some time; and where it is, as far as that is known. */
  readonly wellBehaved: (peer: string) => boolean
  readonly hostOf: (peer: string) => string | undefined
}

export class Offences {
  readonly #parts: OffenceParts
  readonly #quotas: Quotas
  readonly #counts = new Map<EvidenceKind, number>()
  readonly #limited = new BoundedMap<string, number>(LIMITED_MAX)
  /** Well-behaved peers that met a kind: their host, or the peer itself where that is this machine, with the time. */
  readonly #met = new Map<EvidenceKind, BoundedMap<string, number>>()
  /** Kinds in doubt, with the end of it. */
  readonly #doubted = new Map<EvidenceKind, number>()

  constructor(parts: OffenceParts) {
    this.#parts = parts
    this.#quotas = new Quotas(parts.clock, undefined, within => parts.troubles.lateMs(within))
  }

  /** Acts of each kind since the start. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts)
  }

  /** How often each budget was used up. */
  get limited(): Record<string, number> {
    return Object.fromEntries(this.#limited.entries())
  }

  get doubted(): EvidenceKind[] {
    const now = this.#parts.clock.monotonic()
    return [...this.#doubted].filter(([, until]) => until > now).map(([kind]) => kind)
  }

  /** Takes `cost` from a budget; false when it is used up: then it is dropped or refused. Above the budget's flood it is a ban. */
  within(peer: string, what: string, budget: Budget, cost = 1): boolean {
    if (cost === 0) return true
    const { flood, windowMs, kind } = budget
    const fits = this.#quotas.take(peer, what, budget, cost)
    if (!fits) this.note(what)
    const whole = { count: flood, windowMs }
    if (!this.#quotas.take(peer, `${what} in all`, whole, Math.min(cost, flood)))
      this.prove(peer, kind, `more than ${flood} ${what} in ${windowMs / 1_000} s`)
    return fits
  }

  /** Whether a budget is used up, without taking anything from it. */
  isSpent(peer: string, what: string, budget: Budget): boolean {
    return this.#quotas.level(peer, what, budget) < 1
  }

  /** Counts that something was put off or dropped, and nothing else. */
  note(what: string): void {
    this.#limited.set(what, (this.#limited.get(what) ?? 0) + 1)
  }

  /** An act that only an attacker's program produces. */
  prove(peer: string, kind: EvidenceKind, seen: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    this.#meet(peer, kind)
    if (this.#isDoubted(kind)) return
    const enough = evidenceKinds[kind].weight === 'once' || this.#parts.strike(peer)
    if (enough) this.#parts.ban(peer, kind, seen)
  }

  forgetIdle(): void {
    this.#quotas.forgetIdle()
  }

  #isDoubted(kind: EvidenceKind): boolean {
    return (this.#doubted.get(kind) ?? 0) > this.#parts.clock.monotonic()
  }

  /** Notes that a well-behaved peer met a kind, and draws the conclusion when there are several. */
  #meet(peer: string, kind: EvidenceKind): void {
    const { clock, log, wellBehaved, hostOf, lift } = this.#parts
    if (!wellBehaved(peer)) return
    const now = clock.monotonic()
    const met = this.#met.get(kind) ?? new BoundedMap<string, number>(MET_MAX)
    this.#met.set(kind, met)
    met.set(hostOf(peer) ?? peer, now)
    met.prune(at => at < now - DOUBT_WITHIN_MS)
    if (met.size < DOUBT_AT || this.#isDoubted(kind)) return
    this.#doubted.set(kind, now + DOUBT_MS)
    log.error(
      { evidence: kind, peers: met.size, ms: DOUBT_MS },
      `several well-behaved peers have sent ${evidenceWords(kind)}: our measure is wrong, it bans nobody for a while`
    )
    lift(kind)
  }
}
