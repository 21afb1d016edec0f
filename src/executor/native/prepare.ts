/** Starts a runner, hands it a task and waits until it can be started: the same for every engine that has a runner. */
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { PreparedRun, TaskRequest } from '../../protocol/ports/engine.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { ProcessPort } from '../process-port.ts'
import { MAX_ARGUMENT_BYTES, MAX_INPUT_FILES } from '../wasm/limits.ts'
import { WasmRun } from '../wasm/run.ts'
import { isFrame, refusal, RunnerLink } from '../wasm/runner-link.ts'
import { MAX_NODES } from '../wasm/wasi/tree.ts'

/** Longest wait for a fresh runner to answer, in milliseconds; a loaded machine takes a second or two. */
const START_TIMEOUT = 30_000
/** Nanoseconds of processor time with room for the last charge. */
const MAX_UNITS = 2n ** 62n

export interface NativeParts {
  readonly clock: Clock
  readonly log: Logger
  readonly process: ProcessPort
}

/**
 * Preparing counts in the wall time. Errors: what the runner refuses with, LIMIT_MODULE, LIMIT_INPUT, LIMIT_WALL, RECORD_INVALID, TASK_FAILED when
 * the runner dies of the task, CANCELLED, ENGINE_BROKEN.
 */
export async function prepareTask(
  { clock, log, process }: NativeParts,
  flags: readonly string[],
  task: TaskRequest,
  signal: AbortSignal
): Promise<PreparedRun> {
  checkRequest(task)
  if (signal.aborted) throw new ShoalError('CANCELLED', 'The task was cancelled.')
  const link = new RunnerLink(process.startRunner(flags), clock)
  try {
    await link.within({ ms: START_TIMEOUT, cause: 'start' }, signal, () => expectFrame(link, 'hello'))
    const ready = await hand(link, task, signal)
    const started = clock.monotonic()
    await link.within({ ms: task.limits.wallMs, cause: 'wall' }, signal, ready)
    return new WasmRun({ link, clock, log, limits: task.limits, preparedMs: clock.monotonic() - started })
  } catch (e) {
    await link.close()
    if (link.cause === 'cancelled' || signal.aborted)
      throw new ShoalError('CANCELLED', 'The task was cancelled.')
    if (link.cause === 'wall')
      throw new ShoalError('LIMIT_WALL', 'The task took longer to prepare than it may run.')
    const { errors } = await link.exited
    if (errors !== '') log.debug({ errors }, 'the runner wrote to its standard error')
    throw asShoalError(e, 'ENGINE_BROKEN')
  }
}

/** Sends the task; gives what waits for the runner's answer. The runner may refuse in the middle, so it is heard meanwhile. */
async function hand(link: RunnerLink, task: TaskRequest, signal: AbortSignal): Promise<() => Promise<void>> {
  const answer = expectFrame(link, 'ready')
  answer.catch(() => undefined) // awaited below, or by the caller
  try {
    const maxFiles = { input: MAX_INPUT_FILES, checkpoint: MAX_NODES }
    await link.within(undefined, signal, () => link.sendTask(task, maxFiles))
  } catch (e) {
    // A runner that is gone may have said why.
    if (isShoalError(e, 'ENGINE_BROKEN')) await answer
    throw e
  }
  return () => answer
}

async function expectFrame(link: RunnerLink, type: 'hello' | 'ready'): Promise<void> {
  const frame = await link.next()
  if (isFrame(frame, type)) return
  if (isFrame(frame, 'refused')) throw refusal(frame)
  if (frame === undefined && type === 'ready' && link.cause === undefined) {
    const { signal, code } = await link.exited
    throw new ShoalError(
      'TASK_FAILED',
      `The runner ended with ${signal ?? String(code)} while it prepared the task.`
    )
  }
  throw new ShoalError('ENGINE_BROKEN', 'The runner did not start.')
}

/** What can be said about a task without a runner. */
function checkRequest({ module, args, seed, limits, shard, shards }: TaskRequest): void {
  if (module.length > limits.moduleBytes)
    throw new ShoalError(
      'LIMIT_MODULE',
      `The module has ${module.length} bytes; ${limits.moduleBytes} are allowed.`,
      { data: { max: limits.moduleBytes, size: module.length } }
    )
  if (args.reduce((sum, s) => sum + s.length * 3 + 1, 0) > MAX_ARGUMENT_BYTES)
    throw new ShoalError('LIMIT_INPUT', 'The arguments are too long.')
  if (seed.length !== 32) throw new ShoalError('RECORD_INVALID', 'The seed of a task has 32 bytes.')
  if (limits.gas < 0n || limits.gas > MAX_UNITS)
    throw new ShoalError('RECORD_INVALID', 'The limit of billing units is out of range.')
  if (!(shard >= 0 && shard < shards)) throw new ShoalError('RECORD_INVALID', 'There is no such shard.')
}
