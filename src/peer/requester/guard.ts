/** What a provider commits on chain is paid for when nobody objects in time: this looks, whatever else the execution waits for. */
import type { ExecutionState } from '../../protocol/machines/execution.ts'
import { plead } from './evidence.ts'
import type { LiveExecution } from './live-execution.ts'
import { guardStep } from './steps.ts'

const LOOK_MS = 1_000
const GUARDED: ReadonlySet<ExecutionState> = new Set(['open', 'started', 'delivered'])

const overdue = (live: LiveExecution): boolean => live.ctx.chainNow() > live.entry.agreement.deliverBy

/** Runs beside the steps of an execution until it ends or the peer stops; asks the chain only when there is a reason to. */
export async function guard(live: LiveExecution, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !live.terminal) {
    if (GUARDED.has(live.entry.state) && (live.mayBeCommitted || overdue(live))) {
      try {
        await look(live, signal)
      } catch (err) {
        if (!signal.aborted)
          live.ctx.log.warn(
            { err, agreement: live.entry.agreementId },
            'guarding an escrow failed; trying again'
          )
      }
    }
    await live.pause(LOOK_MS, signal)
  }
}

async function look(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { agreement } = live.entry
  const view = await live.view(signal)
  const step = guardStep(live.entry.state, view, agreement, live.heldUp)
  // the state stays: a result that is accepted later is still paid in full
  if (step === 'dispute') await live.ctx.settlement.dispute(agreement, { signal })
  if (view.escrow.state === 'disputed') await plead(live, signal)
  if (step !== 'lose' || live.entry.state === 'delivered') return
  const message =
    view.escrow.state === 'open' ? 'no result by the deadline' : 'committed a result that it does not show'
  // what we could not take may have been shown, and whom we could not pay may have stopped
  const own = live.hindered === '' ? undefined : `${live.hindered} on this machine: ${message}`
  const failure = { code: own === undefined ? 'DELIVER_TIMEOUT' : 'OWN_TROUBLE', message: own ?? message }
  await live.move('lose', 'not delivered in time', { failure }, failure.message)
}
