/**
 * Whose turn it is to look for providers. All jobs of a requester want the same slots: when each offered its work again and again, they
 * would bid one another out, and everybody in the network would check offers that nobody can take. So a job offers when a slot is known to
 * be free, for as many seats as there are slots; who had its turn goes to the end of the line. When none is free, a few jobs at the head
 * of the line let an offer stand, and the provider whose slot is free first bids on it (Bidder.reconsider): nobody asks again and again.
 */
import type { Clock, Random } from '../../protocol/ports/index.ts'

/** From the end of a job's round to its next one, at least, ms: what failed at once would fail again. */
export const ROUND_PAUSE_MS = 1_000
/** The same after rounds that filled nothing while nothing has changed, doubled with each of them: with slots known to be free, and without. */
const DRY_KNOWN_MAX_MS = 4_000
const DRY_MAX_MS = 16_000
/** Rounds at the same time: each is an offer that every provider checks. */
export const AT_ONCE_MAX = 6
/** Offers that stand at the same time. */
export const STANDING_MAX = 6
/** After an agreement that was declined another requester wants the same slots: whoever waits a random while first, up to this, ms. */
const YIELD_MS = 400
const YIELD_MAX_MS = 3_200
/** How often the line is looked at while somebody waits, ms. */
const LOOK_MS = 250

export interface TurnsParts {
  readonly clock: Clock
  readonly random: Random
}

export interface Ask {
  readonly job: string
  /** Seats that are open now. */
  readonly seats: () => number
  /** Slots that are free for this job, as far as is known; undefined when too little is known of the network. */
  readonly free: () => number | undefined
  /** False when the job does not want it any more: then it gets a turn for no seats. */
  readonly wanted: () => boolean
}

export interface Turn {
  /** How many seats may be offered; 0 when the job does not want any more. */
  readonly seats: number
  /** No slot is known to be free: the offer stands until one is. */
  readonly stands: boolean
  /** The round is over, and so many seats were filled. */
  done(filled: number): void
}

interface Waiting extends Ask {
  readonly grant: (permit: Permit) => void
}

interface Past {
  /** End of its last round, monotonic. */
  readonly at: number
  /** Rounds in a row that filled nothing. */
  readonly dry: number
  /** State of the market then. */
  readonly market: number
}

interface Permit {
  readonly seats: number
  readonly stands: boolean
  /** Seats for which others may not count on the slots that are known, or that come free next. */
  readonly promised: number
}
const NOTHING: Permit = { seats: 0, stands: false, promised: 0 }

export class Turns {
  readonly #parts: TurnsParts
  readonly #waiting: Waiting[] = []
  readonly #past = new Map<string, Past>()
  /** Rounds under way, by job. */
  readonly #open = new Map<string, Permit>()
  #market = 0
  #yields = 0
  #yieldUntil = 0
  #cancel: () => void = () => undefined

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  /** A slot may have become free, or a provider has come. */
  changed(): void {
    this.#market++
    this.#look()
  }

  /** An agreement was declined: somebody else was faster. */
  declined(): void {
    const { clock, random } = this.#parts
    const most = Math.min(YIELD_MAX_MS, YIELD_MS * 2 ** this.#yields++)
    this.#yieldUntil = Math.max(this.#yieldUntil, clock.monotonic() + random.fraction() * most)
  }

  /** An agreement was signed: the way is clear. */
  agreed(): void {
    this.#yields = 0
  }

  /** A job has ended. */
  forget(job: string): void {
    this.#past.delete(job)
  }

  /** Waits for a turn. Rejects with the signal's reason. */
  async take(ask: Ask, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted()
    let waiting: Waiting | undefined
    let onAbort = (): void => undefined
    try {
      const permit = await new Promise<Permit>((resolve, reject) => {
        waiting = { ...ask, grant: resolve }
        onAbort = () => reject(signal.reason as Error)
        signal.addEventListener('abort', onAbort)
        this.#waiting.push(waiting)
        this.#look()
      })
      const { seats, stands } = permit
      return { seats, stands, done: filled => this.#done(ask.job, seats, filled) }
    } finally {
      signal.removeEventListener('abort', onAbort)
      const at = waiting === undefined ? -1 : this.#waiting.indexOf(waiting)
      if (at >= 0) this.#waiting.splice(at, 1)
    }
  }

  #done(job: string, seats: number, filled: number): void {
    this.#open.delete(job)
    if (seats > 0) {
      const dry = filled > 0 ? 0 : (this.#past.get(job)?.dry ?? 0) + 1
      this.#past.set(job, { at: this.#parts.clock.monotonic(), dry, market: this.#market })
    }
    this.#look()
  }

  /** Gives turns to those who may go, in the order of the line. */
  #look(): void {
    this.#cancel()
    for (const waiting of [...this.#waiting]) {
      const go = waiting.wanted() ? this.#permit(waiting) : NOTHING
      if (go === undefined) continue
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
      if (go.seats > 0) this.#open.set(waiting.job, go)
      waiting.grant(go)
    }
    if (this.#waiting.length > 0) this.#cancel = this.#parts.clock.timer(LOOK_MS, () => this.#look())
  }

  /** How many seats a job may offer now, and how; undefined: none yet. */
  #permit(ask: Ask): Permit | undefined {
    const now = this.#parts.clock.monotonic()
    if (now < this.#yieldUntil || !this.#rested(ask.job, now, DRY_KNOWN_MAX_MS)) return undefined
    const seats = ask.seats()
    if (seats === 0) return NOTHING
    const open = [...this.#open.values()]
    const standing = open.filter(p => p.stands).length
    const room = open.length - standing < AT_ONCE_MAX
    const known = ask.free()
    const left = Math.min(seats, (known ?? 0) - open.reduce((sum, p) => sum + p.promised, 0))
    if (left > 0) return room ? { seats: left, stands: false, promised: left } : undefined
    // into the unknown: at once the first time, later more and more seldom while nothing changes
    if (!this.#rested(ask.job, now, DRY_MAX_MS)) return undefined
    if (known === undefined) return room ? { seats, stands: false, promised: 0 } : undefined
    // slots that are known to be free are being given out at this moment: what is left of them will be seen
    if (known > 0 && standing === 0) return undefined
    return standing < STANDING_MAX ? { seats, stands: true, promised: seats } : undefined
  }

  #rested(job: string, now: number, most: number): boolean {
    const past = this.#past.get(job)
    if (past === undefined) return true
    const dry = past.market === this.#market ? past.dry : 0
    return now - past.at >= Math.min(most, ROUND_PAUSE_MS * 2 ** dry)
  }
}
