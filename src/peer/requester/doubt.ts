/**
 * What is thought of a checkpoint that was paid for, when its provider was lost. A lie shows itself: an attempt that goes on from it fails by
 * the task's own fault, and one that began afresh does not. Which of the two providers lied, the task itself tells, run from there by us. And
 * whoever states more work than its own bid lets expect is held against the work that we need for the same.
 */
import { asShoalError } from '../../protocol/errors.ts'
import { oneChunk } from '../../protocol/bundle.ts'
import { wasKilled } from '../../protocol/ports/engine.ts'
import type { ObjectRef } from '../../protocol/records/spec.ts'
import { deadline, within } from '../../protocol/signals.ts'
import { CHECKPOINT_MAX } from '../../protocol/task-limits.ts'
import { runAgain } from '../arbiter/rerun.ts'
import { contexts, seedOf } from '../contexts.ts'
import type { ExecutionEntry } from '../journal/entries.ts'
import type { LiveExecution } from './live-execution.ts'
import { ownFault } from './seats.ts'
import { specOf } from './start.ts'

/** Longest that we ourselves run a task to see who lied, ms. */
const TRY_MS = 60_000

export type Doubt =
  /** Nothing was paid for a checkpoint, or nothing speaks against it. */
  | { readonly kind: 'none' }
  /** The shard is not decided: others may go on from it, so its escrow stays open for now. */
  | { readonly kind: 'open' }
  /** Somebody lied: this provider, or `other`, who went on from it. Without an `other` it may be true all the same. */
  | { readonly kind: 'suspect'; readonly other: ExecutionEntry | undefined }
  | { readonly kind: 'lie' }

const stands = (e: ExecutionEntry): boolean => e.fetched && (e.state === 'accepted' || e.state === 'settled')

/** `shard`: all executions of its shard; `running`: the job still wants its result. Pure. */
export function doubtOf(e: ExecutionEntry, shard: readonly ExecutionEntry[], running: boolean): Doubt {
  const paid = e.receipt?.receipt.amount ?? 0n
  if (e.state !== 'lost' || paid === 0n || e.checkpoint === undefined) return { kind: 'none' }
  if (e.tried !== undefined) return { kind: e.tried === 'fails' ? 'lie' : 'none' }
  if (e.fast === true) return { kind: 'suspect', other: undefined }
  // one that went on from another's checkpoint itself may have been led astray by it
  if (e.resumedFrom !== undefined) return { kind: 'none' }
  const decided = shard.find(stands)
  if (decided === undefined) return { kind: running ? 'open' : 'none' }
  const other = shard.find(x => x.resumedFrom?.checkpoint.agreement === e.agreementId && ownFault(x))
  return other === undefined || decided.resumedFrom !== undefined
    ? { kind: 'none' }
    : { kind: 'suspect', other }
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const p of source) parts.push(p)
  return Buffer.concat(parts)
}

/** Runs the task from the checkpoint, for as much work as `other` says it did: whether it fails as that one says. */
async function fails(
  live: LiveExecution,
  other: ExecutionEntry,
  signal: AbortSignal
): Promise<boolean | undefined> {
  const { ctx, entry } = live
  const { plan } = live.job()
  const { common, module, inputs } = plan
  const { needs } = common
  const engine = ctx.engines.get(needs.engine)
  const input = inputs[entry.shard]
  const { checkpoint, checkpointKey } = entry
  if (
    engine?.deterministic !== true ||
    input === undefined ||
    checkpoint === undefined ||
    checkpointKey === undefined
  )
    return undefined
  const own = (ref: ObjectRef, context: Uint8Array): Promise<Uint8Array> =>
    all(ctx.content.get(ref, context, { maxBytes: ref.size + 1024, signal }))
  const from = await all(
    ctx.content.get(
      { cid: checkpoint.object, key: checkpointKey },
      contexts.checkpoint(entry.agreementId, checkpoint.sequence),
      { maxBytes: CHECKPOINT_MAX, signal }
    )
  )
  const task = {
    module: await own(module, contexts.module(entry.jobId)),
    args: common.args,
    env: common.env,
    shard: entry.shard,
    shards: common.shards,
    seed: seedOf(entry.jobId, entry.shard),
    limits: { ...needs, gas: other.bought, wallMs: Math.min(needs.wallMs, TRY_MS) },
    input: oneChunk(await own(input, contexts.input(entry.jobId, entry.shard))),
    checkpoint: oneChunk(from)
  }
  try {
    const run = await engine.prepare(task, signal)
    try {
      const outcome = await run.run(
        { onProgress: () => undefined, onLog: () => undefined, onCheckpoint: async () => undefined },
        signal
      )
      if (wasKilled(outcome) || (outcome.status === 'limit' && outcome.limit === 'wall')) return undefined
      return outcome.status !== 'done'
    } finally {
      await run.dispose()
    }
  } catch (e) {
    if (signal.aborted) throw e
    return asShoalError(e, 'ENGINE_BROKEN').fault === 'task' ? true : undefined
  }
}

/** Runs the task as its provider did, up to the checkpoint: whether it states more work than that takes. */
async function overstated(live: LiveExecution, signal: AbortSignal): Promise<boolean | undefined> {
  const { ctx, entry } = live
  const { checkpoint, resumedFrom, agreement, bought } = entry
  if (checkpoint === undefined) return undefined
  const spec = specOf(live)
  const own = (ref: ObjectRef, context: Uint8Array): Promise<Uint8Array> =>
    all(ctx.content.get(ref, context, { maxBytes: ref.size + 1024, signal }))
  const resume =
    resumedFrom === undefined
      ? undefined
      : await all(
          ctx.content.get(
            { cid: resumedFrom.checkpoint.object, key: resumedFrom.key },
            contexts.checkpoint(resumedFrom.checkpoint.agreement, resumedFrom.checkpoint.sequence),
            { maxBytes: CHECKPOINT_MAX, signal }
          )
        )
  const again = await runAgain(
    ctx,
    {
      ...{ spec, resume, bought: { price: agreement.price, gas: bought } },
      module: await own(spec.module, contexts.module(entry.jobId)),
      input: await own(spec.input, contexts.input(entry.jobId, entry.shard)),
      ...{ committed: { kind: 'checkpoint', checkpoint }, claim: 0n }
    },
    signal
  )
  return again.kind === 'impossible' ? undefined : again.kind === 'differs'
}

/** Finds out who lied and notes it; what cannot be found out is held against nobody. */
export async function tryCheckpoint(
  live: LiveExecution,
  other: ExecutionEntry | undefined,
  signal: AbortSignal
): Promise<void> {
  const { ctx, entry } = live
  const limit = deadline(
    ctx.clock,
    2 * TRY_MS,
    'RUN_TIMEOUT',
    'the task takes too long to be tried here',
    signal
  )
  const trying = within(limit, s => (other === undefined ? overstated(live, s) : fails(live, other, s)))
  const failed = await trying.catch((err: unknown) => {
    if (signal.aborted) throw err
    ctx.log.warn({ err, agreement: entry.agreementId }, 'a checkpoint could not be tried here')
    return undefined
  })
  const tried = failed === undefined ? 'unknown' : failed ? 'fails' : 'goes-on'
  const liar = failed === undefined ? undefined : failed ? entry : other
  await live.patch({ tried }, 'its checkpoint was tried here', tried)
  if (liar === undefined) return
  await ctx.journal.addWork(liar.agreement.provider, 'failed')
  ctx.log.warn(
    { provider: liar.agreement.provider, shard: entry.shard },
    failed === true
      ? 'a checkpoint that was paid for is a lie'
      : 'a provider said of a task that it fails, and it does not'
  )
}
