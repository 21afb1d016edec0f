/**
 * How long a call takes here from being signed to being seen in a block. Reckoned as retransmission times are (RFC 6298): a moving mean and
 * four times the moving deviation, so that it is seldom too short. What still waits counts for as long as it has waited.
 */

/** Bounds of the answer, milliseconds: no chain tells of a block sooner than it can be looked for, and who waits ten minutes waits for a person. */
const LEAST_MS = 1_000
const MOST_MS = 600_000
/** Before anything was sent: so many block intervals, one to miss and one to be taken by; and the interval of a chain that is not known yet. */
const INTERVALS = 2
const UNKNOWN_INTERVAL_MS = 12_000

export class Pace {
  /** Of blocks, in milliseconds; undefined while it is not known. */
  readonly #interval: () => number | undefined
  #mean: number | undefined
  #deviation = 0

  constructor(interval: () => number | undefined) {
    this.#interval = interval
  }

  /** A call was seen in a block so long after it was signed. */
  took(ms: number): void {
    if (this.#mean === undefined) {
      this.#mean = ms
      this.#deviation = ms / 2
      return
    }
    this.#deviation = 0.75 * this.#deviation + 0.25 * Math.abs(this.#mean - ms)
    this.#mean = 0.875 * this.#mean + 0.125 * ms
  }

  /** `waitingMs`: how long the oldest call that is not in a block has waited; 0 when there is none. */
  estimateMs(waitingMs: number): number {
    const measured =
      this.#mean === undefined
        ? INTERVALS * (this.#interval() ?? UNKNOWN_INTERVAL_MS)
        : this.#mean + 4 * this.#deviation
    return Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, measured, waitingMs)))
  }
}
