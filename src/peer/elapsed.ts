/** How long work has gone on here, by our own clocks. */
import type { Clock } from '../protocol/ports/clock.ts'

/**
 * Time since a moment that an entry keeps by the wall clock (`startedAt`), over restarts. The wall clock may be set back, and the monotonic
 * one stands still while a machine sleeps and ends with the process: whichever has seen more time is right.
 */
export class Elapsed {
  readonly #clock: Clock
  #since: { readonly started: number; readonly monotonic: number } | undefined

  constructor(clock: Clock, startedAt: number | undefined) {
    this.#clock = clock
    this.note(startedAt)
  }

  /** To be told with each change of the entry; what is known already changes nothing. */
  note(startedAt: number | undefined): void {
    if (startedAt === undefined || this.#since?.started === startedAt) return
    this.#since = { started: startedAt, monotonic: this.#clock.monotonic() }
  }

  /** Milliseconds, never less than none; none before it has begun. */
  get ms(): number {
    if (this.#since === undefined) return 0
    const { started, monotonic } = this.#since
    return Math.max(0, this.#clock.monotonic() - monotonic, this.#clock.now() - started)
  }
}
