/** A provider states that the task failed by its own fault: what can have been metered is paid, and the execution is over. */
import { failureDigest, type Failure } from '../../protocol/records/delivery.ts'
import { verifyDelivery } from '../records.ts'
import { expectedOf, type LiveExecution } from './live-execution.ts'
import { sendReceipt, signReceipt, worthOf } from './receipts.ts'
import { decideShard } from './seats.ts'

/**
 * Another provider has brought a result of this shard that stands: then the task does not fail, and nothing is signed for the statement.
 */
async function contradicted(live: LiveExecution): Promise<boolean> {
  const all = await live.ctx.journal.executions(live.entry.jobId)
  const shard = all.filter(e => e.shard === live.entry.shard)
  return decideShard(live.job().plan, shard).settled !== undefined
}

/** Takes the statement: signed, journalled, then sent. Errors: SIGNATURE_INVALID, RECORD_INVALID. */
export async function onTaskFailed(live: LiveExecution, stated: Failure, signal: AbortSignal): Promise<void> {
  await verifyDelivery('failure', stated, expectedOf(live), live.ctx)
  const { code, reason, gas } = stated
  const patch = { taskFailure: stated, gas, failure: { code, message: reason } }
  const receipt = (await contradicted(live))
    ? live.entry.receipt
    : await signReceipt(live, failureDigest(stated), worthOf(live, gas))
  const moved = await live.move('lose', 'task failed', { ...patch, receipt }, `${code}: ${reason}`)
  if (!moved) await live.patch({ ...patch, receipt }, 'task failed', `${code}: ${reason}`)
  await sendReceipt(live, signal)
}
