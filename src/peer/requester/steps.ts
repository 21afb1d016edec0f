/** What a requester does next about an escrow. Pure: the chain's view in, the step out; the flows act on it and the game check searches it. */
import type { ExecutionState } from '../../protocol/machines/execution.ts'
import {
  challengeEnds,
  claimOf,
  due,
  isLive,
  type ChainView,
  type Terms
} from '../../protocol/machines/escrow.ts'

/** A provider that committed a result on chain shows it to us within this time, seconds. */
const ANNOUNCE = 10n
/** A dispute is sent this long before the window closes, seconds; in a short window in its last third. */
const DISPUTE_MARGIN = 30n

const margin = (a: Terms): bigint => {
  const third = BigInt(a.challengeWindow) / 3n
  return third < DISPUTE_MARGIN ? third : DISPUTE_MARGIN
}
const closing = (view: ChainView, a: Terms): boolean => view.now + margin(a) >= challengeEnds(view.escrow, a)

/** An agreement that we signed and may not want any more: whoever has both signatures can open it until `openBy`. */
export type OpeningStep = 'opened' | 'over' | 'wait'
export function openingStep(view: ChainView, a: Terms): OpeningStep {
  if (view.escrow.state !== 'none') return 'opened'
  return view.now > a.openBy ? 'over' : 'wait'
}

/**
 * lost: everything that was not acknowledged comes back. `refused`: its result was seen once and was wrong. `signed`: our highest receipt; a
 * claim that it covers is paid and not disputed. `accused`: nothing was delivered, and a checkpoint that we paid for is a lie. `hindered`: our
 * own machine keeps us from taking the result, so we cannot say that it is not there.
 */
export type RecoupStep =
  'refund' | 'acknowledge' | 'seek-result' | 'dispute' | 'release' | 'await-ruling' | 'never-opened' | 'wait'
export function recoupStep(
  view: ChainView,
  a: Terms,
  refused: boolean,
  signed: bigint,
  accused = false,
  hindered = false
): RecoupStep {
  const { escrow, now } = view
  if (escrow.state === 'none') return now > a.openBy ? 'never-opened' : 'wait'
  if (escrow.state === 'disputed') return 'await-ruling'
  if (due.refund(view, a)) return 'refund'
  if (accused && due.disputeCheckpoint(view, a)) return 'dispute'
  if (due.release(view, a)) return 'release'
  if (escrow.state !== 'delivered') return 'wait'
  // what covers its claim may be on the chain already, from the provider's hand: then the window is waited out
  if (signed >= claimOf(escrow, a)) return escrow.acknowledged < signed ? 'acknowledge' : 'wait'
  if (due.dispute(view, a)) return refused || (closing(view, a) && !hindered) ? 'dispute' : 'seek-result'
  return 'wait'
}

/** disputed: whatever the provider commits is disputed, a silent arbiter is followed by the split. */
export type RulingStep = 'dispute' | 'release' | 'split' | 'refund' | 'wait'
export function rulingStep(view: ChainView, a: Terms): RulingStep {
  for (const step of ['dispute', 'release', 'split', 'refund'] as const) if (due[step](view, a)) return step
  return 'wait'
}

/**
 * open, started, delivered: what a provider commits on chain is paid for when nobody objects in the window. `lose`: it shows no
 * result, or its time is over. `dispute`: the window closes before we could decide; a result that is accepted later is still paid. While our
 * own machine keeps us from taking or judging it (`hindered`) the window passes, and pays.
 */
export type GuardStep = 'lose' | 'dispute' | 'wait'
export function guardStep(state: ExecutionState, view: ChainView, a: Terms, hindered = false): GuardStep {
  const { escrow, now } = view
  if (state === 'delivered') return due.dispute(view, a) && closing(view, a) && !hindered ? 'dispute' : 'wait'
  if (state !== 'open' && state !== 'started') return 'wait'
  if (escrow.state === 'open') return now > a.deliverBy ? 'lose' : 'wait'
  if (!isLive(escrow) || hindered) return 'wait'
  return now >= escrow.deliveredAt + ANNOUNCE || closing(view, a) ? 'lose' : 'wait'
}

/** A provider's consent to end early is taken when it asks for no more than we acknowledged. */
export const takesRelease = (acknowledged: bigint, release: bigint): boolean => release <= acknowledged
