/** What challenges may cost this peer: filled evenly, saved up to a bound. What was begun within it is finished, so it may fall below 0. */
import type { Clock } from '../../protocol/ports/clock.ts'

export class Allowance {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #perMs: number
  readonly #max: number
  #level: number
  #at: number

  /** `perMs` units come each millisecond, at most `max` are saved up; it begins full. */
  constructor(clock: Pick<Clock, 'monotonic'>, perMs: number, max: number) {
    this.#clock = clock
    this.#perMs = perMs
    this.#max = max
    this.#level = max
    this.#at = clock.monotonic()
  }

  get left(): number {
    const now = this.#clock.monotonic()
    this.#level = Math.min(this.#max, this.#level + this.#perMs * (now - this.#at))
    this.#at = now
    return this.#level
  }

  spend(amount: number): void {
    this.#level = this.left - amount
  }
}
