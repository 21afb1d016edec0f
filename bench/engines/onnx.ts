/** ONNX Runtime in the sandbox against the same runner outside it: the digits of examples/onnx-digits, learnt anew each time. */
import { existsSync } from 'node:fs'
import { boxedProcesses } from '../../src/executor/adapters/box-process.ts'
import { OnnxEngine } from '../../src/executor/onnx/engine.ts'
import { onnxPack } from '../../src/executor/packs/onnx-pack.ts'
import { packFolder, packMark } from '../../src/executor/packs/pack.ts'
import type { SandboxHost } from '../../src/executor/sandbox/host.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { enginesFolder } from '../../test/support/engines.ts'
import { dataTask, exampleFile } from '../../test/support/onnx.ts'
import { noLog, recorder } from '../../test/support/tasks.ts'

const STEPS = 3_000
const INPUTS = ['train-x.npy', 'train-t.npy', 'template.onnx']
const never = new AbortController().signal

function learning() {
  const named = ['--x', 'train-x.npy', '--t', 'train-t.npy', '--template', 'template.onnx']
  const numbers = ['--steps', STEPS, '--batch', 32, '--lr', 0.2, '--seed', 7]
  return dataTask({
    module: exampleFile('train.onnx'),
    args: ['train', ...named, ...numbers],
    files: new Map(INPUTS.map(name => [name, exampleFile(name)]))
  })
}

/** The best of some runs, ms: of the start up to a runner that waits, and of the work. */
async function best(engine: OnnxEngine, rounds: number): Promise<{ start: number; work: number }> {
  let [start, work] = [Infinity, Infinity]
  for (let n = 0; n < rounds; n++) {
    const begin = performance.now()
    const run = await engine.prepare(learning(), never)
    const begun = performance.now()
    const outcome = await run.run(recorder(), never)
    const end = performance.now()
    await run.dispose()
    if (outcome.status !== 'done') throw new Error(`the training ended as ${outcome.status}`)
    start = Math.min(start, begun - begin)
    work = Math.min(work, end - begun)
  }
  return { start, work }
}

export async function onnxTimes(host: SandboxHost, rounds: number): Promise<void> {
  const pack = packFolder(enginesFolder, onnxPack)
  if (!existsSync(packMark(pack))) {
    console.log('onnx: skipped, bring it with: npm run engines:install')
    return
  }
  const common = { clock: systemClock, log: noLog, pack, version: onnxPack.version }
  const process = boxedProcesses(host)
  const outside = await best(new OnnxEngine(common), rounds)
  const inside = await best(new OnnxEngine({ ...common, process, boxed: true }), rounds)
  process.close?.()
  const ratio = (what: 'start' | 'work'): string => (inside[what] / outside[what]).toFixed(2)
  console.log(
    `onnx, ${STEPS} steps of training: ${inside.work.toFixed(0)} ms in the sandbox, ${ratio('work')} times outside; start ${inside.start.toFixed(0)} ms, ${ratio('start')} times`
  )
}
