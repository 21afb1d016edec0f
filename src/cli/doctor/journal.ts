/** The journal: whether a peer that starts here can read what earlier ones wrote. */
import { openLevelStore } from '../../peer/adapters/level-store.ts'
import type { OpenedHome } from '../../peer/home/home.ts'
import { Journal } from '../../peer/journal/journal.ts'
import { MEND_JOURNAL } from '../../peer/journal/unreadable.ts'
import { isShoalError, type ShoalError } from '../../protocol/errors.ts'
import type { Cli } from '../context.ts'
import { holderOf } from '../home-lock.ts'
import { bad, note, ok, type Finding } from './check.ts'

const corrupt = (e: ShoalError): Finding => bad('journal', e.message, e.next ?? MEND_JOURNAL)

/** Only while no peer runs: a peer that runs has read it. Nothing for a home that has none yet. */
export async function checkJournal(cli: Cli, { layout }: OpenedHome): Promise<Finding[]> {
  if ((await cli.files.stat(layout.journal)) === undefined) return []
  try {
    const store = await openLevelStore(layout.journal)
    try {
      const trouble = await new Journal(store, cli.clock).trouble()
      return [trouble === undefined ? ok('journal', 'can be read') : corrupt(trouble)]
    } finally {
      await store.close()
    }
  } catch (e) {
    if (isShoalError(e, 'JOURNAL_CORRUPT')) return [corrupt(e)]
    if (!isShoalError(e, 'HOME_LOCKED')) throw e
    const holder = await holderOf(cli, layout)
    const who = holder === undefined ? 'another process' : `process ${holder.pid} (shoal ${holder.what})`
    return [note('journal', `in use by ${who}, which starts a peer or ends it`)]
  }
}
