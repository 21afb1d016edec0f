import type { Clock } from '../../protocol/ports/clock.ts'
import type { Engine, PreparedRun, RunOutcome, TaskRequest } from '../../protocol/ports/engine.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { ProcessPort } from '../process-port.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import { nodeProcesses } from '../adapters/node-process.ts'
import { benchmarkTask } from './benchmark.ts'
import { MAX_ARGUMENT_BYTES, MAX_INPUT_FILES } from './limits.ts'
import { WasmRun } from './run.ts'
import { isFrame, refusal, RunnerLink } from './runner-link.ts'
import { MAX_NODES } from './wasi/tree.ts'

/** Longest wait for a fresh runner to answer, in milliseconds; a loaded machine takes a second or two. */
const START_TIMEOUT = 30_000
/** The heap holds paths and lines only; memories and files lie outside it. */
const RUNNER_FLAGS = ['--max-old-space-size=512']
/** i64 with room for the last charge. */
const MAX_GAS = 2n ** 62n

export interface WasmEngineParts {
  readonly clock: Clock
  readonly log: Logger
  /** Default: child processes of this Node. */
  readonly process?: ProcessPort
}

/**
 * WASI preview 1 commands, each in a process of its own, with gas.
 * Equal tasks give equal outputs and equal gas, but for two things that WebAssembly leaves open: the bit patterns of NaN (they differ
 * between processor families) and how deep calls may go before the limit `stack`.
 * `memoryBytes` bounds the task's own memory; beside it the runner holds the input, /out and /ckpt, and Node itself.
 */
export const createWasmEngine = (parts: WasmEngineParts): Engine => new WasmEngine(parts)

class WasmEngine implements Engine {
  readonly id = 'wasm'
  /** The meter is part of what peers must agree on: a change of prices or of host calls is a new version. */
  readonly version = '1'
  readonly deterministic = true
  readonly isolation = 'process'
  readonly #clock: Clock
  readonly #log: Logger
  readonly #process: ProcessPort

  constructor({ clock, log, process }: WasmEngineParts) {
    this.#clock = clock
    this.#log = log.child({ engine: 'wasm' })
    this.#process = process ?? nodeProcesses
  }

  /**
   * Starts a runner, hands it the task and waits until it is compiled, which counts in the wall time.
   * Also throws LIMIT_MEMORY when the module begins with too much, LIMIT_WALL when that alone takes too long, RECORD_INVALID for a bundle that is none, TASK_FAILED when the module
   * breaks the compiler, CANCELLED, ENGINE_BROKEN, and errors of the input's source.
   */
  async prepare(task: TaskRequest, signal: AbortSignal): Promise<PreparedRun> {
    checkRequest(task)
    throwIfAborted(signal)
    const link = new RunnerLink(this.#process.startRunner(RUNNER_FLAGS), this.#clock)
    try {
      await link.within({ ms: START_TIMEOUT, cause: 'start' }, signal, () => expectFrame(link, 'hello'))
      const ready = await hand(link, task, signal)
      const started = this.#clock.monotonic()
      await link.within({ ms: task.limits.wallMs, cause: 'wall' }, signal, ready)
      const preparedMs = this.#clock.monotonic() - started
      return new WasmRun({ link, clock: this.#clock, log: this.#log, limits: task.limits, preparedMs })
    } catch (e) {
      await link.close()
      throw await this.#explain(e, link, signal)
    }
  }

  cost(outcome: RunOutcome): bigint {
    return outcome.gas
  }

  async benchmark(signal: AbortSignal): Promise<bigint> {
    const prepared = await this.prepare(benchmarkTask(), signal)
    try {
      const started = this.#clock.monotonic()
      const hooks = {
        onProgress: () => undefined,
        onLog: () => undefined,
        onCheckpoint: () => Promise.resolve()
      }
      const outcome = await prepared.run(hooks, signal)
      const ms = Math.max(1, Math.round(this.#clock.monotonic() - started))
      if (outcome.status !== 'done')
        throw new ShoalError('ENGINE_BROKEN', `The benchmark ended as ${outcome.status}.`)
      return (outcome.gas * 1000n) / BigInt(ms)
    } finally {
      await prepared.dispose()
    }
  }

  /** The error for the caller, when the runner ended before it was ready. */
  async #explain(e: unknown, link: RunnerLink, signal: AbortSignal): Promise<ShoalError> {
    if (link.cause === 'cancelled' || signal.aborted)
      return new ShoalError('CANCELLED', 'The task was cancelled.')
    if (link.cause === 'wall')
      return new ShoalError('LIMIT_WALL', 'The task took longer to prepare than it may run.')
    const exit = await link.exited
    if (exit.errors !== '') this.#log.debug({ errors: exit.errors }, 'the runner wrote to its standard error')
    return asShoalError(e, 'ENGINE_BROKEN')
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
      `The runner ended with ${signal ?? String(code)} while it prepared the module.`
    )
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
  const strings = [...args, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  const size = strings.reduce((sum, s) => sum + s.length * 3 + 1, 0)
  if (size > MAX_ARGUMENT_BYTES)
    throw new ShoalError('LIMIT_INPUT', 'The arguments and variables are too long.')
  if (strings.some(s => s.includes('\0')))
    throw new ShoalError('RECORD_INVALID', 'An argument or variable holds a NUL.')
  if (seed.length !== 32) throw new ShoalError('RECORD_INVALID', 'The seed of a task has 32 bytes.')
  if (limits.gas < 0n || limits.gas > MAX_GAS)
    throw new ShoalError('RECORD_INVALID', 'The gas limit is out of range.')
  if (!(shard >= 0 && shard < shards)) throw new ShoalError('RECORD_INVALID', 'There is no such shard.')
}
