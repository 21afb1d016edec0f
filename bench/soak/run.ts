/**
 * `npm run soak -- --minutes 30`: a full and a light peer under twenty times the usual coming, going and buying (usual: one peer a
 * half minute, one job a minute). Tells how memory, handles, listeners, timers, files and disk change, and what `stop` leaves behind.
 * With `--plant 1` the peers leak on purpose and the run succeeds only when that is found.
 */
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { readOptions } from '../support/options.ts'
import { round } from '../support/stats.ts'
import type { Measure } from './measure.ts'
import { lineThrough } from './slope.ts'
import { startWorld, streamJobs } from './world.ts'
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
  readonly files: number
}
interface Verdict {
  readonly name: string
  readonly heapPerHour: number
  readonly error: number
  readonly rssPerHour: number
  readonly first: Measure
  readonly last: Measure
  readonly stopped: Stopped
  readonly problems: readonly string[]
}

const KINDS = ['handles', 'timers', 'listeners', 'files'] as const
const middle = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN

/** Counts go up and down with what is under way: the medians of the first and the last quarter are compared. */
function problemsOf(list: readonly Measure[], stopped: Stopped): string[] {
  const quarter = Math.max(1, Math.floor(list.length / 4))
  const [early, late] = [list.slice(0, quarter), list.slice(-quarter)]
  const heap = lineThrough(list.map(m => [m.at, m.heap]))
  const found: string[] = []
  if (heap.perHour - 2 * heap.error > AIM_MIB_PER_HOUR)
    found.push(`memory grows by ${round(heap.perHour)} MiB an hour (error ${round(heap.error)})`)
  for (const kind of KINDS) {
    const [a, b] = [middle(early.map(m => m[kind])), middle(late.map(m => m[kind]))]
    if (b > a * 1.25 + 4) found.push(`${kind} grew from ${a} to ${b}`)
  }
  const [a, b] = [middle(early.map(m => m.disk)), middle(late.map(m => m.disk))]
  if (b > a * 1.5 + 8) found.push(`the home grew from ${round(a)} to ${round(b)} MiB`)
  if (stopped.left.length > 0) found.push(`stop left ${stopped.left.join(', ')}`)
  if (stopped.timers > 0) found.push(`stop left ${stopped.timers} timers`)
  if (stopped.files > 0) found.push(`stop left ${stopped.files} open files`)
  return found
}

async function judge(name: string, worker: Worker, list: readonly Measure[]): Promise<Verdict> {
  const stopped = await worker.ask<Stopped>('stop', 'stopped')
  const heap = lineThrough(list.map(m => [m.at, m.heap]))
  const [first, last] = [list[0], list.at(-1)]
  if (first === undefined || last === undefined) throw new Error('nothing was measured')
  return {
    name,
    heapPerHour: round(heap.perHour, 2),
    error: round(heap.error, 2),
    rssPerHour: round(lineThrough(list.map(m => [m.at, m.rss])).perHour, 1),
    first,
    last,
    stopped: { left: stopped.left, timers: stopped.timers, files: stopped.files },
    problems: problemsOf(list, stopped)
  }
}

function print(
  verdicts: readonly Verdict[],
  jobs: { settled: number; other: number },
  visits: { joined: number; failed: number }
): void {
  console.log(
    `${o.minutes} minutes at ${o.rate} times the usual rate: ${jobs.settled} jobs settled, ${jobs.other} did not; ${visits.joined} peers came and went, ${visits.failed} did not get in`
  )
  for (const v of verdicts) {
    console.log(
      `${v.name}: heap ${v.heapPerHour} MiB/h (standard error ${v.error}), RSS ${v.rssPerHour} MiB/h`
    )
    console.log(`  ${'after the warm-up'.padEnd(20)} ${show(v.first)}`)
    console.log(`  ${'at the end'.padEnd(20)} ${show(v.last)}`)
    for (const p of v.problems) console.log(`  FOUND ${p}`)
  }
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
try {
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, interrupted.signal])
  const jobs = streamJobs(world, USUAL.jobMs / o.rate, signal)
  const warm = Math.min(20, o.minutes / 3) * 60_000
  const end = systemClock.monotonic() + o.minutes * 60_000
  await systemClock.sleep(warm, interrupted.signal)
  const lists: Record<'full' | 'light', Measure[]> = { full: [], light: [] }
  while (systemClock.monotonic() < end) {
    for (const name of ['full', 'light'] as const)
      lists[name].push(await world[name].ask<Measure>('measure', 'measure'))
    process.stderr.write(
      `${Math.max(0, Math.round((end - systemClock.monotonic()) / 60_000))} minutes left: ${show(lists.full.at(-1))}\n`
    )
    await systemClock.sleep(EVERY_MS, interrupted.signal)
  }
  over.abort(new Error('over'))
  const counts = await jobs
  const visits = await world.churn.ask<{ joined: number; failed: number }>('count', 'count')
  const verdicts = [
    await judge('light peer', world.light, lists.light),
    await judge('full peer', world.full, lists.full)
  ]
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
