/** The small job: a module that prints one line and ends. Once through the market, once straight in the engine. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createWasmEngine } from '../../src/executor/wasm/engine.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import type { FullJobView } from '../../src/devnet/job-type.ts'
import { noLog, recorder, request } from '../../test/support/tasks.ts'
import { printer } from '../../test/support/wasm.ts'
import type { BenchNet } from '../support/net.ts'
import { marksOf, type HistoryLine, type Mark } from './phases.ts'

const LINE = 'first instruction'
const JOB = `name: dispatch
task: { module: dispatch.wasm }
limits: { gas: 1e9, wall: 30s }
`
/** A job that takes longer has hung, ms. */
const JOB_MS = 60_000

const module = (): Uint8Array => printer(1, `${LINE}\n`, 1)

interface LogLine {
  readonly at: number
  readonly line: string
}

/** Writes the job's files; gives what `submitJob` needs. */
export async function writeSmallJob(folder: string): Promise<string> {
  await writeFile(join(folder, 'dispatch.wasm'), module())
  return JOB
}

/** Submits it, waits until its money has ended, and tells when each thing happened. */
export async function runJob(
  bench: BenchNet,
  file: string,
  index: number,
  overrides: Readonly<Record<string, unknown>>
): Promise<Map<Mark, number>> {
  const { client } = bench.requester
  const signal = AbortSignal.any([bench.signal, AbortSignal.timeout(JOB_MS)])
  const submitted = systemClock.now()
  const out = join(bench.folder, `out-${index}`)
  const body = { file, path: join(bench.folder, 'job.yaml'), folder: bench.folder, overrides, out }
  const { id } = await client.call<FullJobView>('POST', '/v1/jobs', body, signal)
  let state = ''
  for await (const item of client.lines<{ kind: string; job?: FullJobView }>(`/v1/jobs/${id}/events`, signal))
    if (item.job !== undefined) state = item.job.state
  if (state !== 'settled') throw new Error(`job ${id} ended as ${state}`)
  const { history } = await client.call<{ history: HistoryLine[] }>(
    'GET',
    `/v1/jobs/${id}/history`,
    undefined,
    signal
  )
  let first = NaN
  for await (const l of client.lines<LogLine>(`/v1/jobs/${id}/logs`, signal))
    if (l.line === LINE && !(first <= l.at)) first = l.at
  return marksOf(history, submitted, first)
}

/** The same task straight in the engine: prepare, run, collect, dispose. ms of each run. */
export async function runDirect(runs: number): Promise<number[]> {
  const engine = createWasmEngine({ clock: systemClock, log: noLog })
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const begun = systemClock.monotonic()
    const signal = new AbortController().signal
    const prepared = await engine.prepare(request({ module: module() }), signal)
    const hooks = recorder()
    const outcome = await prepared.run(hooks, signal)
    for await (const _ of prepared.collect()) void _
    await prepared.dispose()
    if (outcome.status !== 'done' || hooks.lines.length !== 1)
      throw new Error('the task did not run as it should')
    times.push(systemClock.monotonic() - begun)
  }
  return times
}
