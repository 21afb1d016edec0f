/**
 * What the market costs a small job: from submit to its first instruction, from its result to the payment, over four local
 * providers with an escrow for each on a chain that mines at once, against the same task straight in the engine. `npm run bench:dispatch`.
 */
import { readOptions } from '../support/options.ts'
import { startBenchNet, type BenchNet } from '../support/net.ts'
import { round, spread } from '../support/stats.ts'
import { runDirect, runJob, writeSmallJob } from './job.ts'
import { between, PHASES, SPANS, type Mark } from './phases.ts'

/** The aim for the overhead of one job at the median, ms. */
const AIM_MS = 1_000
/** Not counted: the first jobs compile code and open connections. */
const WARM_UP = 3

const o = readOptions('bench:dispatch', {
  jobs: { initial: 100, min: 1, max: 10_000, what: 'jobs' },
  'in-flight': { initial: 1, min: 1, max: 64, what: 'jobs at the same time' },
  providers: { initial: 4, min: 1, max: 16, what: 'providers' }
})

async function runJobs(bench: BenchNet): Promise<Map<Mark, number>[]> {
  const file = await writeSmallJob(bench.folder)
  const done: Map<Mark, number>[] = []
  for (let i = 0; i < WARM_UP; i++) await runJob(bench, file, i, {})
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < o.jobs) {
      done.push(await runJob(bench, file, WARM_UP + next++, {}))
      if (process.stderr.isTTY) process.stderr.write(`\r${done.length}/${o.jobs} jobs`)
    }
  }
  await Promise.all(Array.from({ length: o['in-flight'] }, worker))
  if (process.stderr.isTTY) process.stderr.write('\n')
  return done
}

const spans = (list: readonly Map<Mark, number>[], of: readonly (readonly [string, Mark, Mark])[]) =>
  of.map(([name, from, to]) => ({ name, ...spread(list.map(m => between(m, from, to))) }))

const bench = await startBenchNet('dispatch', { peers: o.providers, slots: 2 })
try {
  const begun = performance.now()
  const jobs = await runJobs(bench)
  const seconds = (performance.now() - begun) / 1000
  const direct = spread(await runDirect(Math.min(20, o.jobs)))
  const whole = spread(jobs.map(m => between(m, 'submitted', 'ended')))
  const overhead = { p50: round(whole.p50 - direct.p50), p95: round(whole.p95 - direct.p95) }
  const report = {
    ok: overhead.p50 <= AIM_MS,
    aimMs: AIM_MS,
    jobs: jobs.length,
    inFlight: o['in-flight'],
    providers: o.providers,
    jobsPerSecond: round(jobs.length / seconds, 2),
    direct,
    overhead,
    ratio: round(whole.p50 / direct.p50),
    spans: spans(jobs, SPANS),
    phases: spans(jobs, PHASES)
  }
  if (o.json) console.log(JSON.stringify(report))
  else print(report)
  process.exitCode = report.ok ? 0 : 1
} finally {
  await bench.stop()
}

interface Row {
  readonly name: string
  readonly p50: number
  readonly p95: number
}
function print(r: {
  readonly ok: boolean
  jobs: number
  jobsPerSecond: number
  direct: Omit<Row, 'name'>
  overhead: Omit<Row, 'name'>
  ratio: number
  spans: readonly Row[]
  phases: readonly Row[]
}): void {
  const line = (row: Row) =>
    console.log(`  ${row.name.padEnd(46)}${row.p50.toFixed(0).padStart(8)}${row.p95.toFixed(0).padStart(8)}`)
  console.log(
    `${r.jobs} jobs over ${o.providers} providers, ${o['in-flight']} at a time: ${r.jobsPerSecond} jobs/s`
  )
  console.log(`  ${'ms'.padEnd(46)}${'p50'.padStart(8)}${'p95'.padStart(8)}`)
  for (const row of r.spans) line(row)
  line({ name: 'the task straight in the engine', ...r.direct })
  line({ name: `overhead of a job (${r.ratio} times the engine)`, ...r.overhead })
  console.log('where the time goes:')
  for (const row of r.phases) line(row)
  console.log(r.ok ? `overhead within the aim of ${AIM_MS} ms` : `overhead above the aim of ${AIM_MS} ms`)
}
