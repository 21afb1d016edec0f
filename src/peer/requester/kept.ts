/** Results that were paid for, of a job that did not come to its end: they are their owner's, and stay in the home. */
import { basename, join } from 'node:path'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry } from '../journal/entries.ts'
import { resultFile, resultFolder } from './fetch-result.ts'
import { standing } from './seats.ts'

/** Removes every other file of the job's folder, and the folder when nothing was paid for. */
export async function keepPaid(
  { files, home }: Pick<PeerContext, 'files' | 'home'>,
  jobId: string,
  executions: readonly ExecutionEntry[]
): Promise<void> {
  const folder = resultFolder(home, jobId)
  const kept = new Set(standing(executions).map(e => basename(resultFile(home, e))))
  if (kept.size === 0) return await files.remove(folder)
  for (const { name } of await files.list(folder)) if (!kept.has(name)) await files.remove(join(folder, name))
}
