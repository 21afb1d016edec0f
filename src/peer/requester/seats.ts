/** Which executions a job still needs. Pure: the journalled executions in, seats out. */
import type { Address } from '../../protocol/ids.ts'
import type { ExecutionState } from '../../protocol/machines/execution.ts'
import type { ExecutionEntry, JobPlan } from '../journal/entries.ts'
import { decide, type Candidate, type Decision } from './verify.ts'

/** States in which an execution may still bring a result, or has. */
const HOPEFUL: ReadonlySet<ExecutionState> = new Set([
  'awarded',
  'agreed',
  'open',
  'started',
  'delivered',
  'accepted',
  'settled'
])

export interface Seat {
  readonly shard: number
  readonly copy: number
  readonly attempt: number
  readonly avoid: readonly Address[]
  readonly resumedFrom?: ExecutionEntry['resumedFrom']
}

export const idOf = (e: Pick<ExecutionEntry, 'shard' | 'attempt' | 'copy'>): string =>
  `${e.shard}/${e.attempt}/${e.copy}`
/** No work was given under it, and no money was meant to be. */
export const neverBegan = (e: ExecutionEntry): boolean => e.state === 'declined' || e.state === 'withdrawn'
const paid = (e: ExecutionEntry): boolean => e.state === 'accepted' || e.state === 'settled'
/** Paid in full, and there is no result: the task used up its work and failed, or its provider cannot give it any more (collect.ts). */
const isLost = (e: ExecutionEntry): boolean => paid(e) && !e.fetched && e.failure !== undefined
const hopeful = (e: ExecutionEntry): boolean => HOPEFUL.has(e.state) && !isLost(e)

/** What became of a fetched result. */
const fateOf = (e: ExecutionEntry): Candidate['fate'] =>
  paid(e) ? 'accepted' : hopeful(e) ? 'waiting' : 'refused'

/** Failures that the same task would meet on any peer. (Wall time is not among them: machines differ.) */
const OWN_FAULT = /^(TASK_|MODULE_|LIMIT_(GAS|MEMORY|OUTPUT|LOG|STACK|MODULE|INPUT)$)/
/** Its provider says that the task itself fails, signed or not. */
export const ownFault = (e: ExecutionEntry): boolean =>
  e.taskFailure !== undefined || OWN_FAULT.test(e.failure?.code ?? '')

type Comparison = NonNullable<ExecutionEntry['compared']>[number]

/** What a comparison of two results said, whichever executions of the shard (`all`) brought them; undefined when there was none. */
export function comparisonOf(
  all: readonly ExecutionEntry[],
  a: ExecutionEntry,
  b: ExecutionEntry
): Comparison | undefined {
  const [x, y] = [a.result?.digest, b.result?.digest]
  for (const { result, compared = [] } of all) {
    const other = result?.digest === x ? y : result?.digest === y ? x : undefined
    const found = other === undefined ? undefined : compared.find(c => c.with === other)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether two fetched results are the same, as far as is known without looking at them again. */
function sameResult(
  plan: JobPlan,
  all: readonly ExecutionEntry[],
  a: ExecutionEntry,
  b: ExecutionEntry
): boolean | undefined {
  if (a.result?.digest === b.result?.digest) return true
  if (plan.common.needs.compare === undefined) return false
  if (a.fingerprint !== undefined && a.fingerprint === b.fingerprint) return true
  return comparisonOf(all, a, b)?.same
}

export function decideShard(plan: JobPlan, executions: readonly ExecutionEntry[]): Decision {
  const entries = new Map<Candidate, ExecutionEntry>()
  for (const e of executions)
    if (e.result !== undefined && e.fetched)
      entries.set({ id: idOf(e), digest: e.result.digest, fate: fateOf(e), stands: e.stands }, e)
  const pending = executions.filter(e => hopeful(e) && !(e.fetched && e.result !== undefined)).length
  return decide(plan.tier, plan.copies, [...entries.keys()], pending, (x, y) => {
    const [a, b] = [entries.get(x), entries.get(y)]
    return a === undefined || b === undefined ? undefined : sameResult(plan, executions, a, b)
  })
}

/** The execution whose result stands for each shard, of those that were paid. */
export function standing(executions: readonly ExecutionEntry[]): ExecutionEntry[] {
  const byShard = new Map<number, ExecutionEntry>()
  for (const e of executions.filter(e => paid(e) && e.fetched))
    if (e.stands === true || !byShard.has(e.shard)) byShard.set(e.shard, e)
  return [...byShard.values()]
}

/** The furthest checkpoint that an earlier attempt at this seat left with us. */
function lastCheckpoint(past: readonly ExecutionEntry[]): ExecutionEntry['resumedFrom'] {
  // failed by the task's own fault, it is said: one that began from that provider's checkpoint could not tell whether that is true, and one
  // that began from a checkpoint itself may have met a lie
  if (past.some(ownFault)) return undefined
  const held = past.filter(e => e.checkpoint !== undefined && e.checkpointKey !== undefined)
  held.sort((a, b) => (b.checkpoint?.progress ?? 0) - (a.checkpoint?.progress ?? 0) || b.attempt - a.attempt)
  const [best] = held
  const context = best?.agreementId
  if (best?.checkpoint === undefined || best.checkpointKey === undefined || context === undefined)
    return undefined
  const used = (best.resumedFrom?.used ?? 0n) + best.checkpoint.gas
  return { attempt: best.attempt, checkpoint: best.checkpoint, key: best.checkpointKey, context, used }
}

/** Seats of one shard that nobody holds; `forgiving` after a round in which nobody else bid. Replicas never start from another's checkpoint: a copied mistake would pass for agreement. */
export function openSeats(
  plan: JobPlan,
  shard: number,
  executions: readonly ExecutionEntry[],
  forgiving: boolean
): Seat[] {
  const decision = decideShard(plan, executions)
  if (decision.settled !== undefined) return []
  const live = executions.filter(hopeful)
  const wanted = decision.more ? live.length + 1 : Math.max(plan.copies, live.length)
  const held = new Set(live.map(e => e.copy))
  // a declined attempt says nothing about the peer's work; one that failed here is tried again only when nobody else bids
  const avoided = forgiving ? live : executions.filter(e => !neverBegan(e))
  const avoid = [...new Set(avoided.map(e => e.agreement.provider))]
  const out: Seat[] = []
  for (let copy = 0; out.length < wanted - live.length; copy++) {
    if (held.has(copy)) continue
    const past = executions.filter(e => e.copy === copy)
    const attempt = 1 + past.reduce((n, e) => Math.max(n, e.attempt), 0)
    out.push({
      shard,
      copy,
      attempt,
      avoid,
      resumedFrom: plan.tier === 'none' ? lastCheckpoint(past) : undefined
    })
  }
  return out
}

/** Executions that were given work and did not bring it home. */
export const failures = (executions: readonly ExecutionEntry[]): ExecutionEntry[] =>
  executions.filter(e => !hopeful(e) && !neverBegan(e) && e.failure !== undefined)

/** Different providers that say the task itself fails, from its beginning on: two of them are believed. */
export const taskFailures = (executions: readonly ExecutionEntry[]): number =>
  new Set(
    failures(executions)
      .filter(e => e.resumedFrom === undefined && ownFault(e))
      .map(e => e.agreement.provider)
  ).size

/** Operators that broke a promise in this job: they get no more of it while others bid. */
export const unreliable = (executions: readonly ExecutionEntry[]): Address[] => [
  ...new Set(
    failures(executions)
      .filter(e => /_TIMEOUT$|^LEASE_MISSED$|MISMATCH|CORRUPT|NOT_FOUND/.test(e.failure?.code ?? ''))
      .map(e => e.agreement.provider)
  )
]
