/** Which jobs of the journal a peer takes up when it starts. */
import { executionTable } from '../protocol/machines/execution.ts'
import { jobTable } from '../protocol/machines/job.ts'
import { isTerminal } from '../protocol/machines/machine.ts'
import type { PeerContext } from './context.ts'
import type { JobEntry } from './journal/entries.ts'

/** The job has not ended, or money of it is still out: its wait may have been ended before its escrows were. */
export const isUnderWay = async (journal: PeerContext['journal'], job: JobEntry): Promise<boolean> =>
  !isTerminal(jobTable, job.state) ||
  (await journal.executions(job.id)).some(e => !isTerminal(executionTable, e.state))
