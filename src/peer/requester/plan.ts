/** Submit: a checked job file becomes a plan whose content is sealed and on our disk. Nothing is bought yet. */
import { imageNeedOf, imageSource } from '../../executor/container/image.ts'
import { packBundle } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Address, Hex32, JobId } from '../../protocol/ids.ts'
import { disputeBondOf } from '../../protocol/machines/escrow.ts'
import type { Needs } from '../../protocol/records/needs.ts'
import type { JobCommon, ObjectRef } from '../../protocol/records/spec.ts'
import { contexts } from '../contexts.ts'
import type { PeerContext } from '../context.ts'
import { hashed } from '../hashing.ts'
import type { JobPlan } from '../journal/entries.ts'
import { compareRuleOf } from '../jobfile/compare.ts'
import type { JobFile } from '../jobfile/schema.ts'
import { entriesOf, shardInputs, sizeOf } from './inputs.ts'
import { readModule } from './modules.ts'

/** Time for agreeing, opening and fetching on top of the task's wall limit, seconds. */
const DELIVER_MARGIN = 20
/** Seconds in which the requester may dispute a delivery. */
const CHALLENGE_SECONDS = 60

type Ports = Pick<PeerContext, 'files' | 'content' | 'config' | 'clock'>

export interface PlanOptions {
  readonly id: JobId
  /** Paths in the job file are relative to this folder. */
  readonly folder: string
  readonly out: string
  readonly signal?: AbortSignal
  /** Overrides of the margins above (the demo and tests use shorter ones). */
  readonly deliverMargin?: number
  readonly challengeSeconds?: number
  /** Buys the first shard alone, at its share of the price: what the rest would cost and take can be told from it. */
  readonly probe?: boolean
  /** Bytes sealed so far, of all. */
  readonly onProgress?: (done: number, total: number) => void
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** Seals one object and notes its digest. */
async function seal(
  ports: Ports,
  source: AsyncIterable<Uint8Array>,
  context: Uint8Array,
  signal?: AbortSignal
): Promise<ObjectRef> {
  const stream = hashed(source)
  const sealed = await ports.content.put(stream, context, signal)
  return { cid: sealed.cid, key: sealed.key, size: sealed.size, digest: stream.digest() }
}

function commonOf(job: JobFile, id: JobId, module: Hex32, needs: Needs): JobCommon {
  return {
    v: 2,
    jobId: id,
    name: job.name,
    needs,
    args: job.task.args,
    env: job.task.env,
    shards: job.count,
    module
  }
}

/** What one shard may use, from the job file and what its content came to. */
const needsOf = (job: JobFile, module: Uint8Array, inputBytes: number): Needs => ({
  engine: job.task.engine,
  engineVersion: job.task.version,
  gas: job.limits.gas,
  memoryBytes: job.resources.memory,
  diskBytes: job.resources.disk,
  wallMs: job.limits.wall,
  outputBytes: job.limits.output,
  logBytes: job.limits.log,
  moduleBytes: module.byteLength,
  inputBytes,
  gpuMemoryBytes: gpuNeed(job.resources.gpu),
  image: job.task.engine === 'container' ? imageNeedOf(imageSource(module)) : undefined,
  compare: compareRuleOf(job)
})

const gpuNeed = (gpu: JobFile['resources']['gpu']): number | undefined =>
  gpu === 'none' ? undefined : gpu === 'any' ? 0 : gpu

const copiesOf = (job: JobFile): number => (job.verify.tier === 'replicas' ? job.verify.copies : 1)

/** The most that one execution may cost. */
const ceilingOf = (job: JobFile): bigint => job.price.max / BigInt(job.count * copiesOf(job))

/** The most that a job, or its probe, may cost. */
export const capOf = (job: JobFile, probe: boolean): bigint =>
  probe ? job.price.max / BigInt(job.count) : job.price.max

/** What the escrows of all its executions hold beside their prices until they close: the dispute bonds, when providers give `bond` each. */
export const reserveOf = (job: JobFile, probe: boolean, bond: bigint): bigint =>
  BigInt((probe ? 1 : job.count) * copiesOf(job)) * disputeBondOf({ price: ceilingOf(job), bond })

/**
 * Reads, splits and seals everything a job needs.
 * @throws FILE_NOT_FOUND, FILE_TOO_LARGE, MODULE_INVALID, JOB_FILE_INVALID, DISK_FULL
 */
export async function makePlan(job: JobFile, ports: Ports, o: PlanOptions): Promise<JobPlan> {
  const module = await readModule(job.task.module, o.folder, 'task.module', ports.files, job.task.engine)
  const all = await shardInputs(job, o.folder, ports.files, o.signal)
  const shards = o.probe === true ? all.slice(0, 1) : all
  const total = shards.reduce((n, s) => n + sizeOf(s), 0)
  if (total > ports.config.maxInput) {
    throw new ShoalError(
      'FILE_TOO_LARGE',
      `the inputs of all shards have ${total} bytes, at most ${ports.config.maxInput}`,
      {
        next: "Split the input ('split:') or raise maxInput in the configuration."
      }
    )
  }
  const gather =
    typeof job.gather === 'object' && o.probe !== true
      ? await readModule(job.gather.module, o.folder, 'gather.module', ports.files)
      : undefined
  const copies = copiesOf(job)
  const inputs: ObjectRef[] = []
  let done = 0
  for (const [shard, list] of shards.entries()) {
    inputs.push(
      await seal(
        ports,
        packBundle(entriesOf(list, ports.files, o.signal)),
        contexts.input(o.id, shard),
        o.signal
      )
    )
    o.onProgress?.((done += sizeOf(list)), total)
  }
  const moduleRef = await seal(ports, once(module), contexts.module(o.id), o.signal)
  return {
    common: commonOf(job, o.id, moduleRef.digest, needsOf(job, module, Math.max(...inputs.map(i => i.size)))),
    module: moduleRef,
    inputs,
    ceiling: ceilingOf(job),
    maxPrice: capOf(job, o.probe === true),
    class: job.resources.class,
    match: {
      rule: job.match.rule,
      windowMs: job.match.window,
      bids: job.match.bids,
      region: job.match.region,
      energy: job.match.energy,
      avoid: job.match.avoid as Address[]
    },
    tier: job.verify.tier,
    copies,
    retries: job.retries,
    deadline: ports.clock.now() + job.deadline,
    deliverSeconds: Math.ceil(job.limits.wall / 1000) + (o.deliverMargin ?? DELIVER_MARGIN),
    challengeSeconds: o.challengeSeconds ?? CHALLENGE_SECONDS,
    outputs: job.outputs,
    gather:
      gather === undefined
        ? job.gather === 'concat' && o.probe !== true
          ? 'concat'
          : 'none'
        : {
            module: await seal(ports, once(gather), contexts.gather(o.id), o.signal),
            args: typeof job.gather === 'object' ? job.gather.args : []
          },
    out: o.out
  }
}
