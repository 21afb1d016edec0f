/** Finds providers for the open seats of one job: waits for its turn, runs a round, proposes what it has given out. */
import { reasonsAgainst } from '../../market/expected.ts'
import { refusal } from '../../market/eligibility.ts'
import { ruleIds } from '../../market/award.ts'
import { weighed } from '../../market/weighed.ts'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Address, Hex32 } from '../../protocol/ids.ts'
import type { OfferBody } from '../../protocol/records/offer.ts'
import { linked } from '../../protocol/signals.ts'
import type { PeerContext } from '../context.ts'
import type { AwardEntry, ExecutionEntry } from '../journal/entries.ts'
import { proposeExecution } from './agree.ts'
import { bidOf, matchRound, STAND_MS } from './award.ts'
import type { BidBook } from './bid-book.ts'
import type { Claims } from './claims.ts'
import type { JobRecord } from './job-record.ts'
import { whyNobody } from './nobody.ts'
import { offerBody } from './offer.ts'
import { unreliable, type Seat } from './seats.ts'
import type { Turns } from './turns.ts'

/** What all jobs of a requester share. */
export interface Market {
  readonly book: BidBook
  readonly claims: Claims
  readonly turns: Turns
}

export interface MatcherParts {
  readonly ctx: PeerContext
  readonly market: Market
  readonly record: JobRecord
  readonly executions: () => ExecutionEntry[]
  /** Seats that nobody holds; `forgiving` after a round that filled nothing. */
  readonly open: (forgiving: boolean) => Seat[]
  readonly add: (entry: ExecutionEntry, signal: AbortSignal) => void
}

/** How long a job waits for a slot before its history says so, ms. */
const SAY_MS = 3_000
/** Shortest time for which an offer stands, ms. */
const STAND_MIN_MS = 1_000
const EXCLUDED_MAX = 128

export class Matcher {
  readonly #parts: MatcherParts
  /** The last round filled nothing: old failures are forgiven. */
  #dry = false
  /** Why nobody bid in the last round; empty when somebody did. */
  #nobody = ''
  #running: Promise<void> | undefined
  readonly #leaving = new AbortController()

  constructor(parts: MatcherParts) {
    this.#parts = parts
  }

  /** The last round filled nothing: whoever failed before gets another chance. */
  get forgiving(): boolean {
    return this.#dry
  }

  /** Ends when no round is under way. */
  get running(): Promise<void> | undefined {
    return this.#running
  }

  /** Begins to look for providers, unless that is under way already. */
  start(signal: AbortSignal): void {
    this.#running ??= this.#round(signal).finally(() => (this.#running = undefined))
  }

  /** The job looks for nobody any more: a round under way ends. Harmless twice. */
  leave(): void {
    if (!this.#leaving.signal.aborted)
      this.#leaving.abort(new ShoalError('CANCELLED', 'The job looks for nobody any more.'))
  }

  /** Why nobody takes the seats that are open, for the person who waits. */
  why(): string {
    if (this.#nobody !== '') return this.#nobody
    const offer = this.#body(this.#parts.open(this.#dry).length)
    return reasonsAgainst(offer, this.#parts.ctx.adverts.list(), ruleIds).has('none')
      ? ''
      : whyNobody(this.#parts.ctx, offer)
  }

  #excluded(): Address[] {
    const { record, executions } = this.#parts
    const lost = this.#dry ? [] : unreliable(executions())
    return [...record.entry.plan.match.avoid, ...lost].slice(0, EXCLUDED_MAX)
  }

  #body(seats: number): OfferBody {
    const { ctx, record } = this.#parts
    return offerBody(ctx, record.entry, record.entry.rounds + 1, seats, this.#excluded())
  }

  /** Slots that are free for this job, as far as adverts tell; undefined while they tell nothing. */
  #free(): number | undefined {
    const { ctx, market } = this.#parts
    const { adverts } = ctx
    const list = adverts.settled ? adverts.list(this.#parts.record.entry.plan.class) : []
    if (list.length === 0) return undefined
    const offer = this.#body(1)
    const { bans, bannedBy } = ctx.network.health()
    const apart = new Set([...bans, ...bannedBy].map(b => b.peer))
    const fits = list.filter(advert => {
      if (apart.has(advert.card.peer)) return false
      const me = { operator: advert.card.operator, advert: weighed(advert, adverts.proven(advert)) }
      return refusal(offer, { ...me, rules: ruleIds }) === undefined
    })
    return fits.reduce((sum, advert) => sum + market.claims.free(advert), 0)
  }

  /** A round that fails (a full disk, say) is tried again: its seats are still open. */
  async #round(signal: AbortSignal): Promise<void> {
    const { ctx, market, record, open } = this.#parts
    const job = record.entry.id
    const waited = ctx.clock.timer(SAY_MS, () => void this.#sayWaiting())
    const scope = linked(signal, this.#leaving.signal)
    let filled = 0
    try {
      const ask = {
        job,
        seats: () => open(this.#dry).length,
        free: () => this.#free(),
        wanted: () => record.wanted
      }
      const turn = await market.turns.take(ask, scope.signal)
      try {
        const seats = open(this.#dry).slice(0, turn.seats)
        filled = await this.#match(seats, turn.stands, signal, scope.signal)
      } finally {
        turn.done(filled)
      }
    } catch (e) {
      if (!scope.signal.aborted)
        ctx.log.error({ err: asShoalError(e, 'DISK_ERROR'), job }, 'a round failed; trying again')
    } finally {
      waited()
      scope[Symbol.dispose]()
    }
  }

  /** How many seats were filled. `wanted` aborts when the job looks for nobody any more; what was given out by then goes its way. */
  async #match(
    seats: readonly Seat[],
    stands: boolean,
    signal: AbortSignal,
    wanted: AbortSignal
  ): Promise<number> {
    const { ctx, market, record } = this.#parts
    if (seats.length === 0 || !record.wanted) return 0
    const number = record.entry.rounds + 1
    await record.update(
      job => ({ ...job, rounds: number }),
      `round ${number}: ${seats.length} executions offered`,
      stands ? 'no slot is free: the offer stands until one is' : undefined
    )
    const standMs = stands ? Math.max(STAND_MIN_MS, Math.min(STAND_MS, record.leftMs)) : undefined
    const round = { number, seats, excluded: this.#excluded(), standMs }
    try {
      const award = await matchRound(ctx, market, record.entry, round, wanted)
      await this.#noteNobody(award)
      for (const [i, seat] of seats.entries()) await this.#propose(award, award.assignment[i], seat, signal)
    } finally {
      // what nothing came of is free for other jobs
      for (const seat of seats)
        if (!this.#proposed(seat)) market.claims.release({ jobId: record.entry.id, ...seat })
    }
    const filled = seats.filter(seat => this.#proposed(seat)).length
    this.#dry = filled === 0
    return filled
  }

  async #propose(
    award: AwardEntry,
    digest: Hex32 | null | undefined,
    seat: Seat,
    signal: AbortSignal
  ): Promise<void> {
    const { ctx, record, add } = this.#parts
    const bid = digest == null ? undefined : bidOf(award, digest)
    if (bid === undefined || !record.wanted) return
    const entry = proposeExecution(ctx, record.entry, award, bid, seat)
    await ctx.journal.putExecution(entry, 'awarded', bid.card.peer)
    add(entry, signal)
  }

  #proposed({ shard, attempt, copy }: Seat): boolean {
    return this.#parts.executions().some(e => e.shard === shard && e.attempt === attempt && e.copy === copy)
  }

  /** A line of history when nobody bid, for another reason than before. */
  async #noteNobody({ offer, bids }: AwardEntry): Promise<void> {
    await this.#say('nobody bids', bids.length > 0 || offer.v === 1 ? '' : whyNobody(this.#parts.ctx, offer))
  }

  async #sayWaiting(): Promise<void> {
    const { ctx, record } = this.#parts
    const why = record.wanted ? this.why() : ''
    if (why === '') return
    await this.#say('waits for a slot', why).catch((err: unknown) =>
      ctx.log.warn({ err, job: record.entry.id }, 'the history of a job could not be written')
    )
  }

  async #say(what: string, why: string): Promise<void> {
    if (why !== '' && why !== this.#nobody)
      await this.#parts.record.update(job => job, what, why.slice(0, 1000))
    this.#nobody = why
  }
}
