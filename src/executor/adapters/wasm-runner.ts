/**
 * The process in which one task runs. It gives up what rights it has, then reads the task from its standard input, runs it and
 * writes what happens to its standard output. It opens no file after its own code is loaded.
 */
import type { BundleEntry } from '../../protocol/bundle.ts'
import type { ProgramTask } from '../wasm/program.ts'
import { setFlagsFromString } from 'node:v8'
import { bundleFromMap, packBundle } from '../../protocol/bundle.ts'
import { cut, encodeText, FROM_RUNNER, withGas } from '../runner/frames.ts'
import { pagesOf } from '../wasm/limits.ts'
import { Program } from '../wasm/program.ts'
import { giveUpRights, readTask, refuse, sayHello, send, startWatchdog } from './runner-io.ts'

async function prepare(): Promise<{ task: ProgramTask; program: Program }> {
  const { config, module, input, checkpoint } = await readTask()
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
  send(FROM_RUNNER.outputEnd)
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
  const watchdog = await startWatchdog()
  giveUpRights()
  sayHello(process.argv.slice(2))
  let ready: Awaited<ReturnType<typeof prepare>>
  try {
    ready = await prepare()
  } catch (e) {
    refuse(e)
  }
  watchdog.waitForStart()
  await runTask(ready.program, ready.task)
  process.exit(0)
}

await main()
