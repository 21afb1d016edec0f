/**
 * The process in which one ONNX task runs: `node onnx-runner PACK`. The runtime is loaded before rights are given up, because nobody may
 * read the peer's home; the model and the data, which are a stranger's, are read after.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { admit } from '../onnx/admit.ts'
import { parseOnnxArgs, providersFor, type OnnxArgs } from '../onnx/args.ts'
import { Inference } from '../onnx/infer.ts'
import type { Session, TaskHooks } from '../onnx/session.ts'
import type { Tensor, TensorData } from '../onnx/tensor.ts'
import { Training } from '../onnx/train.ts'
import {
  giveUpRights,
  leave,
  LimitReached,
  readTask,
  refuse,
  Reporter,
  sayHello,
  startWatchdog
} from './runner-io.ts'
import type { NativeTask } from './runner-io.ts'

/** The part of onnxruntime-node that is used. */
interface RuntimeTensor {
  readonly data: unknown
  readonly dims: readonly number[]
  readonly type: string
}
interface Runtime {
  readonly Tensor: new (type: string, data: TensorData, dims: readonly number[]) => RuntimeTensor
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object
    ): Promise<{
      run(feeds: Record<string, RuntimeTensor>): Promise<Record<string, RuntimeTensor>>
    }>
  }
  listSupportedBackends(): { readonly name: string }[]
}

const STATE = 'train.ckpt'

function typeOf(data: TensorData): string {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof BigInt64Array) return 'int64'
  return data instanceof Int8Array ? 'int8' : 'uint8'
}

const failed = (e: unknown): ShoalError =>
  new ShoalError(
    'TASK_FAILED',
    `The runtime refused: ${(e instanceof Error ? e.message : String(e)).slice(0, 400)}`
  )

const KNOWN = [Float32Array, Float64Array, Int32Array, BigInt64Array, Uint8Array, Int8Array]

function fromRuntime(name: string, t: RuntimeTensor): Tensor {
  const data = t.data
  if (!KNOWN.some(k => data instanceof k))
    throw new ShoalError(
      'TASK_FAILED',
      `The output '${name.slice(0, 60)}' has the type ${t.type}, which no file here holds.`
    )
  return { dims: t.dims, data: data as TensorData }
}

/** Throws what the runtime says. */
async function create(
  runtime: Runtime,
  module: Uint8Array,
  bools: ReadonlySet<string>,
  provider: string,
  threads: number
): Promise<Session> {
  const session = await runtime.InferenceSession.create(module, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3
  })
  return {
    provider,
    run: async inputs => {
      const feeds = Object.entries(inputs).map(([name, { data, dims }]) => {
        const type = bools.has(name) ? 'bool' : typeOf(data)
        return [name, new runtime.Tensor(type, data, dims)] as const
      })
      try {
        const results = await session.run(Object.fromEntries(feeds))
        return Object.fromEntries(Object.entries(results).map(([name, t]) => [name, fromRuntime(name, t)]))
      } catch (e) {
        throw e instanceof ShoalError ? e : failed(e)
      }
    }
  }
}

const said = (e: unknown): string => (e instanceof Error ? e.message : String(e)).slice(0, 400)

/** What the work throws; undefined when it succeeds. */
const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (e: unknown) => e
  )

/**
 * A session on the first provider that takes the model. When none does, the processor is asked: MODULE_INVALID when it refuses the model as
 * well, else ENGINE_MISSING, which is this machine's fault and not the task's.
 */
async function openSession(
  runtime: Runtime,
  module: Uint8Array,
  bools: ReadonlySet<string>,
  args: OnnxArgs
): Promise<Session> {
  const listed = runtime.listSupportedBackends().map(b => b.name)
  let last: unknown = new Error(`the installed runtime has ${listed.join(', ')}`)
  for (const provider of providersFor(args.provider, listed)) {
    try {
      return await create(runtime, module, bools, provider, args.threads)
    } catch (e) {
      last = e
    }
  }
  const refused = args.provider === 'cpu' ? last : await refusalOf(create(runtime, module, bools, 'cpu', 1))
  if (refused !== undefined)
    throw new ShoalError('MODULE_INVALID', `The runtime does not take the model: ${said(refused)}`)
  throw new ShoalError('ENGINE_MISSING', `The provider ${args.provider} does not work here: ${said(last)}`)
}

const BOOL = 9

async function prepare(runtime: Runtime, { config, module, input, checkpoint }: NativeTask) {
  const args = parseOnnxArgs(config.args)
  const model = admit(module)
  const seed = Number.parseInt(config.seed.slice(0, 8), 16)
  const { shard, shards } = config
  const work =
    args.mode === 'train'
      ? new Training({ args, model, input, seed, resume: checkpoint.get(STATE) })
      : new Inference({ args, model, input, shard, shards })
  const bools = new Set(model.inputs.filter(i => i.type === BOOL).map(i => i.name))
  return { args, work, session: await openSession(runtime, module, bools, args) }
}

function hooksOf(reporter: Reporter, memoryBytes: number, fraction: () => number): TaskHooks {
  return {
    log: line => reporter.log(line),
    progress: (f, note) => reporter.progress(f, note),
    checkpoint: file => reporter.checkpoint(new Map([[STATE, file]]), fraction()),
    check: () => {
      reporter.check()
      if (process.memoryUsage.rss() > memoryBytes)
        throw new LimitReached('memory', `the task used more than ${memoryBytes} bytes of memory`)
    }
  }
}

/** Beside the task's own memory the process holds Node and the runtime: about 150 MiB. */
const OVERHEAD = 256 * 1024 * 1024

async function main(pack: string, mounts: readonly string[]): Promise<void> {
  const runtime = createRequire(join(pack, 'package.json'))('onnxruntime-node') as Runtime
  const watchdog = await startWatchdog()
  giveUpRights()
  sayHello(mounts)
  let task: NativeTask
  let ready: Awaited<ReturnType<typeof prepare>>
  try {
    task = await readTask()
    ready = await prepare(runtime, task)
  } catch (e) {
    refuse(e)
  }
  const { args, work, session } = ready
  watchdog.waitForStart()
  const begun = process.cpuUsage()
  const reporter = new Reporter(task.config, () => {
    const { user, system } = process.cpuUsage(begun)
    return BigInt(user + system) * 1000n
  })
  await reporter.finish(async () => {
    const about = work instanceof Training ? work.about : `${work.rows} rows`
    reporter.log(`${args.mode} on ${session.provider}, ${args.threads} threads: ${about}`)
    const fraction = (): number =>
      work instanceof Training && args.mode === 'train' ? work.step / args.steps : 0
    return await work.run(session, hooksOf(reporter, task.config.memoryBytes + OVERHEAD, fraction))
  })
  leave()
}

await main(process.argv[2] ?? '', process.argv.slice(3))
