/** What a task needs, from the requester: fetched while there is time for the work, checked against what both sides signed. */
import { oneChunk } from '../../protocol/bundle.ts'
import { decode, digestOf, fromHex } from '../../protocol/codec.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { MiB, SPEC_MAX } from '../../protocol/limits.ts'
import { firstDifference, type Needs } from '../../protocol/records/needs.ts'
import { termsDiffer } from '../../protocol/records/refusal.ts'
import { shardSpec, type ObjectRef, type ShardSpec } from '../../protocol/records/spec.ts'
import { CHECKPOINT_MAX } from '../../protocol/task-limits.ts'
import { contexts } from '../contexts.ts'
import { hashed } from '../hashing.ts'
import { specDigestOf } from '../spec-digest.ts'
import type { LiveProvision } from './live-provision.ts'

/** How long a provider waits for a requester that cannot be reached when the task is fetched: it may be starting again. */
const FETCH_MS = 30_000
const FETCH_PAUSE_MS = 500
/** Headers of a bundle, beside what its files hold. */
const SLACK = MiB

/** Everything that a task needs, in memory. */
export interface Task {
  readonly spec: ShardSpec
  /** What was offered and bid on: the limits that count. */
  readonly needs: Needs
  readonly module: Uint8Array
  readonly input: Uint8Array
  readonly checkpoint: Uint8Array | undefined
  /** Work that was done under this agreement until that checkpoint. */
  readonly used: bigint
}

/** Fetches again while the requester is away. Content that is wrong is not asked for twice. */
async function patiently<T>(live: LiveProvision, signal: AbortSignal, fetch: () => Promise<T>): Promise<T> {
  const { clock } = live.ctx
  const until = clock.monotonic() + FETCH_MS
  for (;;) {
    try {
      return await fetch()
    } catch (e) {
      const away = isShoalError(e, 'CONTENT_NOT_FOUND', 'PEER_UNREACHABLE', 'DIAL_TIMEOUT')
      if (!away || clock.monotonic() > until) throw e
      await clock.sleep(FETCH_PAUSE_MS, signal)
    }
  }
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const p of source) parts.push(p)
  return Buffer.concat(parts)
}

/** Opens one object from the requester and checks its digest. */
async function open(
  live: LiveProvision,
  ref: ObjectRef,
  context: Uint8Array,
  maxBytes: number,
  signal: AbortSignal
): Promise<Uint8Array> {
  const options = { from: live.requester, maxBytes, signal }
  const stream = hashed(live.ctx.content.get(ref, context, options))
  const bytes = await all(stream)
  if (stream.digest() !== ref.digest) throw new ShoalError('CONTENT_CORRUPT', 'content and digest differ')
  return bytes
}

/** The bytes of the sealed spec. */
async function fetchSpec(live: LiveProvision, signal: AbortSignal): Promise<Uint8Array> {
  const { ctx, entry } = live
  if (entry.task === undefined) throw new Error('no task to fetch')
  const { cid, wrapped } = entry.task.spec
  const context = contexts.spec(entry.agreementId)
  const key = await ctx.recipient.unwrap(wrapped, context)
  const options = { from: live.requester, maxBytes: SPEC_MAX, signal }
  return await all(ctx.content.get({ cid, key }, context, options))
}

/** The spec, checked against what both sides signed. TERMS_DIFFER names the first term that is not as offered. */
async function specOf(live: LiveProvision, signal: AbortSignal): Promise<{ spec: ShardSpec; needs: Needs }> {
  const { agreement, needs, task } = live.entry
  if (needs === undefined)
    throw new ShoalError('TERMS_REFUSED', 'the agreement was signed under earlier rules')
  const bytes = await patiently(live, signal, () => fetchSpec(live, signal))
  const spec = decode(shardSpec, bytes, 'spec', SPEC_MAX)
  if (digestOf(bytes) !== task?.handover?.handover.spec)
    throw new ShoalError('RECORD_INVALID', 'spec: not what the handover was signed for')
  const { common } = spec
  const differs = firstDifference(needs, common.needs)
  if (differs !== undefined) {
    // both sides of the difference are signed by the requester: the offer, and the handover of this spec
    await live.ctx.journal.noteLie(agreement.requester)
    throw termsDiffer('spec', differs)
  }
  if (specDigestOf(common) !== agreement.specHash)
    throw new ShoalError('RECORD_INVALID', 'spec: not what was agreed')
  if (spec.shard !== agreement.shard || common.jobId !== agreement.jobId)
    throw new ShoalError('RECORD_INVALID', 'spec: for another shard')
  if (spec.module.digest !== common.module)
    throw new ShoalError('RECORD_INVALID', 'spec: another module than agreed')
  if (spec.module.size > needs.moduleBytes)
    throw termsDiffer('spec', size('moduleBytes', needs.moduleBytes, spec.module))
  if (spec.input.size > needs.inputBytes + SLACK)
    throw termsDiffer('spec', size('inputBytes', needs.inputBytes, spec.input))
  return { spec, needs }
}

const size = (term: string, offered: number, given: ObjectRef) => ({
  term,
  offered: String(offered),
  given: String(given.size)
})

/** The checkpoint to begin from: our own newest, else the one handed over. */
async function fetchCheckpoint(live: LiveProvision, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const { ctx, entry } = live
  if (entry.checkpoint !== undefined && entry.checkpointOwn !== undefined) {
    const context = contexts.checkpoint(entry.agreementId, entry.checkpoint.sequence)
    const key = await ctx.recipient.unwrap(entry.checkpointOwn, context)
    const { object: cid } = entry.checkpoint
    return await all(ctx.content.get({ cid, key }, context, { maxBytes: CHECKPOINT_MAX, signal }))
  }
  const resume = entry.task?.resume
  if (resume === undefined) return undefined
  const { checkpoint } = resume
  if (checkpoint.digest !== entry.task?.handover?.handover.checkpoint)
    throw new ShoalError('RECORD_INVALID', 'the checkpoint is not the one that the handover was signed for')
  const key = await ctx.recipient.unwrap(resume.wrapped, contexts.spec(entry.agreementId))
  const ref = { cid: checkpoint.object, key, size: checkpoint.size, digest: checkpoint.digest }
  return await open(live, ref, fromHex(resume.context), CHECKPOINT_MAX, signal)
}

/**
 * Fetches and checks the whole task.
 * @throws TERMS_DIFFER, RECORD_INVALID, CONTENT_NOT_FOUND, CONTENT_CORRUPT, CONTENT_TOO_LARGE
 */
export async function fetchTask(live: LiveProvision, signal: AbortSignal): Promise<Task> {
  const { spec, needs } = await specOf(live, signal)
  const get = (ref: ObjectRef, context: Uint8Array, max: number): Promise<Uint8Array> =>
    patiently(live, signal, () => open(live, ref, context, max, signal))
  const { jobId } = spec.common
  return {
    ...{ spec, needs },
    module: await get(spec.module, contexts.module(jobId), needs.moduleBytes),
    input: await get(spec.input, contexts.input(jobId, spec.shard), needs.inputBytes + SLACK),
    checkpoint: await patiently(live, signal, () => fetchCheckpoint(live, signal)),
    used: live.entry.checkpointOwn === undefined ? 0n : (live.entry.checkpoint?.gas ?? 0n)
  }
}

export const chunked = (bytes: Uint8Array | undefined): AsyncIterable<Uint8Array> | undefined =>
  bytes === undefined ? undefined : oneChunk(bytes)
