/**
 * The process in which one task runs. It gives up what rights it has, then reads the task from its standard input, runs it and
 * writes what happens to its standard output. It opens no file after its own code is loaded.
 */
import type { BundleEntry } from '../../protocol/bundle.ts'
import type { RunnerConfig } from '../runner/frames.ts'
import type { ProgramTask } from '../wasm/program.ts'
import { once } from 'node:events'
import { extname } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { bundleFromMap, bundleToMap, collectBytes, packBundle } from '../../protocol/bundle.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import { cut, decodeText, encodeText, FROM_RUNNER, TO_RUNNER, withGas } from '../runner/frames.ts'
import { MAX_INPUT_FILES, MAX_NODES } from '../runner/limits.ts'
import { pagesOf } from '../wasm/limits.ts'
import { Program } from '../wasm/program.ts'
import { readFrame, sayHello, send } from './runner-io.ts'

/** Who nobody is on common systems. */
const NOBODY = 65534

/** The payloads of one stream, up to its `end` frame. */
async function* stream(type: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const frame = readFrame()
    if (frame.type === TO_RUNNER.end) return
    if (frame.type !== type) throw new Error(`A frame of type ${frame.type} instead of ${type}.`)
    yield frame.payload
  }
}

/** A privileged runner becomes nobody, for good. Throws when it cannot. */
function giveUpRights(): void {
  if (process.getuid?.() !== 0) return
  process.setgroups?.([])
  process.setgid?.(NOBODY)
  process.setuid?.(NOBODY)
  if (process.getuid() !== NOBODY || process.getgid?.() !== NOBODY)
    throw new Error('The runner is still privileged.')
}

async function startWatchdog(started: Int32Array): Promise<Worker> {
  // Its own output goes nowhere: joined to ours it would make our pipe non-blocking.
  const script = new URL(`wasm-watchdog${extname(import.meta.url)}`, import.meta.url)
  const watchdog = new Worker(script, { workerData: started, stdin: false, stdout: true, stderr: true })
  await once(watchdog, 'message')
  return watchdog
}

/** A bundle that is too large or broken is the input's fault, whatever the reader calls it. */
async function readTree(type: number, maxFiles: number, maxBytes: number): Promise<Map<string, Uint8Array>> {
  try {
    return await bundleToMap(stream(type), { maxFiles, maxBytes })
  } catch (e) {
    if (isShoalError(e, 'CONTENT_TOO_LARGE')) throw new ShoalError('LIMIT_INPUT', e.message)
    throw e
  }
}

async function readTask(): Promise<{ task: ProgramTask; program: Program }> {
  const config = JSON.parse(decodeText(readFrame().payload)) as RunnerConfig
  const module = await collectBytes(stream(TO_RUNNER.module), config.moduleBytes)
  const input = await readTree(TO_RUNNER.input, MAX_INPUT_FILES, config.inputBytes)
  const checkpoint = await readTree(TO_RUNNER.checkpoint, MAX_NODES, config.outputBytes)
  const { args, env, shard, shards, outputBytes, logBytes } = config
  const seed = Buffer.from(config.seed, 'hex')
  const gas = BigInt(config.gas)
  const task = { args, env, shard, shards, outputBytes, logBytes, seed, gas, input, checkpoint }
  return { task, program: new Program(module, pagesOf(config.memoryBytes)) }
}

async function runTask(program: Program, task: ProgramTask): Promise<void> {
  const run = program.start(task, {
    log: (name, line) =>
      send(FROM_RUNNER.log, withGas(run.gas(), Uint8Array.of(name === 'out' ? 0 : 1), encodeText(line))),
    progress: (fraction, note) => {
      const value = new Uint8Array(8)
      new DataView(value.buffer).setFloat64(0, fraction)
      send(FROM_RUNNER.progress, withGas(run.gas(), value, encodeText(note ?? '')))
    },
    checkpoint: entries => sendCheckpoint(run.gas(), entries)
  })
  const outcome = run.run()
  send(FROM_RUNNER.result, withGas(run.gas(), encodeText(JSON.stringify(outcome))))
  if (outcome.status !== 'done') return
  for await (const part of packBundle(run.output()))
    for (const piece of cut(part)) send(FROM_RUNNER.output, piece)
  send(FROM_RUNNER.outputEnd, new Uint8Array(0))
}

function sendCheckpoint(gas: bigint, entries: readonly BundleEntry[]): void {
  const files = new Map<string, Uint8Array>()
  for (const { path, data } of entries) if (data instanceof Uint8Array) files.set(path, data)
  const bundle = bundleFromMap(files)
  const size = new Uint8Array(4)
  new DataView(size.buffer).setUint32(0, bundle.length)
  send(FROM_RUNNER.checkpoint, withGas(gas, size))
  for (const piece of cut(bundle)) send(FROM_RUNNER.checkpointData, piece)
}

async function main(): Promise<void> {
  // V8 cannot replace running WebAssembly code, so a hot loop in _start would stay in the baseline compiler for ever: leave that
  // compiler out. Set here and not on the command line, where it would also slow down Node's own type stripper.
  setFlagsFromString('--no-liftoff')
  const started = new Int32Array(new SharedArrayBuffer(4))
  const watchdog = await startWatchdog(started)
  giveUpRights()
  sayHello(process.argv.slice(2))
  let ready: Awaited<ReturnType<typeof readTask>>
  try {
    ready = await readTask()
  } catch (e) {
    const { code, message, next } = asShoalError(e, 'ENGINE_BROKEN')
    send(FROM_RUNNER.refused, encodeText(JSON.stringify({ code, message, next })))
    process.exit(0)
  }
  watchdog.postMessage('watch')
  send(FROM_RUNNER.ready, new Uint8Array(0))
  Atomics.wait(started, 0, 0)
  await runTask(ready.program, ready.task)
  process.exit(0)
}

await main()
