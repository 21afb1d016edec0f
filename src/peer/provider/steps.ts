/** What a provider does next about an escrow. Pure: the chain's view in, the step out; the flows act on it and the game check searches it. */
import type { ProviderState } from '../../protocol/machines/execution.ts'
import { due, isLive, type ChainView, type Terms } from '../../protocol/machines/escrow.ts'

/** How long a result waits for the receipt before it is committed on chain, ms; less when the deadline is near. */
export const GRACE_MS = 6_000
/** Commit at the latest this many seconds before the deadline. */
export const MARGIN = 10n
/** What was acknowledged is on the chain this many seconds before the deadline: after it the requester may refund itself without. */
export const SECURE = 20n
/** A requester that has not refunded itself this long after the deadline is gone: we do it, to get our bond back. Seconds. */
export const ABSENT = 120n

/** Whether what was acknowledged must go on the chain now. */
export const securing = (now: bigint, a: Terms): boolean => now + SECURE >= a.deliverBy

/**
 * finished: with the full receipt claim; without it, after some patience, commit: first what is acknowledged (a ruling right after the
 * commit must find it), but near the deadline nothing comes before the commit.
 */
export type FinishedStep = 'claim' | 'claim-and-commit' | 'commit' | 'wait'
export function finishedStep(now: bigint, waitedMs: number, owed: bigint, a: Terms): FinishedStep {
  if (owed >= a.price) return 'claim'
  if (now + MARGIN >= a.deliverBy) return 'commit'
  if (waitedMs > GRACE_MS) return owed > 0n ? 'claim-and-commit' : 'commit'
  return owed > 0n && securing(now, a) ? 'claim' : 'wait'
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
export const runningStep = (view: ChainView, a: Terms, owed: bigint): 'claim' | 'wait' =>
  securing(view.now, a) && unclaimed(view, owed) ? 'claim' : 'wait'

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
  return due.refund(view, a) && now > a.deliverBy + ABSENT ? 'refund' : 'wait'
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

/** For how much we let an unwanted execution go; undefined once the result is ready: then only its receipt ends it. */
export const consentTo = (state: ProviderState, held: bigint): bigint | undefined =>
  state === 'finished' || state === 'delivered' ? undefined : held
