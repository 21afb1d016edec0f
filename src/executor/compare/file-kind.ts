/** How files of one format are compared by what they mean. One implementation for each format. */
import type { Hash } from 'node:crypto'
import type { BundleFile } from '../../protocol/bundle.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'

/** Why two files are not the same, such as `at [3, 4]: 1 and 2 differ by 1, at most 0.001`; undefined when they are. */
export type Difference = string | undefined

/** What one comparison of two results may still do: small files can hold a great deal. */
export class Work {
  readonly signal: AbortSignal
  readonly #clock: Pick<Clock, 'sleep'>
  #left: number

  /** `bytes`: unpacked, of both results together. */
  constructor(clock: Pick<Clock, 'sleep'>, signal: AbortSignal, bytes: number) {
    this.#clock = clock
    this.signal = signal
    this.#left = bytes
  }

  /** Lets everything else on this peer have its turn; to be called after some milliseconds of work. Rejects when the signal has aborted. */
  async breathe(): Promise<void> {
    await this.#clock.sleep(0, this.signal)
  }

  /** Before `bytes` are unpacked. CONTENT_TOO_LARGE when they are more than is compared; throws the signal's reason when it has aborted. */
  spend(bytes: number): void {
    this.signal.throwIfAborted()
    this.#left -= bytes
    if (this.#left < 0) throw new ShoalError('CONTENT_TOO_LARGE', 'The results hold more than is compared.')
  }
}

export interface FileKind {
  /**
   * Reads both from their beginning, not always to their end. Files that are not of the format differ: equal bytes never come here.
   */
  compare(a: BundleFile, b: BundleFile, rule: CompareRule, work: Work): Promise<Difference>
  /** Puts the file into the hash with its values rounded to multiples of `step`; false, with nothing of use in the hash, when it is not of the format. */
  quantise?(file: BundleFile, step: number, hash: Hash, work: Work): Promise<boolean>
}

/** Codes by which readers refuse what they read. */
const REFUSED = [
  'LIMIT_INPUT',
  'MODULE_INVALID',
  'RECORD_INVALID',
  'CONTENT_TOO_LARGE',
  'TASK_FAILED'
] as const

/** Rethrows what is no fault of the bytes that were read: of the disk, say. */
export function refusedBytes(e: unknown): Error {
  // a TypeError is TextDecoder's word for bytes that are no UTF-8
  if (isShoalError(e, ...REFUSED) || e instanceof TypeError) return e
  throw e
}

/** What a reader says of bytes that it does not take, as a difference. Rethrows as `refusedBytes`. */
export const unreadable = (e: unknown): string =>
  `cannot be compared: ${refusedBytes(e).message.slice(0, 150)}`
