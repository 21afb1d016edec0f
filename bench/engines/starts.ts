/** What starts cost: a program in the sandbox against the same program bare; a task whose runner waits against one without. */
import { spawn } from 'node:child_process'
import { startBoxed } from '../../src/executor/adapters/box-process.ts'
import { isMissing } from '../../src/executor/adapters/find-sandbox.ts'
import type { Missing, SandboxHost } from '../../src/executor/sandbox/host.ts'
import type { Engine } from '../../src/protocol/ports/engine.ts'
import { recorder, request } from '../../test/support/tasks.ts'
import { exitWith, command, i32 } from '../../test/support/wasm.ts'
import { quantile } from '../support/stats.ts'

const TRUE = '/usr/bin/true'
const never = new AbortController().signal
const BOX = {
  memoryBytes: 64 << 20,
  cpus: 1,
  processes: 'many',
  maxTasks: 16,
  maxOpenFiles: 64,
  fileBytes: 0,
  reads: [{ host: TRUE, inside: TRUE }],
  scratch: [],
  devices: []
} as const

const bare = (): Promise<void> =>
  new Promise((done, fail) => {
    spawn(TRUE, { stdio: 'ignore', env: {} })
      .once('exit', () => done())
      .once('error', fail)
  })

async function boxed(host: SandboxHost): Promise<void> {
  const child = await startBoxed(host, BOX, [TRUE])
  const { code, errors } = await child.exited
  if (code !== 0) throw new Error(`the sandbox ended with ${code}: ${errors}`)
}

async function timed(times: number, work: () => Promise<void>): Promise<number> {
  const all: number[] = []
  for (let n = 0; n < times; n++) {
    const begin = performance.now()
    await work()
    all.push(performance.now() - begin)
  }
  return quantile(all, 0.5)
}

const tiny = command({ imports: ['proc_exit'], body: call => exitWith(call, ...i32(0)) })

async function task(engine: Engine, job?: string): Promise<void> {
  const run = await engine.prepare(request({ module: tiny, job }), never)
  await run.run(recorder(), never)
  for await (const _ of run.collect()) await Promise.resolve()
  await run.dispose()
}

/** Waits until a runner that was started ahead stands there: longer than any start takes. */
async function ahead(engine: Engine): Promise<void> {
  engine.warm?.()
  await new Promise(done => setTimeout(done, 1_500))
}

export async function startTimes(
  found: SandboxHost | Missing,
  engine: Engine,
  rounds: number
): Promise<void> {
  const times = Math.max(5, rounds * 3)
  const exec = await timed(times, bare)
  if (!isMissing(found)) {
    const inBox = await timed(times, () => boxed(found))
    console.log(
      `\nstart of a program: bare ${exec.toFixed(1)} ms, in the sandbox ${inBox.toFixed(1)} ms (${(inBox / exec).toFixed(1)} times)`
    )
  }
  const cold = await timed(times, () => task(engine))
  const warm: number[] = []
  for (let n = 0; n < times; n++) {
    await ahead(engine)
    warm.push(await timed(1, () => task(engine)))
  }
  const w = quantile(warm, 0.5)
  await task(engine, 'bench')
  const again = await timed(times, () => task(engine, 'bench'))
  console.log(
    `an empty wasm task, start to end: ${cold.toFixed(0)} ms; with a runner that waits ${w.toFixed(0)} ms (aim: 60), ${(w / cold).toFixed(2)} of it; the next of the same job ${again.toFixed(0)} ms, ${(again / cold).toFixed(2)} of it`
  )
}
