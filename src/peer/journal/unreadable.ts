/** What a person is told of a journal entry that this program cannot read. */
import { z } from 'zod'
import { decode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MiB } from '../../protocol/limits.ts'

const ENTRY_MAX = 4 * MiB
const versioned = z.looseObject({ v: z.number().int() })

/** What an entry says of its own version; undefined when it says nothing that can be read. */
function versionOf(bytes: Uint8Array): number | undefined {
  try {
    return decode(versioned, bytes, 'entry', ENTRY_MAX).v
  } catch {
    return undefined // broken, which is told as such
  }
}

/** What to do with a journal that is damaged. */
export const MEND_JOURNAL =
  'shoal wallet works meanwhile. Put back the folder journal of the home from a backup, or move it away: then what was under way before is no longer followed, and its money comes back only as the contracts say.'

/** JOURNAL_CORRUPT: of a version that came later than this program (`known` is its own), or damaged. */
export function unreadable(
  key: string,
  bytes: Uint8Array,
  known: number | undefined,
  cause: unknown
): ShoalError {
  const version = versionOf(bytes)
  if (known !== undefined && version !== undefined && version > known)
    return new ShoalError(
      'JOURNAL_CORRUPT',
      `journal entry ${key} is of version ${version}, and this program reads up to version ${known}`,
      { next: 'Use the newer Shoal that wrote it; shoal wallet works meanwhile.', cause }
    )
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ShoalError('JOURNAL_CORRUPT', `journal entry ${key} cannot be read: ${why}`, {
    next: MEND_JOURNAL,
    cause
  })
}
