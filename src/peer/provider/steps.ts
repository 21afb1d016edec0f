/** What a provider does next about an escrow. Pure: the chain's view in, the step out; the flows act on it and the game check searches it. */
import type { ProviderState } from '../../protocol/machines/execution.ts'
import { due, isLive, type ChainView, type Terms } from '../../protocol/machines/escrow.ts'

/** How long a result waits for the receipt before it is committed on chain, ms; less when the deadline is near. */
export const GRACE_MS = 6_000
/** Commit at the latest this many seconds before the deadline, or twice what a transaction takes when that is longer. */
export const MARGIN = 10n
/** A requester that has not refunded itself this long after it could is gone: we do it, to get our bond back. Seconds. */
export const ABSENT = 120n

/** Seconds before the deadline at which the commit must be on its way. */
export const marginOf = (inclusionMs: number): bigint => {
  const twice = BigInt(Math.ceil((2 * inclusionMs) / 1000))
  return twice > MARGIN ? twice : MARGIN
}

/** The last second at which a commit is sent, so that it is mined in time. */
export const commitBy = (a: Pick<Terms, 'deliverBy'>, inclusionMs: number): bigint =>
  a.deliverBy - marginOf(inclusionMs)

/** What a piece of work may take, and where. */
export interface Work {
  readonly gas: bigint
  readonly wallMs: number
  /** Billing units per second of this provider, as in its bid. */
  readonly speed: bigint
  readonly inclusionMs: number
}

/** The longest that work may take here: its gas at our speed, or its wall time when that is shorter. Milliseconds. */
export const workMs = ({ gas, wallMs, speed }: Work): number =>
  speed === 0n ? wallMs : Math.min(wallMs, Number((gas * 1_000n) / speed))

/** Whether work that begins now ends in time to be delivered. `now`: the chain's time in seconds. */
export const workFits = (now: bigint, a: Pick<Terms, 'deliverBy'>, work: Work): boolean =>
  now + BigInt(Math.ceil(workMs(work) / 1000)) <= commitBy(a, work.inclusionMs)

/** Time is short: nothing is shown before it is committed, since a receipt may not come in time. */
export const commitsFirst = (now: bigint, a: Pick<Terms, 'deliverBy'>, inclusionMs: number): boolean =>
  now + BigInt(GRACE_MS / 1000) >= commitBy(a, inclusionMs)

/** From this second on what was acknowledged goes on the chain, before the last moment for a commit: a ruling right after it must find it. */
export const secureFrom = (a: Pick<Terms, 'deliverBy'>, inclusionMs = 0): bigint =>
  a.deliverBy - 2n * marginOf(inclusionMs)

/** Whether what was acknowledged must go on the chain now. */
export const securing = (now: bigint, a: Terms, inclusionMs = 0): boolean => now >= secureFrom(a, inclusionMs)

/** What a provider has a right to, beside what it holds receipts for. */
export interface Owed {
  /** The highest receipt. */
  readonly held: bigint
  /** What the finished work is worth: the price for a result, what was metered for a task that failed by its own fault. */
  readonly due: bigint
  /** A claim was refused by the chain: the receipt may be worth nothing. */
  readonly refused?: boolean
  readonly inclusionMs?: number
}

/**
 * finished: with the receipt for all that is due claim; without it, after some patience, commit: first what is acknowledged (a ruling right
 * after the commit must find it), but near the deadline nothing comes before the commit. A claim that the chain refuses, or that is not
 * there when the time is short, is followed by a commit.
 */
export type FinishedStep = 'claim' | 'claim-and-commit' | 'commit' | 'wait'
export function finishedStep(now: bigint, waitedMs: number, o: Owed, a: Terms): FinishedStep {
  const late = now >= commitBy(a, o.inclusionMs ?? 0)
  if (o.held >= o.due) return late || o.refused === true ? 'commit' : 'claim'
  if (late) return 'commit'
  if (waitedMs > GRACE_MS) return o.held > 0n ? 'claim-and-commit' : 'commit'
  return o.held > 0n && securing(now, a, o.inclusionMs) ? 'claim' : 'wait'
}

/** A commit that seems to have failed: it may be on the chain all the same. */
export type FailedCommit = 'committed' | 'too-late' | 'wait'
export function failedCommit(view: ChainView, a: Terms): FailedCommit {
  if (view.escrow.state === 'delivered' || view.escrow.state === 'disputed') return 'committed'
  return view.escrow.state === 'open' && view.now > a.deliverBy ? 'too-late' : 'wait'
}

/** What the chain does not know yet of what we are owed. */
const unclaimed = ({ escrow }: ChainView, owed: bigint): boolean =>
  isLive(escrow) && owed > escrow.acknowledged

/** started: what was acknowledged is on the chain before the requester may refund itself without it. */
export const runningStep = (view: ChainView, a: Terms, owed: bigint, inclusionMs = 0): 'claim' | 'wait' =>
  securing(view.now, a, inclusionMs) && unclaimed(view, owed) ? 'claim' : 'wait'

/** delivered: the receipt may still come; a dispute or ruling must find what was acknowledged; after the windows anyone may end it. */
export type CommittedStep = 'claim' | 'release' | 'split' | 'wait'
export function committedStep(view: ChainView, a: Terms, owed: bigint): CommittedStep {
  if (unclaimed(view, owed)) return 'claim'
  if (due.release(view, a)) return 'release'
  return due.split(view, a) ? 'split' : 'wait'
}

/** failed: what was acknowledged goes on the chain at once, then the escrow is waited out. */
export type FailedStep = CommittedStep | 'refund' | 'never-opened'
export function failedStep(view: ChainView, a: Terms, owed: bigint): FailedStep {
  const { escrow, now } = view
  if (escrow.state === 'none') return now > a.openBy ? 'never-opened' : 'wait'
  const step = committedStep(view, a, owed)
  if (step !== 'wait') return step
  return due.refund({ escrow, now: now - ABSENT }, a) ? 'refund' : 'wait'
}

/** agreed: waits for the requester's start; an agreement that was never opened expires. A receipt before any work is as good as another. */
export type AgreedStep = 'expire' | 'fail' | 'claim' | 'wait'
export function agreedStep(view: ChainView, a: Terms, owed: bigint): AgreedStep {
  if (view.escrow.state === 'none') return view.now > a.openBy ? 'expire' : 'wait'
  if (view.now > a.deliverBy) return 'fail'
  return runningStep(view, a, owed)
}

/** Whether a receipt is kept: signed, for this price or less, and more than the last. The amount counts, not the sequence. */
export const takesReceipt = (held: bigint, amount: bigint, a: Terms): boolean =>
  amount <= a.price && amount > held

/**
 * For how much we let an unwanted execution go; undefined while more is due for finished work than there are receipts for: then only they
 * end it.
 */
export const consentTo = (state: ProviderState, held: bigint, due: bigint): bigint | undefined =>
  (state === 'finished' || state === 'delivered') && held < due ? undefined : held
