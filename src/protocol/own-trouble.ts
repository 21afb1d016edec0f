/**
 * Errors that speak of this machine alone: its disk, its descriptors, its memory, its way to the chain. Whoever judges another peer asks here
 * first, for nothing that comes of an own trouble is held against anybody.
 */
import type { ShoalError } from './errors.ts'
import { isShoalError } from './errors.ts'

/** Error codes of the system that speak of this machine alone, whatever another peer says of itself. */
const MACHINE: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk fails',
  EROFS: 'the disk cannot be written',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in the system',
  ENOMEM: 'no memory left',
  ENOBUFS: 'no memory left for sockets'
}
/** Of its line. The addresses of others can bring them about too, so they excuse a peer that is not reached, and no more. */
const LINE: Readonly<Record<string, string>> = {
  ENETDOWN: 'the line is down',
  ENETUNREACH: 'there is no way to the network',
  EADDRNOTAVAIL: 'no port or address left'
}
/** Our own errors that speak of this machine alone. */
const OWN: Readonly<Record<string, string>> = {
  DISK_FULL: 'no space left on the disk',
  DISK_ERROR: 'the disk fails',
  JOURNAL_CORRUPT: 'the journal cannot be read'
}
/** The same of its way to the chain: excuses no silence of others. */
const CHAIN: Readonly<Record<string, string>> = { CHAIN_UNREACHABLE: 'the chain cannot be reached' }

const TROUBLES = { ...MACHINE, ...LINE, ...OWN }
const OWN_TROUBLES = { ...MACHINE, ...OWN, ...CHAIN }

/** How deep causes of errors are followed. */
const DEPTH_MAX = 6

function search(error: unknown, words: Readonly<Record<string, string>>, depth: number): string | undefined {
  if (depth === 0 || error === null || typeof error !== 'object') return undefined
  // what another peer says of its own disk says nothing of ours
  if (isShoalError(error) && error.data['remote'] === true) return undefined
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const own = typeof code === 'string' && Object.hasOwn(words, code) ? words[code] : undefined
  if (own !== undefined) return own
  const inner = search(cause, words, depth - 1)
  if (inner !== undefined || !Array.isArray(errors)) return inner
  // an address among several that cannot be reached from here says nothing of the others
  const all = errors.map(e => search(e, words, depth - 1))
  return all.length > 0 && all.every(t => t !== undefined) ? all[0] : undefined
}

/** Which trouble of this machine or of its line an error speaks of, in words: looks at its causes, and at all errors of an aggregate. */
export const troubleOf = (error: unknown): string | undefined => search(error, TROUBLES, DEPTH_MAX)

/**
 * Which trouble of this machine kept it from taking or judging what another peer did, in words. The line is left out: whoever names an address
 * that leads nowhere would excuse itself. Undefined when the other peer may be the cause.
 */
export const ownTrouble = (error: unknown): string | undefined => search(error, OWN_TROUBLES, DEPTH_MAX)

/** The code and the words of a failure as they are kept: `code`, unless the trouble was our own (`OWN_TROUBLE`, which counts against nobody). */
export function failureOf(
  error: ShoalError,
  code: string
): { readonly code: string; readonly message: string } {
  const own = ownTrouble(error)
  if (own === undefined) return { code, message: error.message }
  return { code: 'OWN_TROUBLE', message: `${own} on this machine: ${error.message}`.slice(0, 500) }
}
