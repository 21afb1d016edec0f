/** One execution from award to the end of its escrow: looks at the journalled state, does what belongs to it, looks again. */
import { asShoalError } from '../../protocol/errors.ts'
import type { ExecutionState } from '../../protocol/machines/execution.ts'
import { agree, awaitWorthless, openEscrow } from './agree.ts'
import { awaitRuling, payOut, recoup } from './close.ts'
import { fetchResult } from './fetch-result.ts'
import { follow } from './follow.ts'
import { guard } from './guard.ts'
import type { LiveExecution } from './live-execution.ts'
import { start } from './start.ts'

type Step = (live: LiveExecution, signal: AbortSignal) => Promise<void>

/** delivered: once fetched, the job decides (verify.ts); until then nothing to do here. */
const deliver: Step = async (live, signal) =>
  live.entry.fetched ? await live.pause(1_000, signal) : await fetchResult(live, signal)

const steps: { readonly [S in ExecutionState]?: Step } = {
  awarded: agree,
  agreed: openEscrow,
  withdrawn: awaitWorthless,
  open: start,
  started: follow,
  delivered: deliver,
  accepted: payOut,
  lost: recoup,
  disputed: awaitRuling
}

/** Ends when the execution is terminal or the peer stops. Faults of a step are logged and the step is tried again. */
export async function drive(live: LiveExecution, signal: AbortSignal): Promise<void> {
  await Promise.all([advance(live, signal), guard(live, signal)])
  if (signal.aborted) live.release()
}

async function advance(live: LiveExecution, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !live.terminal) {
    const step = steps[live.entry.state]
    if (step === undefined) return
    try {
      await step(live, signal)
    } catch (e) {
      if (signal.aborted) break
      live.ctx.log.error(
        { err: asShoalError(e, 'INVALID_TRANSITION'), state: live.entry.state },
        'a step of an execution failed; trying again'
      )
      await live.pause(1_000, signal)
    }
  }
}
