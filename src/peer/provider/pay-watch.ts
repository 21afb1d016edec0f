/**
 * Beside a running task: what it has shown must be paid for. A checkpoint that is not makes the task stand still after two seconds, and ends
 * it after a minute. So nobody gets more than one checkpoint and two seconds of work for nothing.
 */
import { ShoalError } from '../../protocol/errors.ts'
import { earnedSoFar } from './checkpoints.ts'
import type { LiveProvision } from './live-provision.ts'

/** An honest requester brings a checkpoint home and signs for it within this time, mostly; the task goes on meanwhile. Ms. */
const PATIENCE_MS = 2_000
/** How long a task stands still for a receipt, ms: the requester may be starting again. */
export const RECEIPT_MS = 60_000
const LOOK_MS = 250

/** Ends with the signal. `hold` makes the task stand still, or go on. */
export async function watchPay(
  live: LiveProvision,
  hold: (on: boolean) => void,
  signal: AbortSignal
): Promise<void> {
  const { clock } = live.ctx
  let unpaidSince: number | undefined
  let held = false
  while (!signal.aborted) {
    const unpaid = earnedSoFar(live) > live.owed
    unpaidSince = unpaid ? (unpaidSince ?? clock.monotonic()) : undefined
    const waited = unpaidSince === undefined ? 0 : clock.monotonic() - unpaidSince
    if (held !== waited > PATIENCE_MS) {
      held = !held
      hold(held)
    }
    if (waited > RECEIPT_MS)
      return live.endRun(new ShoalError('RECEIPT_MISSING', 'no receipt came for the last checkpoint'))
    await live.pause(LOOK_MS, signal)
  }
  if (held) hold(false)
}
