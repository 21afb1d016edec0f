/** `npm run test:crash`: kills, tears and fails every call of every port on all sides of a job, and looks what became of it. */
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { seededRandom } from '../support/sim/random.ts'
import { runCrew, type Result } from './crew.ts'
import { nameOf, parsePoint, pointsOf, ports, sides, spread, type Point } from './points.ts'
import { runKills, type KillResult } from './real.ts'
import {
  failureText,
  faultsOf,
  isRight,
  isSurvived,
  killSummary,
  killText,
  matrix,
  summary
} from './report.ts'
import { Stage } from './scenario.ts'

const HELP = `usage: npm run test:crash -- [options]
  --minutes N    begin no new point after this (default 11)
  --points N     at most this many points, a fair sample of all
  --all          every point, however long it takes
  --seed N       of the sample's order (default 1)
  --side NAME    only ${sides.join(', ')}
  --port NAME    only ${ports.join(', ')}
  --point NAME   this point alone, with what its peers logged
  --workers N    processes (default: one per core)
  --save FILE    write the results; --resume FILE: leave out the points that FILE has right
  --real N       real processes killed with kill -9 afterwards (default 8; 0 with --side, --port or --points)
  --json         one JSON object instead of the table`

const options = {
  minutes: { type: 'string', default: '11' },
  points: { type: 'string' },
  all: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  side: { type: 'string' },
  port: { type: 'string' },
  point: { type: 'string' },
  workers: { type: 'string', default: String(availableParallelism()) },
  save: { type: 'string' },
  real: { type: 'string' },
  resume: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

const parse = () => parseArgs({ options }).values
type Flags = ReturnType<typeof parse>

const number = (name: string, text: string): number => {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new Error(`--${name} ${text}: no number\n${HELP}`)
  return Number(text)
}

/** Every point there is, from a run in which nothing goes wrong. */
export async function findPoints(): Promise<Point[]> {
  const stage = await Stage.open()
  try {
    const { calls, outcome } = await stage.record()
    if (outcome.problems.length > 0)
      throw new Error(`the run without a fault: ${outcome.problems.join('; ')}`)
    return sides.flatMap(side => pointsOf(side, calls[side]))
  } finally {
    await stage.close()
  }
}

/** One point, told at length. */
async function runOne(name: string): Promise<number> {
  const point = parsePoint(name)
  if (point === undefined) throw new Error(`--point ${name}: no point\n${HELP}`)
  const stage = await Stage.open()
  try {
    await stage.record()
    const result = { point, outcome: await stage.run(point) }
    for (const line of result.outcome.lines) console.log(line)
    console.log(`${name} (${result.outcome.hit ?? 'not reached'}): ${result.outcome.summary}`)
    for (const fault of faultsOf(result)) console.log(`  ${fault}`)
    console.log(isRight(result) ? 'right' : 'wrong')
    return isRight(result) ? 0 : 1
  } finally {
    await stage.close()
  }
}

/** Points that an earlier run had right. */
async function doneBefore(o: Flags): Promise<string[]> {
  if (o.resume === undefined) return []
  return (JSON.parse(await readFile(o.resume, 'utf8')) as { right: string[] }).right
}

function chosen(found: readonly Point[], earlier: readonly string[], o: Flags): Point[] {
  const done = new Set(earlier)
  const wanted = found.filter(
    p => (o.side ?? p.side) === p.side && (o.port ?? p.port) === p.port && !done.has(nameOf(p))
  )
  const order = spread(wanted, seededRandom(number('seed', o.seed)).fraction)
  return o.points === undefined ? order : order.slice(0, number('points', o.points))
}

function print(
  found: readonly Point[],
  results: readonly Result[],
  kills: readonly KillResult[],
  o: Flags
): void {
  const wrong = results.filter(r => !isRight(r))
  if (o.json) {
    const rows = results.map(r => ({
      point: nameOf(r.point),
      right: isRight(r),
      ...r.outcome,
      lines: undefined
    }))
    console.log(
      JSON.stringify({
        ok: wrong.length === 0 && kills.every(isSurvived),
        found: found.length,
        seed: o.seed,
        results: rows,
        kills
      })
    )
    return
  }
  for (const r of wrong.slice(0, 30)) console.log(failureText(r))
  console.log(matrix(found, results))
  console.log(`${summary(found, results)}; seed ${o.seed}`)
  if (kills.length > 0) console.log(killSummary(kills))
}

async function main(): Promise<number> {
  const o = parse()
  if (o.help) {
    console.log(HELP)
    return 0
  }
  if (o.point !== undefined) return await runOne(o.point)
  const found = await findPoints()
  const earlier = await doneBefore(o)
  const points = chosen(found, earlier, o)
  const end = new AbortController()
  const timer = o.all ? undefined : setTimeout(() => end.abort(), number('minutes', o.minutes) * 60_000)
  const stop = new AbortController()
  const interrupted = stop.signal
  process.once('SIGINT', () => {
    end.abort()
    stop.abort()
  })
  let count = 0
  const onResult = (r: Result): void => {
    count++
    if (o.json) return
    if (!isRight(r)) console.log(`wrong: ${failureText(r)}`)
    if (count % 50 === 0) console.log(`${count} of ${points.length}`)
  }
  const workers = Math.max(1, number('workers', o.workers))
  const results = await runCrew(points, { workers, signal: end.signal, onResult })
  clearTimeout(timer)
  const part = o.side !== undefined || o.port !== undefined || o.points !== undefined
  const kills = await runKills(
    number('real', o.real ?? (part ? '0' : '8')),
    number('seed', o.seed),
    interrupted,
    k => {
      if (!o.json) console.log(killText(k))
    }
  )
  print(found, results, kills, o)
  if (o.save !== undefined) {
    const right = results.filter(isRight).map(r => nameOf(r.point))
    await writeFile(o.save, JSON.stringify({ right: [...new Set([...earlier, ...right])] }))
  }
  return results.every(isRight) && kills.every(isSurvived) && results.length + kills.length > 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename)
  main().then(
    code => process.exit(code),
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : String(e))
      process.exit(2)
    }
  )
