/**
 * Where a command writes to, and what becomes of it: a reader that leaves (`shoal history JOB | head -1`) ends a command that only shows things,
 * as it ends other tools, and is no crash.
 */
import { ShoalError } from '../protocol/errors.ts'

/** What a shell sees of a program that SIGPIPE has ended: 128 and its number. */
export const READER_LEFT = 141

export class Output {
  #failure: ShoalError | undefined
  #readerLeft = false
  #goesOn = false
  readonly #listeners = new Set<(reason: ShoalError) => void>()

  /** Nothing written from now on arrives. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** An error of standard output or standard error; the first one counts. */
  fail(e: NodeJS.ErrnoException): void {
    if (this.#failure !== undefined) return
    this.#readerLeft = e.code === 'EPIPE'
    this.#failure = this.#readerLeft
      ? new ShoalError('CANCELLED', 'whoever read the output has left', { cause: e })
      : new ShoalError('DISK_ERROR', `the output cannot be written: ${e.message}`, {
          next: 'Look at where it is redirected to.',
          cause: e
        })
    for (const listener of this.#listeners) listener(this.#failure)
  }

  /** Hears of a failure, also of one that was before. Returns how to stop. */
  onFailure(listener: (reason: ShoalError) => void): () => void {
    this.#listeners.add(listener)
    if (this.#failure !== undefined) listener(this.#failure)
    return () => void this.#listeners.delete(listener)
  }

  /** The command goes on without a reader: what it does is worth more than what it says. */
  goOn(): void {
    this.#goesOn = true
  }

  /** The error to tell where it can still be told: a reader that has left hears nothing. */
  get trouble(): ShoalError | undefined {
    return this.#readerLeft ? undefined : this.#failure
  }

  /** The exit code of a command that would have ended with `code`. */
  exitCode(code: number): number {
    if (this.#failure === undefined) return code
    if (this.#readerLeft) return this.#goesOn ? code : READER_LEFT
    return code === 0 ? 1 : code
  }
}
