/** What went wrong at the start, in words of ours. */
import { ShoalError } from '../protocol/errors.ts'

/** A start that failed, by what the person can do: PORT_IN_USE, or the cause as it is. */
export function startError(cause: unknown): unknown {
  const text =
    cause instanceof Error ? `${cause.name} ${cause.message} ${String(cause.cause)}` : String(cause)
  if (!/EADDRINUSE|UnsupportedListenAddresses/.test(text)) return cause
  return new ShoalError('PORT_IN_USE', 'This peer could not listen on its addresses.', {
    cause,
    next: 'Choose other ports in the listen addresses, or end the program that uses them.'
  })
}
