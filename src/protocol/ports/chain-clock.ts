/** The chain's time, which the contracts go by, told without this machine's wall clock. */

export interface ChainTime {
  /** Seconds since 1970 as blocks count them, with a fraction. */
  readonly seconds: number
  /** The true value lies within so many seconds of it, as far as the samples tell. */
  readonly error: number
}

export interface ChainClock {
  /**
   * What a block that came now would bear, running on the monotonic clock between blocks. Undefined until three blocks were seen to come, and
   * while none comes: a chain that stands still has no time. A block's own time may differ from it by `error`, or by more where nodes lag.
   */
  now(): ChainTime | undefined
  /** By how much this machine's wall clock is behind the chain's, in seconds (negative: ahead), with its error. Undefined as `now`. */
  behind(): ChainTime | undefined
}
