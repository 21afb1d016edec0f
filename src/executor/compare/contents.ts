/** What is in a result: its files in their order, each with the digest of its bytes. */
import { createHash } from 'node:crypto'
import { readBundle, type BundleLimits } from '../../protocol/bundle.ts'
import { isShoalError } from '../../protocol/errors.ts'
import type { OpenBundle } from '../../protocol/ports/compare.ts'
import { OUTPUT_FILES_MAX, OUTPUT_MAX } from '../../protocol/task-limits.ts'

/** As much as a task may make, whatever its engine, and a requester takes to its output folder. */
export const RESULT_LIMITS: BundleLimits = { maxFiles: OUTPUT_FILES_MAX.native, maxBytes: OUTPUT_MAX }

export interface Entry {
  readonly path: string
  readonly digest: string
}

/** Undefined for what is no bundle, or too large. Errors of the source pass through. */
export async function contentsOf(open: OpenBundle, signal: AbortSignal): Promise<Entry[] | undefined> {
  const entries: Entry[] = []
  try {
    for await (const file of readBundle(open(), RESULT_LIMITS)) {
      const hash = createHash('sha256')
      for await (const part of file.data) {
        signal.throwIfAborted()
        hash.update(part)
      }
      entries.push({ path: file.path, digest: hash.digest('base64') })
    }
  } catch (e) {
    if (isShoalError(e, 'RECORD_INVALID', 'CONTENT_TOO_LARGE')) return undefined
    throw e
  }
  return entries
}
