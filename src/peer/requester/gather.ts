/** gathering: the accepted results of all shards become the job's output folder, whole or not at all. */
import { dirname, join } from 'node:path'
import { RESULT_LIMITS } from '../../executor/compare/contents.ts'
import { bundleFromMap, bundleToMap, comparePaths, oneChunk, readBundle } from '../../protocol/bundle.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { GiB, MiB } from '../../protocol/limits.ts'
import type { Files } from '../../protocol/ports/files.ts'
import { INPUT_MAX, MODULE_MAX } from '../../protocol/task-limits.ts'
import { contexts, seedOf } from '../contexts.ts'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry, JobEntry } from '../journal/entries.ts'
import { contextOf } from '../hashing.ts'
import { resultFile, resultFolder } from './fetch-result.ts'
import { mustBeFree, placeError } from './output.ts'
import { isWanted, missingFrom, outputMissing } from './outputs.ts'

/** What a gather module may use, on the requester's own machine. */
const GATHER = {
  gas: 1_000_000_000_000n,
  memoryBytes: GiB,
  wallMs: 10 * 60_000,
  outputBytes: 2 * GiB,
  logBytes: MiB,
  moduleBytes: MODULE_MAX.wasm,
  inputBytes: INPUT_MAX
}

/** Unpacks what is wanted of one bundle below a folder; returns all its paths. They were checked by the bundle reader: nothing leaves the folder. */
async function unpack(
  files: Files,
  source: AsyncIterable<Uint8Array>,
  folder: string,
  wanted: readonly string[]
): Promise<string[]> {
  const paths: string[] = []
  for await (const file of readBundle(source, RESULT_LIMITS)) {
    paths.push(file.path)
    if (!isWanted(file.path, wanted)) continue
    const path = join(folder, ...file.path.split('/'))
    await files.makeFolder(dirname(path), { mode: 0o755 })
    await files.write(path, file.data, { mode: 0o644 })
  }
  return paths
}

type Accepted = readonly ExecutionEntry[]

/** One after another, file by file, in shard order. */
async function concat(
  ctx: PeerContext,
  { id, plan }: JobEntry,
  accepted: Accepted
): Promise<Map<string, Uint8Array>> {
  const parts = new Map<string, Uint8Array[]>()
  for (const e of accepted) {
    const files = await bundleToMap(ctx.files.stream(resultFile(ctx.home, e)), RESULT_LIMITS)
    // a part that is missing would be missing in the middle, unseen
    mustHold(`shard ${e.shard}`, plan.outputs, [...files.keys()], id)
    for (const [path, bytes] of files) parts.set(path, [...(parts.get(path) ?? []), bytes])
  }
  return new Map([...parts].map(([path, list]) => [path, new Uint8Array(Buffer.concat(list))]))
}

/** Runs the job's gather module here, a WebAssembly module whatever the job's engine is, over all shards' outputs as /in/<shard>/. */
async function gatherByModule(
  ctx: PeerContext,
  job: JobEntry,
  accepted: Accepted,
  signal: AbortSignal
): Promise<AsyncIterable<Uint8Array>> {
  const { gather, common } = job.plan
  const engine = ctx.engines.get('wasm')
  if (typeof gather !== 'object' || engine === undefined)
    throw new ShoalError('ENGINE_UNKNOWN', 'no engine wasm here to gather with')
  const module: Uint8Array[] = []
  for await (const c of ctx.content.get(gather.module, contexts.gather(job.id), {
    maxBytes: GATHER.moduleBytes,
    signal
  }))
    module.push(c)
  const tree = new Map<string, Uint8Array>()
  for (const e of accepted) {
    for (const [path, bytes] of await bundleToMap(ctx.files.stream(resultFile(ctx.home, e)), RESULT_LIMITS))
      tree.set(`${e.shard}/${path}`, bytes)
  }
  const bundle = bundleFromMap(new Map([...tree].sort(([a], [b]) => comparePaths(a, b))))
  const run = await engine.prepare(
    {
      module: Buffer.concat(module),
      args: gather.args,
      env: { ...common.env },
      shard: 0,
      shards: common.shards,
      seed: seedOf(job.id, 0),
      limits: GATHER,
      input: oneChunk(bundle)
    },
    signal
  )
  try {
    let last = ''
    const outcome = await run.run(
      {
        onProgress: () => undefined,
        onLog: (_, line) => void (last = line),
        onCheckpoint: async () => undefined
      },
      signal
    )
    if (outcome.status !== 'done')
      throw new ShoalError(
        'TASK_FAILED',
        `gather: ${outcome.reason}${last === '' ? '' : ` (${last.slice(0, 200)})`}`
      )
    const output: Uint8Array[] = []
    for await (const c of run.collect()) output.push(c)
    return oneChunk(Buffer.concat(output))
  } finally {
    await run.dispose()
  }
}

/** Several shards without a gather rule land side by side, under their numbers; `raw`: whatever the rule and the outputs. */
async function fill(
  ctx: PeerContext,
  job: JobEntry,
  accepted: Accepted,
  folder: string,
  { raw, signal }: Pick<GatherOptions, 'raw' | 'signal'>
): Promise<void> {
  const { gather } = job.plan
  const outputs = raw === true ? [] : job.plan.outputs
  if (typeof gather === 'object' && raw !== true) {
    const made = await gatherByModule(ctx, job, accepted, signal)
    return mustHold('the gather module', outputs, await unpack(ctx.files, made, folder, outputs), job.id)
  }
  if (gather === 'concat' && raw !== true) {
    const made = oneChunk(bundleFromMap(await concat(ctx, job, accepted)))
    await unpack(ctx.files, made, folder, outputs)
    return
  }
  // one of many shards keeps its number when it comes without the others
  const flat = (raw === true ? job.plan.inputs : accepted).length === 1
  for (const e of accepted) {
    const target = flat ? folder : join(folder, String(e.shard))
    await ctx.files.makeFolder(target, { mode: 0o755 })
    const made = ctx.files.stream(resultFile(ctx.home, e), { signal })
    mustHold(`shard ${e.shard}`, outputs, await unpack(ctx.files, made, target, outputs), job.id)
  }
}

/** OUTPUT_MISSING when something of the outputs is not there. */
function mustHold(who: string, outputs: readonly string[], paths: readonly string[], jobId: string): void {
  const missing = missingFrom(outputs, paths)
  if (missing.length > 0) throw outputMissing(who, missing, paths, jobId)
}

export interface GatherOptions {
  readonly signal: AbortSignal
  /** What each shard wrote, as it came: nothing joined, nothing left out. Also of a part of the shards. */
  readonly raw?: boolean
  /** Used when somebody else filled the target meanwhile; without it that is OUTPUT_EXISTS. */
  readonly elsewhere?: string
}

/** Names what is written for one target: two targets are never written through the same folder. */
const nameOf = (out: string, raw: boolean): string =>
  Buffer.from(contextOf(raw ? 'out raw' : 'out', out))
    .toString('hex')
    .slice(0, 16)

/** A target's own trouble, in words; what the home or a gather module failed with stays as it is. */
async function at<T>(out: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (e) {
    throw placeError(out, e)
  }
}

/**
 * Writes into a folder beside the target and renames it: nobody sees half a result. A mark in our home, written before the rename,
 * tells after a crash that the folder that is there now is ours and whole. Returns where the results are. What fails leaves nothing.
 * OUTPUT_EXISTS, DISK_FULL, DISK_ERROR; OUTPUT_MISSING; TASK_FAILED of a gather module.
 */
export async function gatherResults(
  ctx: PeerContext,
  job: JobEntry,
  accepted: Accepted,
  options: GatherOptions
): Promise<string> {
  const { files } = ctx
  const { out } = job.plan
  const name = nameOf(out, options.raw === true)
  const mark = join(resultFolder(ctx.home, job.id), `gathered-${name}`)
  try {
    await at(out, mustBeFree(files, out))
  } catch (e) {
    if (!isShoalError(e, 'OUTPUT_EXISTS')) throw e
    if ((await files.stat(mark)) !== undefined) return out
    return await instead(ctx, job, accepted, options, e)
  }
  const partial = join(dirname(out), `.${job.id.slice(2, 12)}-${name}.partial`)
  await at(out, makeEmpty(files, partial))
  try {
    const inOrder = [...accepted].sort((a, b) => a.shard - b.shard)
    await fill(ctx, job, inOrder, partial, options)
    options.signal.throwIfAborted()
    await files.makeFolder(resultFolder(ctx.home, job.id))
    await files.write(mark, new Uint8Array())
    await at(out, files.rename(partial, out))
    return out
  } catch (e) {
    // the next attempt clears it too
    await files.remove(partial).catch(() => undefined)
    if (isShoalError(e, 'OUTPUT_EXISTS')) return await instead(ctx, job, accepted, options, e)
    throw e
  }
}

async function makeEmpty(files: Files, folder: string): Promise<void> {
  await files.makeFolder(dirname(folder), { mode: 0o755 })
  await files.remove(folder)
  await files.makeFolder(folder, { mode: 0o755 })
}

/** The target was filled by somebody else: the other place, if there is one. */
async function instead(
  ctx: PeerContext,
  job: JobEntry,
  accepted: Accepted,
  { elsewhere, ...options }: GatherOptions,
  refused: ShoalError
): Promise<string> {
  if (elsewhere !== undefined)
    return await gatherResults(ctx, { ...job, plan: { ...job.plan, out: elsewhere } }, accepted, options)
  throw new ShoalError(refused.code, refused.message, {
    data: refused.data,
    next: `Fetch the result elsewhere with: shoal get ${job.id.slice(0, 10)} --out DIR`,
    cause: refused
  })
}
