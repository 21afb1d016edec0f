/** started -> delivered or lost: follows the provider's events under a lease. Silence is suspicion; after the lease the shard is offered again. */
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import type { Checkpoint } from '../../protocol/records/delivery.ts'
import type { ExecutionEvent } from '../../protocol/records/events.ts'
import { linked } from '../../protocol/signals.ts'
import { CHECKPOINT_MAX, outputBundleMax } from '../../protocol/task-limits.ts'
import { contexts } from '../contexts.ts'
import { hashed } from '../hashing.ts'
import { verifyDelivery } from '../records.ts'
import { expectedOf } from './live-execution.ts'
import { LogSink } from './log-sink.ts'
import type { LiveExecution } from './live-execution.ts'
import { earnedBy, repeatReceipt, seemsFast, sendReceipt, signReceipt } from './receipts.ts'
import { handoverDigest } from './start.ts'
import { onTaskFailed } from './task-failed.ts'

const RECONNECT_MS = 300

/** Brings a checkpoint home, then acknowledges it: what we hold survives its provider. */
async function onCheckpoint(live: LiveExecution, checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  if (checkpoint.sequence <= (entry.checkpoint?.sequence ?? 0)) return
  await verifyDelivery('checkpoint', checkpoint, expectedOf(live), live.ctx)
  if (checkpoint.handover !== (await handoverDigest(live)))
    throw new ShoalError('RECORD_INVALID', 'checkpoint: of another task than was handed over')
  const context = contexts.checkpoint(entry.agreementId, checkpoint.sequence)
  const key = await ctx.recipient.unwrap(checkpoint.wrapped, context)
  const from = live.provider
  const maxBytes = Math.min(outputBundleMax(live.job().plan.common.needs.outputBytes), CHECKPOINT_MAX)
  const options = { from, maxBytes, keep: true, signal }
  const stream = hashed(ctx.content.get({ cid: checkpoint.object, key }, context, options))
  for await (const _ of stream) signal.throwIfAborted()
  if (stream.digest() !== checkpoint.digest) {
    await ctx.content.forget(checkpoint.object)
    throw new ShoalError('CONTENT_CORRUPT', 'checkpoint: content and digest differ')
  }
  const receipt = await signReceipt(live, checkpoint.digest, earnedBy(live, checkpoint.gas))
  await live.patch(
    {
      ...{ checkpoint, checkpointKey: key, receipt, progress: checkpoint.progress, gas: checkpoint.gas },
      fast: entry.fast === true || seemsFast(live, checkpoint.gas) ? true : undefined
    },
    'checkpoint'
  )
  const old = entry.checkpoint?.object
  if (old !== undefined && old !== checkpoint.object) await ctx.content.forget(old)
  await sendReceipt(live, signal)
}

/** What cannot be taken is not asked for again, unless the trouble is our own: its provider has delivered it, and is owed for it. */
async function taken(live: LiveExecution, lastEvent: number, take: () => Promise<void>): Promise<void> {
  try {
    await take()
  } catch (e) {
    if (ownTrouble(e) === undefined) live.note({ lastEvent })
    throw e
  }
  live.note({ lastEvent })
}

async function onEvent(
  live: LiveExecution,
  event: ExecutionEvent,
  logs: LogSink,
  signal: AbortSignal
): Promise<void> {
  const lastEvent = Math.max(live.entry.lastEvent, event.seq)
  switch (event.kind) {
    case 'heartbeat':
      live.note({ progress: Math.max(live.entry.progress, event.progress) })
      return await repeatReceipt(live, signal)
    case 'fetching':
    case 'running':
      return live.note({ lastEvent })
    case 'progress':
      return live.note({ lastEvent, progress: event.progress })
    case 'log':
      live.note({ lastEvent })
      return logs.add(event)
    case 'checkpoint':
      return await taken(live, lastEvent, () => onCheckpoint(live, event.checkpoint, signal))
    case 'result':
      await verifyDelivery('result', event.result, expectedOf(live), live.ctx)
      await live.move('deliver', 'result announced', {
        lastEvent,
        result: event.result,
        gas: event.result.gas,
        progress: 10_000
      })
      return
    case 'task-failed':
      return await taken(live, lastEvent, () => onTaskFailed(live, event.failure, signal))
    case 'failed': {
      const failure = { code: event.code, message: event.reason }
      const detail = `${event.code}: ${event.reason}`
      // what it could not get was ours to give
      const blame = !event.code.startsWith('CONTENT_')
      await live.move('lose', 'provider gave up', { lastEvent, failure }, detail, blame)
    }
  }
}

/** One connection: events until the stream ends, breaks, or stays silent for a lease. */
async function listen(
  live: LiveExecution,
  heard: () => void,
  logs: LogSink,
  signal: AbortSignal
): Promise<void> {
  const { ctx, entry } = live
  const scope = linked(signal)
  let cancel = (): void => undefined
  const watch = () => {
    cancel()
    cancel = ctx.clock.timer(ctx.config.lease, () =>
      scope.abort(new ShoalError('LEASE_MISSED', 'no sign of life'))
    )
  }
  watch()
  // heartbeats alone do not put the deadline off
  const left = Number(entry.agreement.deliverBy - ctx.chainNow()) * 1000
  const cancelDeadline = ctx.clock.timer(Math.max(0, left) + 1_000, () =>
    scope.abort(new ShoalError('DELIVER_TIMEOUT', 'no result by the deadline'))
  )
  try {
    for await (const event of ctx.network.stream(
      live.provider,
      'events',
      { agreement: entry.agreementId, after: live.entry.lastEvent },
      scope.signal
    )) {
      heard()
      cancel() // our own work on an event is not the provider's silence
      await onEvent(live, event, logs, signal)
      live.hinder(undefined)
      if (live.entry.state !== 'started') return
      watch()
    }
  } finally {
    cancel()
    cancelDeadline()
    scope[Symbol.dispose]()
  }
}

/** Follows until the execution is delivered, lost, or closed by the chain. */
export async function follow(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const logs = new LogSink(live)
  let heardAt = ctx.clock.monotonic()
  const heard = () => {
    heardAt = ctx.clock.monotonic()
  }
  try {
    while (!signal.aborted && live.entry.state === 'started') {
      let last = 'the stream ended'
      try {
        await listen(live, heard, logs, signal)
      } catch (e) {
        last = asShoalError(e, 'PEER_UNREACHABLE').message
        const own = ownTrouble(e)
        live.hinder(own)
        // it may have said anything meanwhile
        if (own !== undefined) heard()
      }
      if (signal.aborted || live.entry.state !== 'started') return
      const quiet = ctx.clock.monotonic() - heardAt
      // the time in which we ourselves did not listen is not the provider's silence
      const silent = quiet - ctx.network.lateMs(quiet)
      if (silent >= ctx.config.lease) {
        ctx.network.report(live.entry.provider.peer, 'broken-promise')
        await live.move('lose', 'lease missed', { failure: { code: 'LEASE_MISSED', message: last } }, last)
        return
      }
      // while we are hindered the guard looks at what is committed
      if (ctx.chainNow() > live.entry.agreement.deliverBy && live.hindered === '') {
        await live.move('lose', 'not delivered in time', {
          failure: { code: 'DELIVER_TIMEOUT', message: 'no result by the deadline' }
        })
        return
      }
      await live.pause(RECONNECT_MS, signal)
    }
  } finally {
    await logs.close()
  }
}
