/** Why one side says no to the other: a code for programs, words for people, and, where a term is at fault, what was said on both sides. */
import { z } from 'zod'
import { ShoalError, type ErrorCode } from '../errors.ts'
import { record, text } from '../fields.ts'
import { TEXT_MAX } from '../limits.ts'
import type { TermDifference } from './needs.ts'

export const refusal = record({
  /** One of the program's error codes; a newer peer may send one that we do not know. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]{1,40}$/, 'an error code'),
  message: text,
  /** The term that differs, as the record names it, with what was offered and what came. */
  term: text.optional(),
  offered: text.optional(),
  given: text.optional()
})
export type Refusal = z.output<typeof refusal>

/** A refusal with a code of ours. Texts are cut to what travels. */
export const refuse = (code: ErrorCode, message: string, about?: TermDifference): Refusal => ({
  code,
  message: message.slice(0, TEXT_MAX),
  ...(about === undefined
    ? {}
    : {
        term: about.term.slice(0, TEXT_MAX),
        offered: about.offered.slice(0, TEXT_MAX),
        given: about.given.slice(0, TEXT_MAX)
      })
})

/** As in `gas: offered 20000000000, given 9000000000000`. */
export const describeDifference = ({ term, offered, given }: TermDifference): string =>
  `${term}: offered ${offered}, given ${given}`

/** What a refusal says, with both values where a term is at fault: `price is not as offered (price: offered 10, given 9)`. */
export const refusalText = ({ message, term, offered, given }: Refusal): string =>
  term === undefined
    ? message
    : `${message} (${describeDifference({ term, offered: offered ?? '?', given: given ?? '?' })})`

/** A refusal for the log and for people. */
export const describeRefusal = (r: Refusal | undefined): string =>
  r === undefined ? 'refused without a reason' : `${r.code}: ${refusalText(r)}`

/** TERMS_DIFFER about one term, both values in its data. */
export const termsDiffer = (what: string, about: TermDifference): ShoalError =>
  new ShoalError('TERMS_DIFFER', `${what}: ${describeDifference(about)}`, { data: { ...about } })
