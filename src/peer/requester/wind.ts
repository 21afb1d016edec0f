/** The end of a job: finished work is judged and paid, all else is given up, until every escrow has closed. */
import type { LiveExecution } from './live-execution.ts'
import { decideShard } from './seats.ts'

export interface Judge {
  accept(live: LiveExecution): Promise<void>
  refuse(live: LiveExecution): Promise<void>
}

const NOT_NEEDED = { code: 'CANCELLED', message: 'no longer needed' }

/** A result that is here is paid, whatever became of the job, unless it differs from what its shard was settled on. */
async function judge(live: LiveExecution, all: readonly LiveExecution[], by: Judge): Promise<void> {
  const { entry } = live
  if (!entry.fetched || entry.result === undefined) return // still being fetched: drive() decides
  const shard = all.map(l => l.entry).filter(e => e.shard === entry.shard)
  const { settled } = decideShard(live.job().plan, shard)
  if (settled !== undefined && settled !== entry.result.digest) await by.refuse(live)
  else await by.accept(live)
}

/** One pass; returns how many executions have not ended yet. */
export async function windUp(all: readonly LiveExecution[], by: Judge): Promise<number> {
  let left = 0
  for (const live of all) {
    if (live.terminal) continue
    left++
    if (live.entry.state === 'delivered') await judge(live, all, by)
    else if (live.entry.state === 'awarded') await live.move('decline', 'no longer needed')
    else await live.move('lose', 'no longer needed', { failure: NOT_NEEDED })
  }
  return left
}
