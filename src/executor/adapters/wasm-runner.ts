/**
 * The process in which a task runs, or several of one job, one after the other. It gives up what rights it has, then reads the task from its standard input, runs it and
 * writes what happens to its standard output. It opens no file after its own code is loaded.
 */
import type { BundleEntry } from '../../protocol/bundle.ts'
import type { ProgramTask } from '../wasm/program.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { bundleFromMap, packBundle } from '../../protocol/bundle.ts'
import { cut, encodeText, FROM_RUNNER, withGas } from '../runner/frames.ts'
import { pagesOf } from '../wasm/limits.ts'
import { Program } from '../wasm/program.ts'
import { giveUpRights, leave, readTask, refuse, sayHello, send, startWatchdog } from './runner-io.ts'

interface Ready {
  readonly task: ProgramTask
  readonly program: Program
  /** Another task of the job may follow. */
  readonly keep: boolean
}

/** One task, read and ready. The module comes with the first task of a job only. */
async function prepare(known: Program | undefined): Promise<Ready> {
  const { config, module, input, checkpoint } = await readTask()
  const { args, env, shard, shards, outputBytes, logBytes, keep } = config
  const seed = Buffer.from(config.seed, 'hex')
  const gas = BigInt(config.gas)
  const task = { args, env, shard, shards, outputBytes, logBytes, seed, gas, input, checkpoint }
  return { task, keep, program: known ?? new Program(module, pagesOf(config.memoryBytes)) }
}

/** Runs a task to its end and hands out what it made. True when it is done. */
async function runTask({ program, task }: Ready): Promise<boolean> {
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
  if (outcome.status !== 'done') return false
  for await (const part of packBundle(run.output()))
    for (const piece of cut(part)) send(FROM_RUNNER.output, piece)
  send(FROM_RUNNER.outputEnd)
  return true
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

async function prepareOrRefuse(known: Program | undefined): Promise<Ready> {
  try {
    return await prepare(known)
  } catch (e) {
    refuse(e)
  }
}

/** Runs one task, and further ones of the same job as long as the engine brings them. */
async function main(): Promise<void> {
  // V8 cannot replace running WebAssembly code, so a hot loop in _start would stay in the baseline compiler for ever: leave that
  // compiler out. Set here and not on the command line, where it would also slow down Node's own type stripper.
  setFlagsFromString('--no-liftoff')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const watchdog = await startWatchdog()
  giveUpRights()
  sayHello(process.argv.slice(2))
  let known: Program | undefined
  for (;;) {
    const ready = await prepareOrRefuse(known)
    watchdog.waitForStart()
    const done = await runTask(ready)
    if (!done || !ready.keep) leave()
    known = ready.program
    collect() // the task's memory must not count against the next one
    watchdog.waitForNext()
  }
}

await main()
