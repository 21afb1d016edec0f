/** The end of a job: finished work is judged and paid, all else is given up, until every escrow has closed. */
import type { LiveExecution } from './live-execution.ts'
import { decideShard, idOf } from './seats.ts'
import type { Decision } from './verify.ts'

export interface Judge {
  /** `stands`: its shard has no other result. */
  accept(live: LiveExecution, stands: boolean): Promise<void>
  /** `settled`: the execution whose result stands for the shard. */
  refuse(live: LiveExecution, settled: string): Promise<void>
  /** What the decision waits for. */
  compare(decision: Decision): void
}

const NOT_NEEDED = { code: 'CANCELLED', message: 'no longer needed' }

/** A result that is here is paid, whatever became of the job, unless it differs from what its shard was settled on. */
async function judge(live: LiveExecution, all: readonly LiveExecution[], by: Judge): Promise<void> {
  const { entry } = live
  if (!entry.fetched || entry.result === undefined) return // still being fetched: drive() decides
  const shard = all.map(l => l.entry).filter(e => e.shard === entry.shard)
  const decision = decideShard(live.job().plan, shard)
  const { settled, accept, dispute } = decision
  const id = idOf(entry)
  if (settled === undefined) await by.accept(live, false)
  else if (accept.includes(id)) await by.accept(live, id === settled)
  else if (dispute.includes(id)) await by.refuse(live, settled)
  else by.compare(decision) // or others are still on their way
}

/** One pass; returns how many executions have not ended yet. */
export async function windUp(all: readonly LiveExecution[], by: Judge): Promise<number> {
  let left = 0
  for (const live of all) {
    if (live.terminal) continue
    left++
    if (live.entry.state === 'delivered') await judge(live, all, by)
    else if (live.entry.state === 'awarded') {
      const failure = { code: 'CANCELLED', message: 'the job wants no more' }
      await live.move('decline', 'no longer needed', { failure })
    } else await live.move('lose', 'no longer needed', { failure: NOT_NEEDED })
  }
  return left
}
