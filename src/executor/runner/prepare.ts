/** From a task's request to a run that waits for its start: what all engines with a runner have in common. */
import type { Clock } from '../../protocol/ports/clock.ts'
import type { PreparedRun, TaskRequest } from '../../protocol/ports/engine.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { ProcessPort, RunnerLaunch } from './process-port.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import {
  ARGUMENT_BYTES_MAX,
  argumentBytes,
  GAS_MAX,
  INPUT_FILES_MAX,
  OUTPUT_FILES_MAX
} from '../../protocol/task-limits.ts'
import { isFrame, parseJson, refusal, RunnerLink } from './link.ts'
import { RunnerRun } from './run.ts'

/** Longest wait for a fresh runner to answer, in milliseconds; a loaded machine takes a second or two. */
const START_TIMEOUT = 30_000

export interface RunnerParts {
  readonly clock: Clock
  readonly log: Logger
  readonly process: ProcessPort
}

/**
 * Starts a runner, or takes the one that waits, hands it the task and waits until it is ready, which counts in the wall time.
 * `keep` takes the runner when the task is done and its result was read.
 * Also throws LIMIT_MEMORY when the module begins with too much, LIMIT_WALL when that alone takes too long, RECORD_INVALID for a bundle
 * that is none, TASK_FAILED when the module breaks the runner, CANCELLED, ENGINE_BROKEN, and errors of the input's source.
 */
export async function prepareRun(
  parts: RunnerParts,
  start: () => Promise<RunnerLink>,
  task: TaskRequest,
  signal: AbortSignal,
  keep?: (link: RunnerLink) => Promise<void>
): Promise<PreparedRun> {
  const { clock, log } = parts
  checkRequest(task)
  throwIfAborted(signal)
  const link = await start()
  try {
    const ready = await hand(link, task, signal)
    const started = clock.monotonic()
    await link.within({ ms: task.limits.wallMs, cause: 'wall' }, signal, ready)
    const preparedMs = clock.monotonic() - started
    return new RunnerRun({ link, clock, log, limits: task.limits, preparedMs, keep })
  } catch (e) {
    await link.close()
    throw await explain(e, link, signal, log)
  }
}

/** A runner that said hello and waits for its task. ENGINE_BROKEN, also when a folder it sees is not the one that was opened for it. */
export async function startRunner(
  { clock, log, process }: RunnerParts,
  launch: RunnerLaunch,
  signal: AbortSignal | undefined
): Promise<RunnerLink> {
  const child = await process.startRunner(launch)
  const link = new RunnerLink(child, clock)
  try {
    await link.within({ ms: START_TIMEOUT, cause: 'start' }, signal, async () => {
      const hello = await expectFrame(link, 'hello')
      checkMounts(child.mounts, hello.payload.length === 0 ? {} : parseJson(hello))
    })
    return link
  } catch (e) {
    await link.close()
    throw await explain(e, link, signal, log)
  }
}

/** A folder that was exchanged between its opening and its mounting would show the task something else. */
function checkMounts(expected: ReadonlyMap<string, string>, seen: unknown): void {
  for (const [inside, id] of expected) {
    const found: unknown = typeof seen === 'object' && seen !== null ? Reflect.get(seen, inside) : undefined
    if (found !== id)
      throw new ShoalError('ENGINE_BROKEN', `The sandbox shows another ${inside} than was opened for it.`, {
        next: 'Look for a program that exchanges folders of this installation while it runs.'
      })
  }
}

/** The error for the caller, when the runner ended before it was ready. */
async function explain(
  e: unknown,
  link: RunnerLink,
  signal: AbortSignal | undefined,
  log: Logger
): Promise<ShoalError> {
  if (link.cause === 'cancelled' || signal?.aborted === true)
    return new ShoalError('CANCELLED', 'The task was cancelled.')
  if (link.cause === 'wall')
    return new ShoalError('LIMIT_WALL', 'The task took longer to prepare than it may run.')
  const exit = await link.exited
  if (exit.errors !== '') log.debug({ errors: exit.errors }, 'the runner wrote to its standard error')
  return asShoalError(e, 'ENGINE_BROKEN')
}

/** Sends the task; gives what waits for the runner's answer. The runner may refuse in the middle, so it is heard meanwhile. */
async function hand(
  link: RunnerLink,
  task: TaskRequest,
  signal: AbortSignal
): Promise<() => Promise<unknown>> {
  const answer = expectFrame(link, 'ready')
  answer.catch(() => undefined) // awaited below, or by the caller
  try {
    const maxFiles = { input: INPUT_FILES_MAX, checkpoint: OUTPUT_FILES_MAX.native }
    await link.within(undefined, signal, () => link.sendTask(task, maxFiles))
  } catch (e) {
    // A runner that is gone may have said why.
    if (isShoalError(e, 'ENGINE_BROKEN')) await answer
    throw e
  }
  return () => answer
}

async function expectFrame(link: RunnerLink, type: 'hello' | 'ready') {
  const frame = await link.next()
  if (isFrame(frame, type)) return frame
  if (isFrame(frame, 'refused')) throw refusal(frame)
  if (frame === undefined && type === 'ready' && link.cause === undefined) {
    const { signal, code, outOfMemory } = await link.exited
    const why = outOfMemory === true ? 'out of memory' : `with ${signal ?? String(code)}`
    throw new ShoalError('TASK_FAILED', `The runner ended ${why} while it prepared the module.`)
  }
  throw new ShoalError('ENGINE_BROKEN', 'The runner did not start.')
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new ShoalError('CANCELLED', 'The task was cancelled.')
}

/** What can be said about a task without a runner. */
function checkRequest({ module, args, env, seed, limits, shard, shards }: TaskRequest): void {
  if (module.length > limits.moduleBytes) {
    const data = { max: limits.moduleBytes, size: module.length }
    throw new ShoalError(
      'LIMIT_MODULE',
      `The module has ${module.length} bytes; ${limits.moduleBytes} are allowed.`,
      { data }
    )
  }
  const size = argumentBytes(args, env)
  if (size > ARGUMENT_BYTES_MAX)
    throw new ShoalError(
      'LIMIT_INPUT',
      `The arguments and variables have ${size} bytes; ${ARGUMENT_BYTES_MAX} are allowed.`
    )
  if ([...args, ...Object.entries(env).flat()].some(s => s.includes('\0')))
    throw new ShoalError('RECORD_INVALID', 'An argument or variable holds a NUL.')
  if (seed.length !== 32) throw new ShoalError('RECORD_INVALID', 'The seed of a task has 32 bytes.')
  if (limits.gas < 0n || limits.gas > GAS_MAX)
    throw new ShoalError('RECORD_INVALID', 'The gas limit is out of range.')
  if (!(shard >= 0 && shard < shards)) throw new ShoalError('RECORD_INVALID', 'There is no such shard.')
}
