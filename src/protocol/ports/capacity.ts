/** What a peer can do, measured and challenged: matrix products on the engines that run tasks. */

/** Two square matrices of small integers (-8 to 7): every sum of a product up to 2^18 rows stays below 2^24. */
export interface Matrices {
  readonly n: number
  /** A, row by row. */
  readonly a: Int8Array
  /** B, column by column. */
  readonly bt: Int8Array
}

export interface Multiplier {
  /** Runs at the same time. */
  readonly lanes: number
  /** C = A B, row by row, without blocking the event loop. Throws when it cannot, CANCELLED when aborted. */
  multiply(m: Matrices, signal: AbortSignal): Promise<Int32Array>
}
