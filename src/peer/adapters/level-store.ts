/** The Store port on classic-level: every batch is one synchronous, atomic write. */
import { ClassicLevel } from 'classic-level'
import { ShoalError } from '../../protocol/errors.ts'
import type { Store } from '../../protocol/ports/store.ts'
import { MEND_JOURNAL } from '../journal/unreadable.ts'

const codeOf = (e: unknown): string => {
  const inner = (e as { cause?: { code?: string } }).cause?.code
  return inner ?? (e as { code?: string }).code ?? ''
}

/** LevelDB's own words, from the innermost cause. */
const wordsOf = (e: unknown): string => {
  const cause = (e as { cause?: unknown }).cause
  return cause instanceof Error ? wordsOf(cause) : e instanceof Error ? e.message : String(e)
}

/** A full disk, or the given code. */
function failure(e: unknown, code: 'JOURNAL_CORRUPT' | 'DISK_ERROR', what: string): ShoalError {
  const words = wordsOf(e).slice(0, 300)
  if (/no space left|disk quota/i.test(words)) {
    const next = 'Free some space and try again; nothing was lost.'
    return new ShoalError('DISK_FULL', `the disk is full: ${what}`, { next, cause: e })
  }
  const damaged = code === 'JOURNAL_CORRUPT' && /corrupt/i.test(words)
  const next = damaged
    ? MEND_JOURNAL
    : 'Check free space and permissions of the home folder, and the disk itself.'
  return new ShoalError(code, `${what}: ${words}`, { next, cause: e })
}

/** Opens or makes the database. HOME_LOCKED when another process has it, DISK_ERROR otherwise. */
export async function openLevelStore(folder: string): Promise<Store> {
  const db = new ClassicLevel<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
  try {
    await db.open()
  } catch (cause) {
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new ShoalError('HOME_LOCKED', 'another Shoal peer is using this home folder', {
        next: 'Stop that peer, or give this one a home of its own with --home.',
        cause
      })
    }
    throw failure(cause, 'JOURNAL_CORRUPT', 'the journal could not be opened')
  }
  return {
    get: async key => await db.get(key),
    batch: async ops => {
      try {
        await db.batch(
          ops.map(op =>
            'put' in op ? { type: 'put', key: op.put, value: op.value } : { type: 'del', key: op.del }
          ),
          { sync: true }
        )
      } catch (cause) {
        throw failure(cause, 'DISK_ERROR', 'the journal could not be written')
      }
    },
    range: (prefix, options = {}) =>
      db.iterator({
        gte: prefix,
        lt: prefix + '\uffff',
        limit: options.limit ?? -1,
        reverse: options.reverse ?? false
      }),
    close: async () => await db.close()
  }
}
