/** What a peer can do, measured and challenged: by the engines that run tasks, in memory, on the disk. */
import type { Hex32 } from '../ids.ts'

/** Two square matrices of small integers: every sum of a product stays below 2^24, exact in the fp32 of a GPU too. */
export interface Matrices {
  readonly n: number
  /** A, row by row. */
  readonly a: Int8Array
  /** B, column by column. */
  readonly bt: Int8Array
  /** Absent: one plain product. */
  readonly chain?: Chain
}

/** Products in a row (market/chain.ts): the columns are scaled, multiplied by B, and brought to residues around 0, again and again. */
export interface Chain {
  readonly modulus: number
  /** n numbers for each step. */
  readonly scales: readonly Int8Array[]
}

export interface Multiplier {
  /** Runs at the same time. */
  readonly lanes: number
  /** C = A B, or the end of a chain, row by row, without blocking the event loop. Throws when it cannot, CANCELLED when aborted. */
  multiply(m: Matrices, signal: AbortSignal): Promise<Int32Array>
}

/** A data set that is slow to make (market/hoard.ts). */
export interface HoardSpec {
  readonly seed: Uint8Array
  readonly blocks: number
  /** Of the cipher over each block. */
  readonly passes: number
}

/** A filled one, where it is kept. Paths are those of a HashTree. */
export interface Hoard {
  readonly root: Hex32
  block(index: number, signal: AbortSignal): Promise<Uint8Array>
  path(index: number): Uint8Array
  /** Writes all of it again under a mask, and reads that back: the root, and paths to it. DISK_FULL, DISK_ERROR, CANCELLED. */
  rewrite(seed: Uint8Array, signal: AbortSignal): Promise<Rewritten>
  /** Gives its place back; harmless twice, never rejects. */
  drop(): Promise<void>
}

export interface Rewritten {
  readonly root: Hex32
  path(index: number): Uint8Array
}

export interface Hoarder {
  /** Largest data set, bytes. */
  readonly max: () => number
  fill(spec: HoardSpec, signal: AbortSignal): Promise<Hoard>
}
