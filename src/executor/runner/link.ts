import type { ErrorCode } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { TaskRequest } from '../../protocol/ports/engine.ts'
import type { ChildLink, ProcessExit } from './process-port.ts'
import type { Frame, RunnerConfig } from './frames.ts'
import { largestBundle } from '../../protocol/bundle.ts'
import { ByteSource } from '../../protocol/byte-source.ts'
import { faults, ShoalError } from '../../protocol/errors.ts'
import { cut, decodeHeader, decodeText, encodeFrame, encodeText } from './frames.ts'
import { FROM_RUNNER, GO, HEADER_BYTES, NEXT, TO_RUNNER } from './frames.ts'

const NOTHING = new Uint8Array(0)

export type StopCause = 'start' | 'wall' | 'output' | 'cancelled' | 'disposed'

/** A timer that kills the runner, and what it then says. */
export interface Deadline {
  readonly ms: number
  readonly cause: StopCause
}

/** The pipe to one runner. Every way it can end is one of: a frame, undefined (the runner is gone), an error. */
export class RunnerLink {
  readonly #child: ChildLink
  readonly #clock: Clock
  readonly #input: ByteSource
  #cause: StopCause | undefined
  #alive = true
  /** It has run a task of this job and kept its module. */
  #served = false

  constructor(child: ChildLink, clock: Clock) {
    this.#child = child
    this.#clock = clock
    this.#input = new ByteSource(child.output)
    void child.exited.then(() => {
      this.#alive = false
    })
  }

  /** Why we killed the runner; undefined while we did not. */
  get cause(): StopCause | undefined {
    return this.#cause
  }

  /** False once the runner is gone. */
  get alive(): boolean {
    return this.#alive
  }

  /** The task is over and its result read: what comes next is another task with the same module. */
  served(): void {
    this.#served = true
  }

  /** What all of the runner's box may hold, bytes. ENGINE_BROKEN when the kernel refuses. */
  async limitMemory(bytes: number): Promise<void> {
    await this.#child.limitMemory(bytes)
  }

  /** Processor time that the runner took so far, nanoseconds; undefined where nobody counts. */
  async cpuNs(): Promise<bigint | undefined> {
    return await this.#child.cpuNs()
  }

  /** Makes the runner stand still, or go on. */
  hold(on: boolean): void {
    if (this.#alive) this.#child.hold(on)
  }

  get exited(): Promise<ProcessExit> {
    return this.#child.exited
  }

  kill(cause: StopCause): void {
    this.#cause ??= cause
    this.#child.kill()
  }

  /** Does `work` with the runner; kills it at the deadline or when the signal aborts first. */
  async within<T>(
    deadline: Deadline | undefined,
    signal: AbortSignal | undefined,
    work: () => Promise<T>
  ): Promise<T> {
    const abort = (): void => this.kill('cancelled')
    const cancelTimer =
      deadline && this.#clock.timer(Math.max(0, Math.ceil(deadline.ms)), () => this.kill(deadline.cause))
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
    try {
      return await work()
    } finally {
      cancelTimer?.()
      signal?.removeEventListener('abort', abort)
    }
  }

  /** The next frame; undefined when the runner is gone. Errors: FRAME_TOO_LARGE, RECORD_INVALID for a cut-off frame. */
  async next(): Promise<Frame | undefined> {
    const first = await this.#input.some(1)
    if (first === undefined) return undefined
    try {
      const header = new Uint8Array(HEADER_BYTES)
      header.set(first)
      header.set(await this.#input.exactly(HEADER_BYTES - 1), 1)
      const { type, length } = decodeHeader(header)
      return { type, payload: await this.#input.exactly(length) }
    } catch (e) {
      // A killed runner leaves half a frame behind.
      if (this.#cause !== undefined) return undefined
      throw e
    }
  }

  async send(type: number, payload: Uint8Array): Promise<void> {
    await this.#child.write(encodeFrame(type, payload))
  }

  async go(): Promise<void> {
    await this.#child.write(Uint8Array.of(GO))
  }

  /** Sends the whole task. LIMIT_INPUT when a stream is larger than it may be. */
  async sendTask(
    task: TaskRequest,
    maxFiles: { readonly input: number; readonly checkpoint: number }
  ): Promise<void> {
    const { limits } = task
    if (this.#served) await this.#child.write(Uint8Array.of(NEXT))
    await this.send(TO_RUNNER.config, encodeText(JSON.stringify(config(task))))
    if (!this.#served) for (const piece of cut(task.module)) await this.send(TO_RUNNER.module, piece)
    await this.send(TO_RUNNER.end, NOTHING)
    await this.#sendStream(
      TO_RUNNER.input,
      task.input,
      largestBundle({ maxFiles: maxFiles.input, maxBytes: limits.inputBytes })
    )
    const checkpoint = task.checkpoint ?? emptyBundle()
    await this.#sendStream(
      TO_RUNNER.checkpoint,
      checkpoint,
      largestBundle({ maxFiles: maxFiles.checkpoint, maxBytes: limits.outputBytes })
    )
  }

  async #sendStream(type: number, source: AsyncIterable<Uint8Array>, max: number): Promise<void> {
    let size = 0
    for await (const part of this.#whileAlive(source)) {
      size += part.length
      if (size > max)
        throw new ShoalError('LIMIT_INPUT', `The input is larger than ${max} bytes.`, { data: { max } })
      for (const piece of cut(part)) await this.send(type, piece)
    }
    await this.send(TO_RUNNER.end, NOTHING)
  }

  /** The source's chunks; ENGINE_BROKEN as soon as the runner is gone, also while the source has nothing yet. */
  async *#whileAlive(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = source[Symbol.asyncIterator]()
    const gone = this.#child.exited.then(() => {
      throw new ShoalError('ENGINE_BROKEN', 'The runner is gone.')
    })
    gone.catch(() => undefined) // when nobody waits for it any more
    let open = true
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), gone])
        if (next.done === true) break
        yield next.value
      }
      open = false
    } finally {
      // Not awaited: a source that hangs would not answer this either.
      if (open) chunks.return?.()?.catch(() => undefined)
    }
  }

  /** Kills the runner and waits until it is gone. Harmless twice. */
  async close(): Promise<void> {
    this.kill('disposed')
    await this.#child.exited
    await this.#input.close()
  }
}

/** A bundle without files: its header and its end. */
async function* emptyBundle(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Uint8Array.of(0x53, 0x48, 0x42, 0x4e, 1, 0)
}

function config(task: TaskRequest): RunnerConfig {
  const { args, env, shard, shards, seed, limits } = task
  const { outputBytes, logBytes, moduleBytes, inputBytes } = limits
  const gas = limits.gas.toString()
  return {
    args,
    env,
    shard,
    shards,
    seed: toHex(seed),
    gas,
    memoryBytes: limits.memoryBytes,
    outputBytes,
    logBytes,
    moduleBytes,
    inputBytes,
    keep: task.job !== undefined
  }
}

const toHex = (bytes: Uint8Array): string => Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')

/** The runner's refusal as an error. The runner may be in a stranger's hands, so its words are checked. */
export function refusal(frame: Frame): ShoalError {
  const value: unknown = parseJson(frame)
  const text = (key: string): string | undefined => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
    return typeof found === 'string' ? found.slice(0, 500) : undefined
  }
  const code = text('code') ?? ''
  const known: ErrorCode = Object.hasOwn(faults, code) ? (code as ErrorCode) : 'ENGINE_BROKEN'
  return new ShoalError(known, text('message') ?? 'The runner refused the task.', { next: text('next') })
}

/** Undefined when the payload is no JSON. */
export function parseJson(frame: Frame, from = 0): unknown {
  try {
    return JSON.parse(decodeText(frame.payload.subarray(from)))
  } catch (e) {
    if (e instanceof SyntaxError) return undefined // the caller refuses undefined as it does any other wrong shape
    throw e
  }
}

export const isFrame = (frame: Frame | undefined, type: keyof typeof FROM_RUNNER): frame is Frame =>
  frame?.type === FROM_RUNNER[type]
