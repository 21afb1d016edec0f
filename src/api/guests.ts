/**
 * Who uses a peer that one command has started for as long as it lasts: other commands of the same home, each while it runs, and jobs that were
 * left to the peer. The peer ends with the last of them.
 */
import { ShoalError } from '../protocol/errors.ts'
import type { JobId } from '../protocol/ids.ts'

/** A command of this home, as it names itself. */
export interface Guest {
  /** Such as `run`. */
  readonly what: string
  readonly pid: number
}

/** Commands at the same time: more than any person starts, and each costs one connection. */
export const GUESTS_MAX = 256

export class Guests {
  readonly #seats = new Set<Guest>()
  readonly #left = new Set<JobId>()
  readonly #running: (job: JobId) => boolean
  #ended = false

  /** `running`: whether the peer works on that job at this moment. */
  constructor(running: (job: JobId) => boolean) {
    this.#running = running
  }

  /** Takes a seat; returns how to leave it. API_UNREACHABLE when the peer is ending, QUOTA_EXCEEDED above GUESTS_MAX. */
  sit(guest: Guest): () => void {
    if (this.#ended)
      throw new ShoalError('API_UNREACHABLE', 'the peer of this home is ending', { next: 'Try again.' })
    if (this.#seats.size >= GUESTS_MAX)
      throw new ShoalError('QUOTA_EXCEEDED', `at most ${GUESTS_MAX} commands use a peer at the same time`, {
        next: 'Wait until one of them ends.'
      })
    const seat = { ...guest }
    this.#seats.add(seat)
    return () => void this.#seats.delete(seat)
  }

  /** Nobody waits for this job: the peer stays for it until it has ended. */
  leave(job: JobId): void {
    this.jobs() // those that have ended go, so that no more are kept than run
    this.#left.add(job)
  }

  list(): readonly Guest[] {
    return [...this.#seats]
  }

  /** Jobs that were left here and have not ended. */
  jobs(): readonly JobId[] {
    for (const job of this.#left) if (!this.#running(job)) this.#left.delete(job)
    return [...this.#left]
  }

  /** True when nobody is left; from then on nobody can take a seat. */
  endWhenAlone(): boolean {
    if (this.#seats.size > 0 || this.jobs().length > 0) return false
    this.#ended = true
    return true
  }
}
