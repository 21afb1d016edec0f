/** Checkpoints of a running task: sealed, shown one at a time, each paid for before the next. */
import { earned, plausible } from '../../market/work.ts'
import { oneChunk } from '../../protocol/bundle.ts'
import { digestOf } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { TaskCheckpoint } from '../../protocol/ports/engine.ts'
import type { CheckpointBody } from '../../protocol/records/delivery.ts'
import { CHECKPOINT_MAX } from '../../protocol/task-limits.ts'
import { contexts } from '../contexts.ts'
import { signDelivery } from '../records.ts'
import type { LiveProvision } from './live-provision.ts'

/** What the newest checkpoint has earned by the work that was metered for it. */
export function earnedSoFar({ entry, ranMs }: LiveProvision): bigint {
  const { checkpoint, needs, bought, speed, agreement } = entry
  if (checkpoint === undefined || needs === undefined) return 0n
  const used = plausible(checkpoint.gas, needs.engine, ranMs, speed)
  return earned(used, { price: agreement.price, gas: bought })
}

/** Waits until the last checkpoint is paid for: the next one is not shown before. Ends with the signal too (pay-watch.ts). */
export async function awaitReceipt(live: LiveProvision, signal: AbortSignal): Promise<void> {
  while (live.owed < earnedSoFar(live)) {
    signal.throwIfAborted()
    await live.pause(500, signal)
  }
}

/**
 * Seals a checkpoint to the requester and, for our own restart, to ourselves. `used`: work before this run. CONTENT_TOO_LARGE when nobody
 * could begin from it.
 */
export async function keepCheckpoint(
  live: LiveProvision,
  c: TaskCheckpoint,
  used: bigint,
  signal: AbortSignal
): Promise<void> {
  const { ctx, entry } = live
  const size = c.bundle.byteLength
  if (size > CHECKPOINT_MAX)
    throw new ShoalError('CONTENT_TOO_LARGE', `a checkpoint of ${size} bytes is not kept`)
  const sequence = (entry.checkpoint?.sequence ?? 0) + 1
  const context = contexts.checkpoint(entry.agreementId, sequence)
  const sealed = await ctx.content.put(oneChunk(c.bundle), context, signal)
  const handover = entry.task?.handover?.handover
  if (handover === undefined) throw new Error('a checkpoint of a task that was never handed over')
  const body: CheckpointBody = {
    v: 2,
    agreement: entry.agreementId,
    handover: ctx.typed.digest('Handover', handover) as Hex32,
    sequence,
    progress: Math.min(9_999, Math.max(0, Math.floor(c.progress * 10_000))),
    gas: used + c.gas,
    object: sealed.cid,
    wrapped: await ctx.wrap(sealed.key, entry.requester.recipient, context),
    size: sealed.size,
    digest: digestOf(c.bundle)
  }
  const checkpoint = await signDelivery('checkpoint', body, ctx.identity)
  const checkpointOwn = await ctx.wrap(sealed.key, ctx.recipient.publicKey, context)
  const old = entry.checkpoint?.object
  await live.patch({ checkpoint, checkpointOwn }, 'checkpoint')
  live.events.add({ kind: 'checkpoint', checkpoint })
  if (old !== undefined && old !== checkpoint.object) await ctx.content.forget(old)
}
