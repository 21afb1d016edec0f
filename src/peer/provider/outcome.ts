/** How an execution ends on this side: with a sealed result, with a proven failure of the task, or because we, or nobody, could go on. */
import type { RunOutcome } from '../../protocol/ports/engine.ts'
import type { ResultBody } from '../../protocol/records/delivery.ts'
import { contexts } from '../contexts.ts'
import { hashed } from '../hashing.ts'
import { signDelivery } from '../records.ts'
import type { LiveProvision } from './live-provision.ts'

const REASON_MAX = 250

/** Seals the result to the requester and to ourselves; it is shown now, or after the commit when time is short. */
export async function sealResult(
  live: LiveProvision,
  output: AsyncIterable<Uint8Array>,
  outcome: Pick<RunOutcome, 'gas' | 'wallMs'>,
  signal: AbortSignal
): Promise<void> {
  const { ctx, entry } = live
  const context = contexts.result(entry.agreementId)
  const stream = hashed(output)
  const sealed = await ctx.content.put(stream, context, signal)
  const body: ResultBody = {
    v: 1,
    agreement: entry.agreementId,
    gas: outcome.gas,
    wallMs: Math.round(outcome.wallMs),
    object: sealed.cid,
    wrapped: await ctx.wrap(sealed.key, entry.requester.recipient, context),
    size: sealed.size,
    digest: stream.digest()
  }
  const result = await signDelivery('result', body, ctx.identity)
  const resultOwn = await ctx.wrap(sealed.key, ctx.recipient.publicKey, context)
  if (await live.move('finish', 'result sealed', { result, resultOwn })) live.showSoon()
}

/** The task ended by its own fault: stated, signed, and worth the work that was metered. */
export async function taskFailed(
  live: LiveProvision,
  code: string,
  reason: string,
  { gas, wallMs }: Pick<RunOutcome, 'gas' | 'wallMs'>
): Promise<void> {
  const message = reason.slice(0, REASON_MAX)
  const body = {
    ...{ v: 1 as const, agreement: live.entry.agreementId, code, gas },
    ...{ reason: message, wallMs: Math.round(wallMs) }
  }
  const taskFailure = await signDelivery('failure', body, live.ctx.identity)
  const patch = { taskFailure, failure: { code, message } }
  // what is due for it, beyond receipts that we have, is waited for or committed (close.ts)
  if (await live.move('finish', 'task failed', patch, `${code}: ${message}`)) live.showSoon()
}

/** We gave up, were asked to stop, or time is over: nothing is claimed but what there are receipts for. */
export async function failed(live: LiveProvision, code: string, reason: string): Promise<void> {
  const message = reason.slice(0, REASON_MAX)
  const patch = { failure: { code, message } }
  if (!(await live.move('fail', 'gave up', patch, `${code}: ${message}`))) return
  const { agreementId: agreement, requester } = live.entry
  live.ctx.log.warn(
    { agreement, requester: requester.operator, code, reason: message },
    'an execution was given up'
  )
  live.events.add({ kind: 'failed', code, reason: message })
}
