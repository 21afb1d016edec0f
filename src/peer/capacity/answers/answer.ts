/** What a subject holds between its commitment and the end of a challenge; a step that its kind does not have is absent. */
import type { Hex32 } from '../../../protocol/ids.ts'
import type { RequestOf, ResponseOf } from '../../../protocol/methods.ts'

export interface Answer {
  /** Absent where nothing is committed to. */
  readonly root?: Hex32
  readonly lanes?: number
  /** How long it is kept for the next step, ms. */
  readonly keepMs: number
  /** Each may be asked once. */
  readonly reveal?: (seed: Uint8Array) => ResponseOf<'reveal'>
  readonly rewrite?: (seed: Uint8Array, signal: AbortSignal) => Promise<Hex32>
  readonly show?: (seed: Uint8Array, signal: AbortSignal) => Promise<ResponseOf<'show'>>
  readonly flow?: (signal: AbortSignal) => AsyncIterable<ResponseOf<'flow'>>
  /** Takes pieces until all that was announced has come; `last` with the last of them. */
  readonly pour?: (data: Uint8Array) => Promise<{ readonly digest: Hex32; readonly last: boolean }>
  /** Harmless twice, never rejects. */
  drop(): Promise<void>
}

/** Answers challenges of one kind. Throws RECORD_INVALID for a size that its kind does not have, what its engine throws, CANCELLED. */
export type Answerer = (request: RequestOf<'challenge'>, signal: AbortSignal) => Promise<Answer>
