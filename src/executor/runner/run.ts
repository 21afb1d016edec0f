import { KILLED_EXIT_CODE } from '../../protocol/ports/engine.ts'
import type { PreparedRun, RunHooks, RunLimits, RunOutcome } from '../../protocol/ports/engine.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { ProcessExit } from './process-port.ts'
import type { Frame } from './frames.ts'
import type { ProgramOutcome } from './outcome.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { outputBundleMax } from '../../protocol/task-limits.ts'
import { decodeText, FROM_RUNNER } from './frames.ts'
import { CheckpointRelay, ProgressRelay } from './relay.ts'
import { isFrame, parseJson } from './link.ts'
import type { RunnerLink } from './link.ts'

/** Longest wait for the next piece of /out, in milliseconds. The runner only has to write what it holds. */
const OUTPUT_TIMEOUT = 30_000
const LIMIT_NAMES = ['gas', 'memory', 'wall', 'output', 'log', 'module', 'stack', 'input'] as const

export interface RunParts {
  readonly link: RunnerLink
  readonly clock: Clock
  readonly log: Logger
  readonly limits: RunLimits
  /** What preparing took of the wall time. */
  readonly preparedMs: number
  /** Takes a runner whose task is done and whose result was read to the end; it is closed where this is absent. */
  readonly keep?: (link: RunnerLink) => Promise<void>
}

/**
 * A task that waits in its runner, runs once and hands out what it made. `run` also waits for a checkpoint that is still in hand,
 * so no hook is at work after it; a cancelled run does not wait.
 */
export class RunnerRun implements PreparedRun {
  readonly #parts: RunParts
  #state: 'ready' | 'running' | 'done' | 'read' | 'over' | 'kept' = 'ready'
  #gas = 0n
  #fraction = 0
  #logged = 0

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  async run(hooks: RunHooks, signal: AbortSignal): Promise<RunOutcome> {
    if (this.#state !== 'ready') throw new Error('A prepared run is used once.')
    this.#state = 'running'
    const { link, clock, log, limits, preparedMs } = this.#parts
    const started = clock.monotonic()
    const progress = new ProgressRelay(clock, hooks)
    const checkpoints = new CheckpointRelay(hooks, log)
    const wallMs = (): number => Math.round(preparedMs + clock.monotonic() - started)
    let end: ProgramOutcome
    try {
      end = await link.within({ ms: limits.wallMs - preparedMs, cause: 'wall' }, signal, () =>
        this.#follow(hooks, progress, checkpoints)
      )
    } finally {
      progress.flush()
    }
    const took = wallMs()
    if (end.status === 'done' || signal.aborted) checkpoints.drop()
    await untilAbort(checkpoints.idle(), signal)
    this.#state = end.status === 'done' ? 'done' : 'over'
    if (end.status !== 'done') await link.close()
    if (signal.aborted) throw new ShoalError('CANCELLED', 'The task was cancelled.')
    return { ...end, gas: this.#gas, wallMs: took }
  }

  hold(on: boolean): void {
    if (this.#state === 'running') this.#parts.link.hold(on)
  }

  async *collect(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#state !== 'done') throw new Error('Only a task that is done has a result, and it is read once.')
    this.#state = 'over'
    const { link } = this.#parts
    for (;;) {
      const frame = await link.within({ ms: OUTPUT_TIMEOUT, cause: 'output' }, undefined, () => link.next())
      if (frame?.type === FROM_RUNNER.outputEnd) {
        this.#state = 'read'
        return
      }
      if (!isFrame(frame, 'output'))
        throw new ShoalError('ENGINE_BROKEN', 'The runner went away before the whole result was read.')
      yield frame.payload
    }
  }

  async dispose(): Promise<void> {
    const { link, keep } = this.#parts
    if (this.#state === 'kept') return
    const whole = this.#state === 'read' && keep !== undefined
    this.#state = whole ? 'kept' : 'over'
    await (whole ? keep(link) : link.close())
  }

  /** Reads frames until the task's end, whatever it is. */
  async #follow(
    hooks: RunHooks,
    progress: ProgressRelay,
    checkpoints: CheckpointRelay
  ): Promise<ProgramOutcome> {
    const { link } = this.#parts
    try {
      await link.go()
      for (;;) {
        const frame = await link.next()
        if (frame === undefined) return await this.#ended()
        if (frame.payload.length < 8) return broken('sent a frame that is too short')
        this.#noteGas(frame)
        if (frame.type === FROM_RUNNER.result) return readOutcome(frame)
        const problem = await this.#handle(frame, hooks, progress, checkpoints)
        if (problem !== undefined) return broken(problem)
      }
    } catch (e) {
      if (e instanceof ShoalError && e.code === 'ENGINE_BROKEN') return await this.#ended()
      if (e instanceof ShoalError) return broken(e.message)
      throw e
    }
  }

  /** The runner is gone without a result. What it wrote on its standard error is for the operator alone. */
  async #ended(): Promise<ProgramOutcome> {
    const { link, log } = this.#parts
    const exit = await link.exited
    if (exit.errors !== '') log.debug({ errors: exit.errors }, 'the runner wrote to its standard error')
    return ended(link.cause, exit)
  }

  /** Gas only grows and never above its limit, whatever the runner says. */
  #noteGas(frame: Frame): void {
    const gas = dataView(frame).getBigUint64(0)
    if (gas > this.#gas) this.#gas = gas < this.#parts.limits.gas ? gas : this.#parts.limits.gas
  }

  /** Gives what is wrong with the frame, if anything is. */
  async #handle(
    frame: Frame,
    hooks: RunHooks,
    progress: ProgressRelay,
    checkpoints: CheckpointRelay
  ): Promise<string | undefined> {
    const { payload } = frame
    switch (frame.type) {
      case FROM_RUNNER.log:
        this.#logged += payload.length - 9
        // Broken UTF-8 grows by replacement characters, three bytes for one.
        if (this.#logged > this.#parts.limits.logBytes * 3) return 'sent more log than it may'
        hooks.onLog(payload[8] === 1 ? 'err' : 'out', decodeText(payload.subarray(9)))
        return undefined
      case FROM_RUNNER.progress: {
        if (payload.length < 16) return 'sent a frame that is too short'
        const fraction = dataView(frame).getFloat64(8)
        if (!(fraction >= 0 && fraction <= 1)) return 'sent progress outside 0 to 1'
        this.#fraction = fraction
        progress.offer(fraction, decodeText(payload.subarray(16)) || undefined)
        return undefined
      }
      case FROM_RUNNER.checkpoint:
        return await this.#checkpoint(frame, hooks, checkpoints)
      default:
        return `sent a frame of the unknown type ${frame.type}`
    }
  }

  async #checkpoint(
    frame: Frame,
    hooks: RunHooks,
    checkpoints: CheckpointRelay
  ): Promise<string | undefined> {
    const { link, limits } = this.#parts
    const size = frame.payload.length === 12 ? dataView(frame).getUint32(8) : Infinity
    if (size > outputBundleMax(limits.outputBytes)) return 'sent a checkpoint that is too large'
    const bundle = new Uint8Array(size)
    for (let at = 0; at < size;) {
      const part = await link.next()
      if (part === undefined)
        throw new ShoalError('ENGINE_BROKEN', 'The runner went away inside a checkpoint.')
      if (!isFrame(part, 'checkpointData') || part.payload.length === 0) return 'broke off a checkpoint'
      if (at + part.payload.length > size) return 'sent a checkpoint larger than it said'
      bundle.set(part.payload, at)
      at += part.payload.length
    }
    hooks.sawCheckpoint?.(bundle, this.#gas)
    checkpoints.offer({ progress: this.#fraction, gas: this.#gas, bundle })
    return undefined
  }
}

const dataView = ({ payload }: Frame): DataView =>
  new DataView(payload.buffer, payload.byteOffset, payload.byteLength)

/** Settles with `work`, or when the signal aborts: a hook that hangs must not hold a cancelled task. */
async function untilAbort(work: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  let stop = (): void => undefined
  const aborted = new Promise<void>(resolve => {
    stop = resolve
  })
  signal.addEventListener('abort', stop, { once: true })
  try {
    await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const broken = (what: string): ProgramOutcome => ({
  status: 'failed',
  exitCode: KILLED_EXIT_CODE,
  reason: `the runner ${what}`
})

function ended(cause: string | undefined, exit: ProcessExit): ProgramOutcome {
  if (cause === 'wall') return { status: 'limit', limit: 'wall', reason: 'the task took longer than it may' }
  if (exit.signal === null) return broken(`ended by itself with code ${String(exit.code)}`)
  return broken(
    `was killed by ${exit.signal} (out of memory, or a fault in the engine that the task set off)`
  )
}

/** The outcome as the runner tells it, checked. */
function readOutcome(frame: Frame): ProgramOutcome {
  const value: unknown = parseJson(frame, 8)
  if (typeof value !== 'object' || value === null || !('status' in value))
    return broken('sent an unreadable outcome')
  if (value.status === 'done') return { status: 'done' }
  const reason = 'reason' in value && typeof value.reason === 'string' ? value.reason.slice(0, 500) : ''
  if (value.status === 'failed' && 'exitCode' in value && Number.isSafeInteger(value.exitCode)) {
    return { status: 'failed', exitCode: Number(value.exitCode), reason }
  }
  const limit = 'limit' in value ? LIMIT_NAMES.find(name => name === value.limit) : undefined
  if (value.status === 'limit' && limit !== undefined) return { status: 'limit', limit, reason }
  return broken('sent an unreadable outcome')
}
