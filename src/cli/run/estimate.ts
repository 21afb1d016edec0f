/** What a whole job would cost and take, told from one shard of it that was run and paid for. */
import { formatAmount, parseAmount, SYMBOL } from '../../protocol/money.ts'
import { formatDuration } from '../../protocol/units.ts'
import type { FullJob } from '../ui/job-view.ts'

/** A line of a job's history. */
export interface Past {
  readonly at: number
  readonly what: string
}

export interface Estimate {
  readonly shards: number
  readonly copies: number
  /** What the probe cost, fees included, and what all shards would. */
  readonly probeCost: string
  readonly cost: string
  readonly maxPrice: string
  readonly withinCap: boolean
  /** Of one execution, and of the whole job on the slots that are free now; ms. */
  readonly shardMs: number
  readonly totalMs: number
  readonly slots: number
  /** Of one execution. */
  readonly gas: string
}

export interface EstimateInput {
  readonly probe: FullJob
  readonly history: readonly Past[]
  readonly count: number
  readonly copies: number
  readonly maxPrice: bigint
  /** Free slots of all providers now. */
  readonly slots: number
}

const first = (history: readonly Past[], end: string): number | undefined =>
  history.find(h => h.what.endsWith(end))?.at
const last = (history: readonly Past[], end: string): number | undefined =>
  history.findLast(h => h.what.endsWith(end))?.at

/**
 * Cost is proportional to the shards. Time is what comes before and after the run (bids, escrow, payment), once, and the run
 * itself as often as the free slots must be filled.
 */
export function estimate(o: EstimateInput): Estimate {
  const { probe, history, count, copies } = o
  const begun = first(history, 'task handed over') ?? probe.created
  const done = last(history, 'result announced') ?? probe.ended ?? begun
  const shardMs = Math.max(0, done - begun)
  const around = Math.max(0, (probe.ended ?? done) - probe.created - shardMs)
  const spent = parseAmount(probe.spent)
  const cost = spent * BigInt(count)
  const waves = Math.ceil((count * copies) / Math.max(1, o.slots))
  const gas = probe.executionList.reduce((n, e) => (BigInt(e.gas) > n ? BigInt(e.gas) : n), 0n)
  return {
    shards: count,
    copies,
    probeCost: formatAmount(spent),
    cost: formatAmount(cost),
    maxPrice: formatAmount(o.maxPrice),
    withinCap: cost <= o.maxPrice,
    shardMs,
    totalMs: around + waves * shardMs,
    slots: o.slots,
    gas: gas.toString()
  }
}

export function estimateText(e: Estimate, deadlineMs: number): string {
  const lines = [
    `One shard   ${e.probeCost} ${SYMBOL}, ${formatDuration(e.shardMs)}, ${e.gas} gas (${e.copies === 1 ? 'one copy' : `each of ${e.copies} copies`})`,
    `All ${String(e.shards).padEnd(6)}  about ${e.cost} ${SYMBOL}, about ${formatDuration(e.totalMs)} on the ${e.slots} slots that are free now`,
    `Your caps   ${e.maxPrice} ${SYMBOL} (--max-price), ${formatDuration(deadlineMs)} (--max-time)`
  ]
  if (!e.withinCap) lines.push(`Too low     raise the cap: --max-price ${e.cost}`)
  if (e.totalMs >= deadlineMs)
    lines.push(`Too short   raise the cap: --max-time ${Math.ceil((e.totalMs * 1.5) / 1000)}s`)
  return lines.join('\n')
}
