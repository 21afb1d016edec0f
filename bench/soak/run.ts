/**
 * `npm run soak -- --minutes 30`: a full and a light peer under twenty times the usual coming, going and buying (usual: one peer a
 * half minute, one job a minute). Tells how memory, handles, listeners, timers, files and disk change, and what `stop` leaves behind.
 * With `--plant 1` the peers leak on purpose and the run succeeds only when that is found.
 */
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { readOptions } from '../support/options.ts'
import { quantile, round } from '../support/stats.ts'
import type { Measure } from './measure.ts'
import { lineThrough } from './slope.ts'
import { startWorld, streamJobs, type Tally } from './world.ts'
import type { Worker } from './worker.ts'

/** The aim: MiB an hour after the warm-up, beyond what the measurement's own error explains. */
const AIM_MIB_PER_HOUR = 1
const USUAL = { peerMs: 30_000, jobMs: 60_000 }
const EVERY_MS = 15_000

const o = readOptions('soak', {
  minutes: {
    initial: 30,
    min: 2,
    max: 10_000,
    what: 'minutes, the first third of which warms up (20 at most)'
  },
  rate: { initial: 20, min: 1, max: 100, what: 'times the usual rate' },
  plant: { initial: 0, min: 0, max: 1, what: '1: leak on purpose' }
})

interface Stopped {
  readonly left: readonly string[]
  readonly timers: number
  readonly files: readonly string[]
}
interface Verdict {
  readonly name: string
  readonly heapPerHour: number
  readonly error: number
  /** Part of it that is compiled code. */
  readonly codePerHour: number
  readonly rssPerHour: number
  readonly quiet: Quiet
  readonly stopped: Stopped
  readonly problems: readonly string[]
}

const KINDS = ['handles', 'timers', 'listeners', 'files'] as const
/** Connections that other peers happen to keep may differ by so many. */
const SLACK = 4
/** Quiet before the storm, and after it, ms: connections of visitors time out. */
const QUIET_MS = { before: 10_000, after: 45_000 }

interface Quiet {
  readonly before: Measure
  readonly after: Measure
}

const middle = (list: readonly number[]): number => quantile(list, 0.5)

function problemsOf(list: readonly Measure[], quiet: Quiet, stopped: Stopped): string[] {
  const found: string[] = []
  const heap = lineThrough(list.map(m => [m.at, m.heap]))
  if (heap.perHour - 2 * heap.error > AIM_MIB_PER_HOUR)
    found.push(`memory grows by ${round(heap.perHour)} MiB an hour (error ${round(heap.error)})`)
  for (const kind of KINDS)
    if (quiet.after[kind] > quiet.before[kind] + SLACK)
      found.push(`${kind} grew from ${quiet.before[kind]} to ${quiet.after[kind]}`)
  // the databases write logs of 4 MiB before they tidy: halves are compared, and only more than two such logs count
  const half = Math.floor(list.length / 2)
  const [a, b] = [middle(list.slice(0, half).map(m => m.disk)), middle(list.slice(half).map(m => m.disk))]
  if (b > a + 8) found.push(`the home grew from ${round(a)} to ${round(b)} MiB`)
  if (stopped.left.length > 0) found.push(`stop left ${stopped.left.join(', ')}`)
  if (stopped.timers > 0) found.push(`stop left ${stopped.timers} timers`)
  if (stopped.files.length > 0) found.push(`stop left open ${stopped.files.join(', ')}`)
  return found
}

async function judge(name: string, worker: Worker, list: readonly Measure[], quiet: Quiet): Promise<Verdict> {
  const stopped = await worker.ask<Stopped>('stop', 'stopped')
  const heap = lineThrough(list.map(m => [m.at, m.heap]))
  return {
    name,
    heapPerHour: round(heap.perHour, 2),
    error: round(heap.error, 2),
    codePerHour: round(lineThrough(list.map(m => [m.at, m.code])).perHour, 2),
    rssPerHour: round(lineThrough(list.map(m => [m.at, m.rss])).perHour, 1),
    quiet,
    stopped: { left: stopped.left, timers: stopped.timers, files: stopped.files },
    problems: problemsOf(list, quiet, stopped)
  }
}

function print(
  verdicts: readonly Verdict[],
  jobs: { settled: number; other: Tally },
  visits: { joined: number; failed: Tally }
): void {
  console.log(
    `${o.minutes} minutes at ${o.rate} times the usual rate: ${jobs.settled} jobs settled, ${told(jobs.other)} did not; ${visits.joined} peers came and went, ${told(visits.failed)} did not get in`
  )
  for (const v of verdicts) {
    console.log(
      `${v.name}: heap ${v.heapPerHour} MiB/h (standard error ${v.error}), ${v.codePerHour} of it compiled code, RSS ${v.rssPerHour} MiB/h`
    )
    console.log(`  quiet before: ${show(v.quiet.before)}`)
    console.log(`  quiet after:  ${show(v.quiet.after)}`)
    for (const p of v.problems) console.log(`  FOUND ${p}`)
  }
}
/** "3 (failed 2, ECONNRESET 1)". */
function told(tally: Tally): string {
  const all = Object.entries(tally)
  const sum = all.reduce((n, [, count]) => n + count, 0)
  return sum === 0 ? '0' : `${sum} (${all.map(([why, count]) => `${why} ${count}`).join(', ')})`
}
const show = (m: Measure): string =>
  `heap ${round(m.heap)} MiB, RSS ${round(m.rss)} MiB, ${m.handles} handles, ${m.timers} timers, ${m.listeners} listeners, ${m.files} files, disk ${round(m.disk)} MiB`

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
process.once('SIGTERM', () => interrupted.abort(new Error('interrupted')))
const world = await startWorld({
  churnMs: USUAL.peerMs / o.rate,
  plant: o.plant === 1,
  signal: interrupted.signal
})
const measures = async (): Promise<{ light: Measure; full: Measure }> => ({
  light: await world.light.ask<Measure>('measure', 'measure'),
  full: await world.full.ask<Measure>('measure', 'measure')
})
try {
  const { signal } = interrupted
  await systemClock.sleep(QUIET_MS.before, signal)
  const before = await measures()
  const over = new AbortController()
  const jobs = streamJobs(world, USUAL.jobMs / o.rate, AbortSignal.any([over.signal, signal]))
  world.churn.tell('go')
  const end = systemClock.monotonic() + o.minutes * 60_000
  await systemClock.sleep(Math.min(20, o.minutes / 3) * 60_000, signal)
  const list: { light: Measure; full: Measure }[] = []
  while (systemClock.monotonic() < end) {
    const m = await measures()
    list.push(m)
    const left = Math.max(0, Math.round((end - systemClock.monotonic()) / 60_000))
    process.stderr.write(`${left} minutes left: ${show(m.full)}\n`)
    await systemClock.sleep(EVERY_MS, signal)
  }
  over.abort(new Error('over'))
  const counts = await jobs
  const visits = await world.churn.ask<{ joined: number; failed: Tally }>('stop', 'gone')
  await systemClock.sleep(QUIET_MS.after, signal)
  const after = await measures()
  const verdicts: Verdict[] = []
  for (const side of ['light', 'full'] as const) {
    const quiet = { before: before[side], after: after[side] }
    verdicts.push(
      await judge(
        `${side} peer`,
        world[side],
        list.map(m => m[side]),
        quiet
      )
    )
  }
  const clean = verdicts.every(v => v.problems.length === 0)
  const ok = o.plant === 1 ? verdicts.every(v => v.problems.some(p => p.startsWith('memory'))) : clean
  if (o.json) console.log(JSON.stringify({ ok, plant: o.plant === 1, jobs: counts, visits, verdicts }))
  else {
    print(verdicts, counts, visits)
    console.log(
      o.plant === 1
        ? ok
          ? 'the planted leak was found'
          : 'the planted leak was NOT found'
        : ok
          ? 'flat'
          : 'NOT flat'
    )
  }
  process.exitCode = ok ? 0 : 1
} finally {
  await world.stop()
}
