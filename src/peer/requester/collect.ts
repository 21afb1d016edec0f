/**
 * What was paid for while we were away: its provider committed it, the window passed, and the escrow was released. The provider keeps the result
 * for us, or says that the task failed; without that the shard would be bought twice, or the job would wait until its deadline.
 */
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import type { Failure, Result } from '../../protocol/records/delivery.ts'
import { deadline, within } from '../../protocol/signals.ts'
import { contexts } from '../contexts.ts'
import type { ExecutionEntry } from '../journal/entries.ts'
import { verifyDelivery } from '../records.ts'
import { fetchFrom } from './fetch-result.ts'
import { expectedOf, type LiveExecution } from './live-execution.ts'

/** Between two tries, and how many there are, ms: a provider that does not give it within a minute has nothing to lose any more. */
const AGAIN_MS = 5_000
const TRIES = 12
const WAIT_MS = 5_000

/** Paid by the release, not here, and still wanted. */
const isDue = (live: LiveExecution): boolean => {
  const { state, fetched, failure } = live.entry
  const job = live.job()
  return (
    state === 'settled' &&
    !fetched &&
    failure === undefined &&
    job.state === 'running' &&
    job.desired === 'run'
  )
}

type Said = { readonly result: Result } | { readonly failure: Failure }

/** What the provider says it has delivered; we may have heard it before. */
async function announced(live: LiveExecution, signal: AbortSignal): Promise<Said> {
  const { ctx, entry } = live
  if (entry.result !== undefined) return { result: entry.result }
  const limit = deadline(ctx.clock, WAIT_MS, 'REQUEST_TIMEOUT', 'its result is not shown', signal)
  return await within(limit, async s => {
    const body = { agreement: entry.agreementId, after: 0 }
    for await (const event of ctx.network.stream(live.provider, 'events', body, s)) {
      if (event.kind === 'task-failed') {
        await verifyDelivery('failure', event.failure, expectedOf(live), ctx)
        return { failure: event.failure }
      }
      if (event.kind !== 'result') continue
      await verifyDelivery('result', event.result, expectedOf(live), ctx)
      return { result: event.result }
    }
    throw new ShoalError('CONTENT_NOT_FOUND', 'its provider shows no result')
  })
}

async function bringHome(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const said = await announced(live, signal)
  if ('failure' in said) {
    const { code, reason, gas } = said.failure
    const patch = { taskFailure: said.failure, gas, failure: { code, message: reason } }
    return await live.patch(patch, 'task failed', `${code}: ${reason}`)
  }
  const { result } = said
  const key = await live.ctx.recipient.unwrap(result.wrapped, contexts.result(live.entry.agreementId))
  const fetched = await fetchFrom(live, result, { key, from: live.provider }, signal)
  await live.patch({ result, ...fetched, progress: 10_000 }, 'the result that was paid for is fetched')
}

/** False when our own journal cannot say it yet. */
async function gaveUp(live: LiveExecution, failure: ExecutionEntry['failure']): Promise<boolean> {
  const { ctx, entry } = live
  try {
    await live.patch({ failure }, 'paid, and the result cannot be had', failure?.message)
  } catch (err) {
    ctx.log.warn(
      { err, agreement: entry.agreementId },
      'that a result cannot be had could not be written down'
    )
    return false
  }
  ctx.network.report(entry.provider.peer, 'broken-promise')
  return true
}

/** Ends when it is here, given up, or not wanted any more. Given up, the shard is free for another attempt. */
export async function collectPaid(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  for (let tries = 1; !signal.aborted && isDue(live); tries++) {
    try {
      return await bringHome(live, signal)
    } catch (e) {
      if (signal.aborted) return
      const { code, message } = asShoalError(e, 'CONTENT_NOT_FOUND')
      const refused = code === 'RESULT_MISMATCH' || code === 'CONTENT_CORRUPT'
      ctx.log.debug(
        { err: e, agreement: live.entry.agreementId },
        'a result that was paid for is not here yet'
      )
      if (refused || (tries >= TRIES && ownTrouble(e) === undefined)) {
        if (await gaveUp(live, { code, message })) return
      }
    }
    await live.pause(AGAIN_MS, signal)
  }
}
