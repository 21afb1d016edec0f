/** started -> finished or failed: fetch, run, checkpoint, seal. What the task writes is sealed to the requester before it leaves. */
import { digestOf, fromHex } from '../../protocol/codec.ts'
import { oneChunk } from '../../protocol/bundle.ts'
import { decode, encode } from '../../protocol/codec.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import { MiB, SPEC_MAX } from '../../protocol/limits.ts'
import type { Engine, RunHooks, RunOutcome, TaskCheckpoint } from '../../protocol/ports/engine.ts'
import type { GpuAccess } from '../../protocol/ports/gpu.ts'
import type { CompareRule } from '../../protocol/records/compare.ts'
import type { CheckpointBody, ResultBody } from '../../protocol/records/delivery.ts'
import { shardSpec, type ObjectRef, type ShardSpec } from '../../protocol/records/spec.ts'
import { signingBytes } from '../../protocol/signing.ts'
import { contexts, seedOf } from '../contexts.ts'
import { hashed } from '../hashing.ts'
import type { ProviderEntry } from '../journal/entries.ts'
import { specDigestOf } from '../spec-digest.ts'
import type { LiveProvision } from './live-provision.ts'

/** How long a provider waits for a requester that cannot be reached when the task is fetched: it may be starting again. */
const FETCH_MS = 30_000
const FETCH_PAUSE_MS = 500

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

/** What is wrong with a task before it runs: its own fault, not this provider's. */
const TASK_FAULTS = [
  'MODULE_INVALID',
  'MODULE_IMPORT',
  'ARGS_INVALID',
  'LIMIT_MODULE',
  'LIMIT_INPUT'
] as const

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
  const stream = hashed(live.ctx.content.get(ref, context, { from: live.requester, maxBytes, signal }))
  const bytes = await all(stream)
  if (stream.digest() !== ref.digest) throw new ShoalError('CONTENT_CORRUPT', 'content and digest differ')
  return bytes
}

const sameRule = (a: CompareRule | undefined, b: CompareRule | undefined): boolean =>
  Buffer.compare(encode(a ?? null), encode(b ?? null)) === 0

/** The spec, checked against what both sides signed. */
async function fetchSpec(live: LiveProvision, signal: AbortSignal): Promise<ShardSpec> {
  const { ctx, entry } = live
  if (entry.task === undefined) throw new Error('no task to fetch')
  const context = contexts.spec(entry.agreementId)
  const key = await ctx.recipient.unwrap(entry.task.spec.wrapped, context)
  const bytes = await all(
    ctx.content.get({ cid: entry.task.spec.cid, key }, context, {
      from: live.requester,
      maxBytes: SPEC_MAX,
      signal
    })
  )
  const spec = decode(shardSpec, bytes, 'spec', SPEC_MAX)
  if (specDigestOf(spec.common) !== entry.agreement.specHash)
    throw new ShoalError('RECORD_INVALID', 'spec: not what was agreed')
  if (spec.shard !== entry.agreement.shard || spec.common.jobId !== entry.agreement.jobId)
    throw new ShoalError('RECORD_INVALID', 'spec: for another shard')
  if (spec.module.digest !== spec.common.module)
    throw new ShoalError('RECORD_INVALID', 'spec: another module than agreed')
  // the rule was in the offer that we bid on: work under another would be judged otherwise than was said
  if (!sameRule(spec.common.compare, entry.compare))
    throw new ShoalError('RECORD_INVALID', 'spec: results compared otherwise than offered')
  return spec
}

/** The checkpoint to begin from: our own newest, else the one handed over. */
async function fetchCheckpoint(live: LiveProvision, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const { ctx, entry } = live
  if (entry.checkpoint !== undefined && entry.checkpointOwn !== undefined) {
    const context = contexts.checkpoint(entry.agreementId, entry.checkpoint.sequence)
    const key = await ctx.recipient.unwrap(entry.checkpointOwn, context)
    return await all(
      ctx.content.get({ cid: entry.checkpoint.object, key }, context, { maxBytes: 256 * MiB, signal })
    )
  }
  const resume = entry.task?.resume
  if (resume === undefined) return undefined
  if (resume.checkpoint.progress < entry.resume)
    throw new ShoalError('RECORD_INVALID', 'the checkpoint is behind what was agreed')
  const key = await ctx.recipient.unwrap(resume.wrapped, contexts.spec(entry.agreementId))
  const { checkpoint } = resume
  return await open(
    live,
    { cid: checkpoint.object, key, size: checkpoint.size, digest: checkpoint.digest },
    fromHex(resume.context),
    256 * MiB,
    signal
  )
}

/** Seals a checkpoint to the requester and, for our own restart, to ourselves. */
async function keepCheckpoint(live: LiveProvision, c: TaskCheckpoint, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  const sequence = (entry.checkpoint?.sequence ?? 0) + 1
  const context = contexts.checkpoint(entry.agreementId, sequence)
  const sealed = await ctx.content.put(oneChunk(c.bundle), context, signal)
  const body: CheckpointBody = {
    v: 1,
    agreement: entry.agreementId,
    sequence,
    progress: Math.min(9_999, Math.max(0, Math.floor(c.progress * 10_000))),
    gas: c.gas,
    object: sealed.cid,
    wrapped: await ctx.wrap(sealed.key, entry.requester.recipient, context),
    size: sealed.size,
    digest: digestOf(c.bundle)
  }
  const checkpoint = { ...body, signature: await ctx.identity.sign(signingBytes('checkpoint', body)) }
  const checkpointOwn = await ctx.wrap(sealed.key, ctx.recipient.publicKey, context)
  const old = entry.checkpoint?.object
  await live.patch({ checkpoint, checkpointOwn }, 'checkpoint')
  live.events.add({ kind: 'checkpoint', checkpoint })
  if (old !== undefined && old !== checkpoint.object) await ctx.content.forget(old)
}

function hooksOf(live: LiveProvision, signal: AbortSignal): RunHooks {
  return {
    onProgress: (fraction, note) =>
      live.events.add({
        kind: 'progress',
        progress: Math.floor(Math.min(1, Math.max(0, fraction)) * 10_000),
        note: note?.slice(0, 256)
      }),
    onLog: (stream, line) => live.events.add({ kind: 'log', stream, line: line.slice(0, 8_000) }),
    onCheckpoint: async c => {
      try {
        await keepCheckpoint(live, c, signal)
      } catch (err) {
        // the task goes on; a later checkpoint may succeed
        if (!signal.aborted)
          live.ctx.log.warn({ err, agreement: live.entry.agreementId }, 'a checkpoint could not be kept')
      }
    }
  }
}

async function sealResult(
  live: LiveProvision,
  output: AsyncIterable<Uint8Array>,
  outcome: RunOutcome,
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
  const result = { ...body, signature: await ctx.identity.sign(signingBytes('result', body)) }
  if (await live.move('finish', 'result sealed', { result })) live.events.add({ kind: 'result', result })
}

/** Everything that a task needs, in memory. */
async function fetchTask(live: LiveProvision, spec: ShardSpec, signal: AbortSignal) {
  const { common } = spec
  const get = (ref: ObjectRef, context: Uint8Array, max: number): Promise<Uint8Array> =>
    patiently(live, signal, () => open(live, ref, context, max, signal))
  const slack = MiB // bundle headers
  return {
    module: await get(spec.module, contexts.module(common.jobId), common.limits.moduleBytes),
    input: await get(spec.input, contexts.input(common.jobId, spec.shard), common.limits.inputBytes + slack),
    checkpoint: await patiently(live, signal, () => fetchCheckpoint(live, signal))
  }
}

async function execute(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  live.events.add({ kind: 'fetching' })
  const spec = await patiently(live, signal, () => fetchSpec(live, signal))
  const { common } = spec
  const engine = ctx.engines.get(common.engine)
  if (engine === undefined) throw new ShoalError('ENGINE_UNKNOWN', `no engine '${common.engine}'`)
  const { module, input, checkpoint } = await fetchTask(live, spec, signal)
  const lease = await leaseGpu(live, signal)
  try {
    const files = { module, input: oneChunk(input), checkpoint }
    await runOn(live, spec, engine, files, lease, signal)
  } finally {
    // the task's process is gone: what it left on the GPU shows now, whatever became of the execution
    await lease?.release(ctx.stopping)
  }
  ctx.log.debug({ agreement: entry.agreementId }, 'a task ended')
}

/** The GPU that was promised; undefined when none was. ENGINE_BROKEN when it is no longer fit. */
async function leaseGpu({ ctx, entry }: LiveProvision, signal: AbortSignal) {
  if (entry.gpuMemoryBytes === undefined) return undefined
  const lease = await ctx.gpus?.lease(entry.agreementId, entry.gpuMemoryBytes, signal)
  if (lease === undefined) throw new ShoalError('ENGINE_BROKEN', 'the GPU that was promised is not fit')
  return lease
}

interface TaskFiles {
  readonly module: Uint8Array
  readonly input: AsyncIterable<Uint8Array>
  readonly checkpoint: Uint8Array | undefined
}

async function runOn(
  live: LiveProvision,
  { common, shard }: ShardSpec,
  engine: Engine,
  { module, input, checkpoint }: TaskFiles,
  gpu: GpuAccess | undefined,
  signal: AbortSignal
): Promise<void> {
  const run = await engine.prepare(
    {
      job: jobNameOf(live.entry),
      module,
      args: common.args,
      env: common.env,
      shard,
      shards: common.shards,
      seed: seedOf(common.jobId, shard),
      limits: common.limits,
      input,
      checkpoint: checkpoint === undefined ? undefined : oneChunk(checkpoint),
      gpu
    },
    signal
  )
  try {
    live.events.add({ kind: 'running' })
    const outcome = await run.run(hooksOf(live, signal), signal)
    if (outcome.status === 'done') return await sealResult(live, run.collect(), outcome, signal)
    const code = outcome.status === 'limit' ? `LIMIT_${outcome.limit.toUpperCase()}` : 'TASK_FAILED'
    await failed(live, code, outcome.reason, 'task')
  } finally {
    await run.dispose()
  }
}

/** The job as engines know it: a requester cannot use the name of another one's. */
export const jobNameOf = ({ requester, agreement }: ProviderEntry): string =>
  `${requester.peer}:${agreement.jobId}`

export async function failed(
  live: LiveProvision,
  code: string,
  reason: string,
  fault: 'task' | 'provider'
): Promise<void> {
  const message = reason.slice(0, 250)
  if (
    await live.move(
      'fail',
      fault === 'task' ? 'task failed' : 'gave up',
      { failure: { code, message } },
      `${code}: ${message}`
    )
  ) {
    live.events.add({ kind: 'failed', code, reason: message, fault })
  }
}

/** Runs the task of a started execution. Ends in `finished`, `failed`, or, when the peer stops, unchanged: it is taken up again. */
export async function runTask(live: LiveProvision, stopping: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopping, live.stopRun])
  try {
    await execute(live, signal)
  } catch (e) {
    if (stopping.aborted || live.terminal) return
    const error = asShoalError(e, 'ENGINE_BROKEN')
    const task = isShoalError(error, ...TASK_FAULTS)
    await failed(live, error.code, error.message, task ? 'task' : 'provider')
  }
}
