/**
 * How much of the past a peer keeps: the newest ended jobs and executions, and lies for a day; what is older leaves the journal whole. Live ones
 * are never touched. (An arbiter keeps its newest thousand ended disputes: arbiter.ts.)
 */
import { executionTable, providerTable } from '../protocol/machines/execution.ts'
import { jobTable } from '../protocol/machines/job.ts'
import { isTerminal } from '../protocol/machines/machine.ts'
import type { PeerContext } from './context.ts'
import type { JobEntry, ProviderEntry } from './journal/entries.ts'
import { resultFolder } from './requester/fetch-result.ts'

/** Entries forgotten in one pass: the rest waits for the next, so that no pass takes long. */
const PASS_MAX = 256

type Ports = Pick<PeerContext, 'journal' | 'content' | 'config' | 'files' | 'home'>

/** Those beyond the newest `keep`, oldest first. */
function beyond<T extends { readonly created: number }>(ended: readonly T[], keep: number): T[] {
  return [...ended]
    .sort((a, b) => a.created - b.created)
    .slice(0, Math.min(PASS_MAX, Math.max(0, ended.length - keep)))
}

/** One pass; how many entries were forgotten. */
export async function forgetOld(ports: Ports, signal: AbortSignal): Promise<number> {
  const { journal, content, config, files, home } = ports
  const isOver = (j: JobEntry): boolean => isTerminal(jobTable, j.state)
  const jobs = beyond((await journal.jobs()).filter(isOver), config.keep.jobs)
  for (const job of jobs) {
    signal.throwIfAborted()
    const open = (await journal.executions(job.id)).some(e => !isTerminal(executionTable, e.state))
    if (open) continue
    await files.remove(resultFolder(home, job.id))
    await journal.forgetJob(job.id)
  }
  const isClosed = (e: ProviderEntry): boolean => isTerminal(providerTable, e.state)
  const done = beyond((await journal.providers()).filter(isClosed), config.keep.executions)
  for (const entry of done) {
    signal.throwIfAborted()
    // a result that its requester never fetched is kept as long as its entry
    if (entry.result !== undefined) await content.forget(entry.result.object)
    await journal.forgetProvider(entry.agreementId)
  }
  return jobs.length + done.length + (await journal.forgetLies(PASS_MAX))
}
