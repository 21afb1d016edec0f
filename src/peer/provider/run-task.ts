/** started -> finished or failed: fetch, run, checkpoint, seal. What the task writes is sealed to the requester before it leaves. */
import { oneChunk } from '../../protocol/bundle.ts'
import { asShoalError, ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import type { Engine, LimitName, PreparedRun, RunHooks, RunOutcome } from '../../protocol/ports/engine.ts'
import type { GpuAccess } from '../../protocol/ports/gpu.ts'
import { deadline, linked, within } from '../../protocol/signals.ts'
import { LOG_LINE_CHARACTERS } from '../../protocol/task-limits.ts'
import { seedOf } from '../contexts.ts'
import type { ProviderEntry } from '../journal/entries.ts'
import { awaitReceipt, keepCheckpoint } from './checkpoints.ts'
import { chunked, fetchTask, type Task } from './fetch-task.ts'
import type { LiveProvision } from './live-provision.ts'
import { failed, sealResult, taskFailed } from './outcome.ts'
import { watchPay } from './pay-watch.ts'
import { commitBy, workFits } from './steps.ts'

/** What is wrong with a task before it runs: its own fault, not this provider's. */
const TASK_FAULTS = [
  'MODULE_INVALID',
  'MODULE_IMPORT',
  'ARGS_INVALID',
  'LIMIT_MODULE',
  'LIMIT_INPUT'
] as const

/** Limits that a task reaches on every machine. Wall time is none of them: machines differ. */
const OWN_LIMITS: ReadonlySet<LimitName> = new Set([
  'gas',
  'memory',
  'output',
  'log',
  'stack',
  'module',
  'input'
])

/** The job as engines know it: a requester cannot use the name of another one's. */
export const jobNameOf = ({ requester, agreement }: ProviderEntry): string =>
  `${requester.peer}:${agreement.jobId}`

/** What is left until the commit must be sent, ms; less than nothing when it is too late. */
const leftMs = ({ ctx, entry }: LiveProvision): number =>
  Number(commitBy(entry.agreement, ctx.settlement.inclusionMs()) - ctx.chainNow()) * 1000

/** TIME_SHORT when work that begins now could not be delivered any more. `gas`: what is left of it. */
function mustFit(live: LiveProvision, { needs }: Pick<Task, 'needs'>, gas: bigint): void {
  const { ctx, entry } = live
  const work = { gas, wallMs: needs.wallMs, speed: entry.speed, inclusionMs: ctx.settlement.inclusionMs() }
  if (!workFits(ctx.chainNow(), entry.agreement, work))
    throw new ShoalError('TIME_SHORT', 'what is left of the time is too short for the work and its delivery')
}

function hooksOf(live: LiveProvision, used: bigint, signal: AbortSignal): RunHooks {
  return {
    onProgress: (fraction, note) =>
      live.events.add({
        kind: 'progress',
        progress: Math.floor(Math.min(1, Math.max(0, fraction)) * 10_000),
        note: note?.slice(0, 256)
      }),
    onLog: (stream, line) =>
      live.events.add({ kind: 'log', stream, line: line.slice(0, LOG_LINE_CHARACTERS) }),
    onCheckpoint: async c => {
      try {
        await awaitReceipt(live, signal)
        await keepCheckpoint(live, c, used, signal)
      } catch (err) {
        if (signal.aborted) return
        // the task goes on; a later checkpoint may succeed
        live.ctx.log.warn({ err, agreement: live.entry.agreementId }, 'a checkpoint could not be kept')
      }
    }
  }
}

async function execute(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  live.events.add({ kind: 'fetching' })
  const late = deadline(
    ctx.clock,
    Math.max(0, leftMs(live)),
    'TIME_SHORT',
    'the task did not come in time for the work to be delivered',
    signal
  )
  const task = await within(late, s => fetchTask(live, s))
  const engine = ctx.engines.get(task.needs.engine)
  if (engine === undefined) throw new ShoalError('ENGINE_UNKNOWN', `no engine '${task.needs.engine}'`)
  mustFit(live, task, entry.bought - task.used)
  const lease = await leaseGpu(live, signal)
  try {
    await runOn(live, task, engine, lease, signal)
  } finally {
    // the task's process is gone: what it left on the GPU shows now, whatever became of the execution
    await lease?.release(ctx.stopping)
  }
  ctx.log.debug({ agreement: entry.agreementId }, 'a task ended')
}

/** The GPU that was promised; undefined when none was. ENGINE_BROKEN when it is no longer fit. */
async function leaseGpu({ ctx, entry }: LiveProvision, signal: AbortSignal) {
  const memory = entry.needs?.gpuMemoryBytes
  if (memory === undefined) return undefined
  const lease = await ctx.gpus?.lease(entry.agreementId, memory, signal)
  if (lease === undefined) throw new ShoalError('ENGINE_BROKEN', 'the GPU that was promised is not fit')
  return lease
}

/** What the engine is given: the work that is left of what was bought, and no more time than there is. */
const limitsOf = (live: LiveProvision, { needs, used }: Task) => ({
  gas: live.entry.bought > used ? live.entry.bought - used : 0n,
  memoryBytes: needs.memoryBytes,
  wallMs: Math.max(1, Math.min(needs.wallMs, leftMs(live))),
  outputBytes: needs.outputBytes,
  logBytes: needs.logBytes,
  moduleBytes: needs.moduleBytes,
  inputBytes: needs.inputBytes
})

async function runOn(
  live: LiveProvision,
  task: Task,
  engine: Engine,
  gpu: GpuAccess | undefined,
  signal: AbortSignal
): Promise<void> {
  const { common, shard } = task.spec
  const limits = limitsOf(live, task)
  const run = await engine.prepare(
    {
      job: jobNameOf(live.entry),
      module: task.module,
      args: common.args,
      env: common.env,
      shard,
      shards: common.shards,
      seed: seedOf(common.jobId, shard),
      limits,
      input: oneChunk(task.input),
      checkpoint: chunked(task.checkpoint),
      gpu
    },
    signal
  )
  try {
    live.events.add({ kind: 'running' })
    const outcome = await paidFor(live, run, signal, () => run.run(hooksOf(live, task.used, signal), signal))
    const total = { ...outcome, gas: task.used + outcome.gas }
    if (total.status === 'done') return await sealResult(live, run.collect(), total, signal)
    await ended(live, total, limits.wallMs < task.needs.wallMs)
  } finally {
    await run.dispose()
  }
}

/** Runs under the eyes of pay-watch.ts. */
async function paidFor<T>(
  live: LiveProvision,
  run: PreparedRun,
  signal: AbortSignal,
  work: () => Promise<T>
): Promise<T> {
  const scope = linked(signal)
  const watching = watchPay(live, on => run.hold(on), scope.signal)
  try {
    return await work()
  } finally {
    scope.abort(new Error('the task has ended'))
    await watching
    scope[Symbol.dispose]()
  }
}

/** `hurried`: it had less wall time than was agreed, since the delivery must be in time. */
async function ended(
  live: LiveProvision,
  outcome: Exclude<RunOutcome, { status: 'done' }>,
  hurried: boolean
): Promise<void> {
  if (outcome.status === 'failed') return await taskFailed(live, 'TASK_FAILED', outcome.reason, outcome)
  const code = `LIMIT_${outcome.limit.toUpperCase()}`
  if (OWN_LIMITS.has(outcome.limit)) return await taskFailed(live, code, outcome.reason, outcome)
  if (hurried) await failed(live, 'TIME_SHORT', 'the task was not done in time to be delivered')
  else await failed(live, code, outcome.reason)
}

/** Runs the task of a started execution. Ends in `finished`, `failed`, or, when the peer stops, unchanged: it is taken up again. */
export async function runTask(live: LiveProvision, stopping: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([stopping, live.stopRun])
  try {
    await execute(live, signal)
  } catch (e) {
    if (stopping.aborted || live.terminal) return
    const cause: unknown = live.stopRun.aborted ? live.stopRun.reason : e
    const error = asShoalError(cause, 'ENGINE_BROKEN')
    if (isOwnFault(error.code)) await taskFailed(live, error.code, error.message, { gas: 0n, wallMs: 0 })
    else await failed(live, error.code, error.message)
  }
}

const isOwnFault = (code: ErrorCode): boolean => (TASK_FAULTS as readonly ErrorCode[]).includes(code)
