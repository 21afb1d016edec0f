/** Whether two results of one shard are the same under a job's rule. Results are a stranger's bytes: whatever they hold, the answer comes. */
import type { Hex32 } from '../ids.ts'
import type { CompareRule } from '../records/compare.ts'

/** Opens one result, a bundle (see bundle.ts), from its beginning; it may be read more than once. */
export type OpenBundle = () => AsyncIterable<Uint8Array>

/** Characters of a reason. */
export const REASON_MAX = 300

export interface Likeness {
  readonly same: boolean
  /** Why not: the first file that differs, where in it, and by how much. At most REASON_MAX characters. */
  readonly reason?: string
}

export interface ResultComparer {
  /**
   * Compares two results file by file; without a rule byte by byte. Symmetric, and the same in every run. A result that is no bundle, or
   * larger than is compared, is like no other. Errors of the sources (DISK_ERROR, FILE_NOT_FOUND) pass through.
   */
  compare(a: OpenBundle, b: OpenBundle, rule: CompareRule | undefined, signal: AbortSignal): Promise<Likeness>
  /**
   * A digest over the values rounded to multiples of `step`: results with equal digests are the same under the rule `quantised` with that
   * step; those with other digests may be the same too. Undefined for what is no bundle. Errors of the source pass through.
   */
  fingerprint(result: OpenBundle, step: number, signal: AbortSignal): Promise<Hex32 | undefined>
}
