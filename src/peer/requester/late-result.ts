/** A provider that was given up may deliver after all: if its result is really there, it is worth its price; if the task failed, its work. */
import { ownTrouble } from '../../protocol/own-trouble.ts'
import { deadline } from '../../protocol/signals.ts'
import { verifyDelivery } from '../records.ts'
import { expectedOf, type LiveExecution } from './live-execution.ts'
import { onTaskFailed } from './task-failed.ts'

const WAIT_MS = 5_000

/** True when the execution has become `delivered`. Never throws: a provider that cannot be asked has no late result. */
export async function lateResult(live: LiveExecution, signal: AbortSignal): Promise<boolean> {
  const { ctx, entry } = live
  const limit = deadline(ctx.clock, WAIT_MS, 'REQUEST_TIMEOUT', 'no late result', signal)
  try {
    for await (const event of ctx.network.stream(
      live.provider,
      'events',
      { agreement: entry.agreementId, after: 0 },
      limit.signal
    )) {
      if (event.kind === 'task-failed') {
        await onTaskFailed(live, event.failure, limit.signal)
        return false
      }
      if (event.kind !== 'result') continue
      await verifyDelivery('result', event.result, expectedOf(live), ctx)
      live.hinder(undefined)
      return await live.move('deliver', 'late result announced', { result: event.result })
    }
  } catch (err) {
    live.hinder(ownTrouble(err))
    ctx.log.debug({ err, agreement: entry.agreementId }, 'no late result from a lost provider')
  } finally {
    limit[Symbol.dispose]()
  }
  return false
}
