/** started: runs the task, and near the deadline puts on the chain what was acknowledged: after it the requester may refund itself without. */
import { linked } from '../../protocol/signals.ts'
import { secure } from './close.ts'
import type { LiveProvision } from './live-provision.ts'
import { runTask } from './run-task.ts'

/** Ends with the task. Errors as in `runTask`. */
export async function run(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const scope = linked(signal)
  const securing = secure(live, scope.signal)
  try {
    await runTask(live, signal)
  } finally {
    scope.abort(new Error('the task has ended'))
    await securing
    scope[Symbol.dispose]()
  }
}
