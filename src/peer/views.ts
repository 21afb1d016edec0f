/** What people and programs see of jobs, peers and offers: plain JSON, amounts as decimal text in the token's unit. */
import { executionTable } from '../protocol/machines/execution.ts'
import { isTerminal } from '../protocol/machines/machine.ts'
import { formatAmount } from '../protocol/money.ts'
import type { ContainerOffer } from '../protocol/records/container.ts'
import type { CompareRule } from '../protocol/records/compare.ts'
import type { CapacityAdvert } from '../protocol/records/advert.ts'
import type { AwardEntry, ExecutionEntry, JobEntry, ProviderEntry } from './journal/entries.ts'
import { audit } from './requester/award.ts'
import { bidDigest } from './records.ts'
import { decideShard, standing } from './requester/seats.ts'
import { ruleOf } from '../market/award.ts'
import { NOTHING, type Proven } from '../market/classes.ts'
import { ruleInputOf } from './requester/award.ts'

const BYTES = { by: 'bytes' } as const

export interface ExecutionView {
  readonly shard: number
  readonly attempt: number
  readonly copy: number
  readonly state: string
  readonly provider: string
  readonly operator: string
  readonly agreement: string
  readonly progress: number
  readonly gas: string
  readonly price: string
  /** What the requester has signed for so far. */
  readonly acknowledged: string
  readonly resumedFrom?: { readonly attempt: number; readonly progress: number }
  readonly checkpoints: number
  readonly result?: string
  /** Outputs that the job file names and its result does not hold. */
  readonly missing?: readonly string[]
  /** Its result is the one that the job keeps for this shard. */
  readonly stands?: boolean
  /** What its result was held against: digest of the other result, and why they differ. */
  readonly compared?: readonly { readonly with: string; readonly same: boolean; readonly reason?: string }[]
  readonly failure?: { readonly code: string; readonly message: string }
  readonly closing?: {
    readonly outcome: string
    readonly paid: string
    readonly fee: string
    readonly refunded: string
    /** Disputed, and no arbiter spoke: nobody has it. */
    readonly burned: string
    /** Absent where the chain's events could not be read. */
    readonly tx?: string
  }
}

/** What of the price nobody got; 0 but after a dispute that nobody ruled on. */
const burnedOf = ({ closing, agreement }: ExecutionEntry): bigint =>
  closing?.outcome === 'split' ? agreement.price - closing.paid - closing.fee - closing.refunded : 0n

export const executionView = (e: ExecutionEntry): ExecutionView => ({
  shard: e.shard,
  attempt: e.attempt,
  copy: e.copy,
  state: e.state,
  provider: e.provider.peer,
  operator: e.provider.operator,
  agreement: e.agreementId,
  progress: e.progress / 10_000,
  gas: e.gas.toString(),
  price: formatAmount(e.agreement.price),
  acknowledged: formatAmount(e.receipt?.receipt.amount ?? 0n),
  resumedFrom:
    e.resumedFrom === undefined
      ? undefined
      : { attempt: e.resumedFrom.attempt, progress: e.resumedFrom.checkpoint.progress / 10_000 },
  checkpoints: e.checkpoint?.sequence ?? 0,
  result: e.result?.digest,
  missing: e.missing,
  stands: e.stands,
  compared: e.compared,
  failure: e.failure,
  closing:
    e.closing === undefined
      ? undefined
      : {
          outcome: e.closing.outcome,
          paid: formatAmount(e.closing.paid),
          fee: formatAmount(e.closing.fee),
          refunded: formatAmount(e.closing.refunded),
          burned: formatAmount(burnedOf(e)),
          tx: e.closing.tx
        }
})

export interface JobView {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly desired: string
  readonly created: number
  readonly ended?: number
  readonly shards: number
  readonly shardsDone: number
  readonly executions: number
  /** Attempts that began from another attempt's checkpoint. */
  readonly resumed: number
  readonly maxPrice: string
  /** To providers, in fees, and to nobody because no arbiter spoke, so far and by the chain's word. */
  readonly spent: string
  readonly tier: string
  /** When two results of a shard are the same. */
  readonly compare: CompareRule | { readonly by: 'bytes' }
  readonly out: string
  readonly failure?: { readonly code: string; readonly message: string }
  /** Why its result is not in its place yet. */
  readonly trouble?: { readonly code: string; readonly message: string }
  /** Shards whose results are paid for and kept here though the job did not put them anywhere. */
  readonly kept?: number
  /** Escrows that still hold money. */
  readonly open: number
}

/** States of a job whose results lie in no folder of its owner's. */
const UNPLACED = new Set<JobEntry['state']>(['failing', 'cancelling', 'failed', 'cancelled'])

/** Shards that were paid for, where that is worth saying. */
function keptOf({ state, trouble }: JobEntry, executions: readonly ExecutionEntry[]): number | undefined {
  if (!UNPLACED.has(state) && trouble === undefined) return undefined
  const kept = standing(executions).length
  return kept === 0 ? undefined : kept
}

/** Executions whose escrow was opened: what counts as an attempt. */
const bought = (e: ExecutionEntry): boolean =>
  !['awarded', 'agreed', 'withdrawn', 'declined'].includes(e.state)

export function jobView(job: JobEntry, executions: readonly ExecutionEntry[]): JobView {
  const { plan } = job
  const shards = Array.from({ length: plan.inputs.length }, (_, s) => executions.filter(e => e.shard === s))
  const spent = executions.reduce(
    (n, e) => n + (e.closing === undefined ? 0n : e.closing.paid + e.closing.fee + burnedOf(e)),
    0n
  )
  return {
    id: job.id,
    name: plan.common.name,
    state: job.state,
    desired: job.desired,
    created: job.created,
    ended: job.ended,
    shards: plan.inputs.length,
    shardsDone: shards.filter(list => decideShard(plan, list).settled !== undefined).length,
    executions: executions.filter(bought).length,
    resumed: executions.filter(e => bought(e) && e.resumedFrom !== undefined).length,
    maxPrice: formatAmount(plan.maxPrice),
    spent: formatAmount(spent),
    tier: plan.tier,
    compare: plan.common.needs.compare ?? BYTES,
    out: plan.out,
    failure: job.failure,
    trouble: job.trouble,
    kept: keptOf(job, executions),
    open: executions.filter(e => bought(e) && !isTerminal(executionTable, e.state)).length
  }
}

export const providerView = (e: ProviderEntry) => ({
  agreement: e.agreementId,
  jobId: e.agreement.jobId,
  shard: e.agreement.shard,
  attempt: e.agreement.attempt,
  state: e.state,
  requester: e.requester.peer,
  price: formatAmount(e.agreement.price),
  acknowledged: formatAmount(e.receipt?.receipt.amount ?? 0n),
  /** How the requester said that it compares results. */
  compare: e.needs?.compare ?? BYTES,
  created: e.created,
  failure: e.failure,
  closing:
    e.closing === undefined
      ? undefined
      : { outcome: e.closing.outcome, paid: formatAmount(e.closing.paid), fee: formatAmount(e.closing.fee) }
})

/** Which images may run in containers, by digest as podman writes it; nothing without the engine `container`. */
export const containersView = (
  offer: ContainerOffer | undefined
): { readonly containers?: { readonly images: readonly string[]; readonly uploads: boolean } } =>
  offer === undefined
    ? {}
    : { containers: { images: offer.images.map(hex => `sha256:${hex.slice(2)}`), uploads: offer.uploads } }

/** `nodeClass`: the one that is proven, not the one that is claimed; `proven`: the scores that count. */
export const advertView = (a: CapacityAdvert, nodeClass = a.class, proven: Proven = NOTHING) => ({
  peer: a.card.peer,
  operator: a.card.operator,
  class: nodeClass,
  engines: a.engines.map(e => ({
    id: e.id,
    version: e.version,
    isolation: e.isolation,
    speed: e.speed.toString(),
    ask: e.ask === undefined ? undefined : formatAmount(e.ask)
  })),
  gpus: a.gpus ?? [],
  ...containersView(a.containers),
  attestations: (a.attestations ?? []).map(t => ({ by: t.challenger, kind: t.kind, score: t.score })),
  proven,
  slotsFree: a.slotsFree,
  slotsTotal: a.slotsTotal,
  memoryBytes: a.memoryBytes,
  diskBytes: a.diskBytes,
  /** Per 10^9 gas. */
  ask: formatAmount(a.ask),
  region: a.region,
  energy: a.energy,
  expires: a.expires
})

/** One round's bids, best first, and who got what. */
export function awardView(entry: AwardEntry) {
  const input = ruleInputOf(entry)
  const rule = ruleOf(entry.offer.rule)
  const rows = input.candidates.map(c => ({
    c,
    score: rule.score(c, input),
    bid: entry.bids.find(b => bidDigest(b) === c.digest)
  }))
  rows.sort((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : 0))
  return {
    round: entry.round,
    at: entry.at,
    offer: entry.offerDigest,
    rule: entry.offer.rule,
    bidRoot: entry.bidRoot,
    ceiling: formatAmount(entry.offer.ceiling),
    bids: rows.map(({ c, score, bid }) => ({
      digest: c.digest,
      peer: bid?.card.peer ?? '',
      operator: c.operator,
      price: formatAmount(c.price),
      slots: c.slots,
      speed: c.speed.toString(),
      score: score.toString(),
      won: entry.assignment.filter(d => d === c.digest).length
    })),
    seats: entry.seats.map((s, i) => ({ shard: s.shard, bid: entry.assignment[i] ?? null })),
    /** Undefined: choosing again from the same bids gives the same award. */
    deviation: audit(entry)
  }
}
