/** What runners of native engines share: frames over standard input and output, giving up rights, hearing that the engine is gone. */
import { once } from 'node:events'
import { readSync, statSync, writeSync } from 'node:fs'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { bundleFromMap, bundleToMap, collectBytes, comparePaths, packBundle } from '../../protocol/bundle.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Frame, RunnerConfig } from '../runner/frames.ts'
import { cut, decodeHeader, decodeText, encodeFrame, encodeText } from '../runner/frames.ts'
import { FROM_RUNNER, GO, HEADER_BYTES, TO_RUNNER, withGas } from '../runner/frames.ts'
import { INPUT_FILES_MAX, OUTPUT_FILES_MAX } from '../../protocol/task-limits.ts'
import type { ProgramOutcome } from '../runner/outcome.ts'

/** Who nobody is on common systems. */
export const NOBODY = 65534

/** Never signalled: waiting on it is a pause. */
const pause = new Int32Array(new SharedArrayBuffer(4))

/** Again while the pipe is full or empty and does not block. */
function patiently(work: () => number): number {
  try {
    return work()
  } catch (e) {
    if (!(e instanceof Error && 'code' in e && e.code === 'EAGAIN')) throw e
    Atomics.wait(pause, 0, 0, 1)
    return 0
  }
}

function readExactly(n: number): Uint8Array {
  const bytes = new Uint8Array(n)
  for (let at = 0; at < n;) {
    let ended = false
    at += patiently(() => {
      const got = readSync(0, bytes, at, n - at, null)
      ended = got === 0
      return got
    })
    if (ended) process.exit(0) // the engine is gone
  }
  return bytes
}

/** The next frame of the engine; ends the process when the engine is gone. */
export function readFrame(): Frame {
  const { type, length } = decodeHeader(readExactly(HEADER_BYTES))
  return { type, payload: readExactly(length) }
}

/** Blocks until the engine took the frame. */
export function send(type: number, payload: Uint8Array = new Uint8Array(0)): void {
  const frame = encodeFrame(type, payload)
  for (let at = 0; at < frame.length;) at += patiently(() => writeSync(1, frame, at))
}

/** The first words: which files lie under the paths that the engine had mounted, if it names any. */
export function sayHello(mounts: readonly string[]): void {
  const seen: Record<string, string> = {}
  for (const path of mounts) {
    const { dev, ino } = statSync(path, { bigint: true })
    seen[path] = `${dev}:${ino}`
  }
  send(FROM_RUNNER.hello, mounts.length === 0 ? undefined : encodeText(JSON.stringify(seen)))
}

/** The payloads of one stream, up to its `end` frame. */
export async function* stream(type: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const frame = readFrame()
    if (frame.type === TO_RUNNER.end) return
    if (frame.type !== type) throw new Error(`A frame of type ${frame.type} instead of ${type}.`)
    yield frame.payload
  }
}

/** A bundle that is too large or broken is the input's fault, whatever the reader calls it. */
export async function readTree(
  type: number,
  maxFiles: number,
  maxBytes: number
): Promise<Map<string, Uint8Array>> {
  try {
    return await bundleToMap(stream(type), { maxFiles, maxBytes })
  } catch (e) {
    if (isShoalError(e, 'CONTENT_TOO_LARGE')) throw new ShoalError('LIMIT_INPUT', e.message)
    throw e
  }
}

export interface NativeTask {
  readonly config: RunnerConfig
  readonly module: Uint8Array
  readonly input: ReadonlyMap<string, Uint8Array>
  readonly checkpoint: ReadonlyMap<string, Uint8Array>
}

/** Reads the whole task from standard input. */
export async function readTask(): Promise<NativeTask> {
  const config = JSON.parse(decodeText(readFrame().payload)) as RunnerConfig
  const module = await collectBytes(stream(TO_RUNNER.module), config.moduleBytes)
  const input = await readTree(TO_RUNNER.input, INPUT_FILES_MAX, config.inputBytes)
  const checkpoint = await readTree(TO_RUNNER.checkpoint, OUTPUT_FILES_MAX.native, config.outputBytes)
  return { config, module, input, checkpoint }
}

/** A privileged runner becomes nobody, for good. Throws when it cannot. */
export function giveUpRights(): void {
  if (process.getuid?.() !== 0) return
  process.setgroups?.([])
  process.setgid?.(NOBODY)
  process.setuid?.(NOBODY)
  if (process.getuid() !== NOBODY || process.getgid?.() !== NOBODY)
    throw new Error('The runner is still privileged.')
}

export interface Watchdog {
  /** Waits for the byte that starts the task; from now on the end of our input is the end of this process. */
  waitForStart(): void
  /** Waits until the engine announces another task, which is then ours to read. */
  waitForNext(): void
}

/** Ends this process at once. Not `process.exit`, which waits for the second thread, and that one waits for the engine. */
export function leave(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('The signal did not come.')
}

/** The second thread, which hears the engine while the first one computes. */
export async function startWatchdog(): Promise<Watchdog> {
  const heard = new Int32Array(new SharedArrayBuffer(4))
  // Its own output goes nowhere: joined to ours it would make our pipe non-blocking.
  const script = new URL(`runner-watchdog${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(script, { workerData: heard, stdin: false, stdout: true, stderr: true })
  await once(worker, 'message')
  process.on('uncaughtException', e => {
    writeSync(2, `${e.stack ?? e.message}\n`)
    leave()
  })
  const waitWhile = (value: number): void => {
    while (Atomics.load(heard, 0) === value) Atomics.wait(heard, 0, value)
  }
  return {
    waitForStart: () => {
      Atomics.store(heard, 0, 0)
      worker.postMessage('watch')
      send(FROM_RUNNER.ready)
      waitWhile(0)
    },
    waitForNext: () => waitWhile(GO)
  }
}

/** Tells the engine why the task is not taken, and ends. */
export function refuse(e: unknown): never {
  const { code, message, next } = asShoalError(e, 'ENGINE_BROKEN')
  send(FROM_RUNNER.refused, encodeText(JSON.stringify({ code, message, next })))
  process.exit(0)
}

/** Ends the task with a limit's name. */
export class LimitReached extends Error {
  readonly limit: string

  constructor(limit: string, reason: string) {
    super(reason)
    this.limit = limit
  }
}

/** A command of the task ended with an exit code. */
export class CommandFailed extends Error {
  readonly exitCode: number

  constructor(exitCode: number, reason: string) {
    super(reason)
    this.exitCode = exitCode
  }
}

/** What a running task tells the engine, within its limits of log and output. `used` gives the billing units so far. */
export class Reporter {
  readonly #used: () => bigint
  readonly #config: RunnerConfig
  #logged = 0
  #told = -Infinity

  constructor(config: RunnerConfig, used: () => bigint) {
    this.#config = config
    this.#used = used
  }

  log(line: string, stream: 'out' | 'err' = 'out'): void {
    const bytes = encodeText(line)
    this.#logged += bytes.length + 1
    if (this.#logged > this.#config.logBytes)
      throw new LimitReached('log', `the task wrote more than ${this.#config.logBytes} bytes of log`)
    send(FROM_RUNNER.log, withGas(this.#used(), Uint8Array.of(stream === 'out' ? 0 : 1), bytes))
  }

  /** At most ten times a second, but the end always. */
  progress(fraction: number, note: string): void {
    const now = performance.now()
    if (now - this.#told < 100 && fraction < 1) return
    this.#told = now
    const value = new Uint8Array(8)
    new DataView(value.buffer).setFloat64(0, fraction)
    send(FROM_RUNNER.progress, withGas(this.#used(), value, encodeText(note)))
  }

  /** Progress is told first: a checkpoint carries the last one. */
  checkpoint(files: ReadonlyMap<string, Uint8Array>, fraction: number): void {
    this.#told = -Infinity
    this.progress(fraction, '')
    this.#checkSize(files)
    const bundle = bundleFromMap(files)
    const size = new Uint8Array(4)
    new DataView(size.buffer).setUint32(0, bundle.length)
    send(FROM_RUNNER.checkpoint, withGas(this.#used(), size))
    for (const piece of cut(bundle)) send(FROM_RUNNER.checkpointData, piece)
  }

  /** LimitReached when the billing units are used up. */
  check(): void {
    if (this.#used() > BigInt(this.#config.gas))
      throw new LimitReached('gas', `the task used more than ${this.#config.gas} ns of processor time`)
  }

  #checkSize(files: ReadonlyMap<string, Uint8Array>): void {
    const size = [...files.values()].reduce((n, b) => n + b.length, 0)
    if (size > this.#config.outputBytes)
      throw new LimitReached('output', `the task has more than ${this.#config.outputBytes} bytes of output`)
  }

  /** Runs the task to its end and hands out what it made. Never rejects for what the task did. */
  async finish(work: () => Promise<ReadonlyMap<string, Uint8Array>>): Promise<void> {
    let files: ReadonlyMap<string, Uint8Array> = new Map()
    let outcome: ProgramOutcome = { status: 'done' }
    try {
      files = await work()
      this.check()
      this.#checkSize(files)
    } catch (e) {
      outcome = outcomeOf(e)
    }
    send(FROM_RUNNER.result, withGas(this.#used(), encodeText(JSON.stringify(outcome))))
    if (outcome.status !== 'done') return
    const entries = [...files]
      .sort(([a], [b]) => comparePaths(a, b))
      .map(([path, data]) => ({ path, size: data.length, data }))
    for await (const part of packBundle(entries))
      for (const piece of cut(part)) send(FROM_RUNNER.output, piece)
    send(FROM_RUNNER.outputEnd)
  }
}

function outcomeOf(e: unknown): ProgramOutcome {
  const reason = (e instanceof Error ? e.message : String(e)).slice(0, 500)
  if (e instanceof LimitReached) return { status: 'limit', limit: e.limit, reason } as ProgramOutcome
  return { status: 'failed', exitCode: e instanceof CommandFailed ? e.exitCode : 1, reason }
}
