/**
 * `npm run mutate:contracts`: plants small faults into contracts/src, one at a time, and runs the forge tests against each. A seeded sample for as
 * long as `--seconds` allows, or `--all`. Fails when one survives that explained.ts does not explain, or when less than 90 % are noticed (of
 * 100 at least: in a smaller sample a few say nothing).
 */
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../forge/forge.ts'
import { reasonFor } from './explained.ts'
import { changesOf } from './operators.ts'
import { shuffled } from './sample.ts'
import { Worker, type Fate, type Fault } from './worker.ts'

const HELP = `usage: npm run mutate:contracts -- [--all | --seconds N] [--seed N] [--jobs 1|2] [--only TEXT] [--list] [--json]
  --all        every fault (half an hour on two quiet cores)
  --seconds N  begin no further one after this long (default 300)
  --seed N     which ones, and their order (default 1)
  --jobs N     copies that are worked on at the same time, at most 2 (default 2)
  --only TEXT  those whose file, line or operator holds TEXT
  --list       show them and run nothing
  --json       one JSON object instead of the table`
/** Percent. */
const LEAST = 90
/** Fewer say nothing about a share. */
const SAMPLE = 100
const JOBS_MAX = 2

interface Tried {
  readonly fault: Fault
  readonly fate: Fate
}

function faults(only: string): Fault[] {
  const folder = path.join(root, 'contracts/src')
  return readdirSync(folder)
    .filter(name => name.endsWith('.sol'))
    .sort()
    .flatMap(file => {
      const text = readFileSync(path.join(folder, file), 'utf8')
      const lines = text.split('\n')
      return changesOf(text).map(c => {
        const line = text.slice(0, c.at).split('\n').length
        return { ...c, file, line, source: lines[line - 1]?.trim() ?? '' }
      })
    })
    .filter(f => [f.file, f.source, f.operator].some(t => t.includes(only)))
}

const short = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 60)
const show = (f: Fault): string =>
  `${f.file}:${f.line} ${f.operator}: ${short(f.text)} -> ${f.by.trim() === '' ? 'nothing' : short(f.by)}`

let stopped = false

/** Works the list off with `jobs` copies until it is empty or the time is over. */
async function tryAll(list: readonly Fault[], jobs: number, until: number): Promise<Tried[]> {
  const tried: Tried[] = []
  const waiting = [...list]
  const workers = Array.from({ length: jobs }, () => new Worker())
  const work = async (w: Worker): Promise<void> => {
    await w.prepare()
    if (stopped) return
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      if (stopped || performance.now() > until) return
      const fate = await w.try(fault)
      if (stopped) return // what was ended says nothing about the fault
      tried.push({ fault, fate })
      const said = fate.kind === 'killed' ? `noticed by ${fate.by}` : fate.kind
      console.error(`${String(tried.length).padStart(4)}/${list.length}  ${show(fault)}  ${said}`)
    }
  }
  const end = (): void => {
    stopped = true
    for (const w of workers) w.kill()
  }
  process.once('SIGINT', end)
  try {
    await Promise.all(workers.map(work))
  } finally {
    process.off('SIGINT', end)
    for (const w of workers) w.remove()
  }
  return tried
}

function report(tried: readonly Tried[], all: number, seconds: number, json: boolean): boolean {
  const of = (kind: Fate['kind']) => tried.filter(t => t.fate.kind === kind)
  const [killed, survived, invalid] = [of('killed'), of('survived'), of('invalid')]
  const valid = killed.length + survived.length
  const score = valid === 0 ? 0 : (100 * killed.length) / valid
  const unexplained = survived.filter(t => reasonFor(t.fault) === undefined)
  const ok = unexplained.length === 0 && (score >= LEAST || valid < Math.min(SAMPLE, all))
  const survivors = survived.map(({ fault }) => ({ fault: show(fault), why: reasonFor(fault) }))
  if (json) {
    const counts = { all, valid, killed: killed.length, survived: survived.length, invalid: invalid.length }
    console.log(JSON.stringify({ ok, score, seconds, ...counts, survivors }))
    return ok
  }
  for (const s of survivors) console.log(`survived: ${s.fault}\n          ${s.why ?? 'NOT EXPLAINED'}`)
  console.log(
    `\n${tried.length} of ${all} faults in ${seconds.toFixed(0)} s: ${killed.length} noticed, ${survived.length} not, ${invalid.length} do not compile: ${score.toFixed(1)} % (at least ${LEAST} % wanted); ${unexplained.length} not explained`
  )
  return ok
}

const whole = (name: string, text: string, most: number): number => {
  const n = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (!(n >= 1 && n <= most)) throw new Error(`--${name} ${text}: a whole number from 1 to ${most}\n${HELP}`)
  return n
}

async function main(): Promise<number> {
  const { values: o } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '300' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) {
    console.log(HELP)
    return 0
  }
  const list = faults(o.only)
  if (list.length === 0) throw new Error(`no fault holds '${o.only}'\n${HELP}`)
  if (o.list) {
    console.log(list.map(show).join('\n'))
    return 0
  }
  const begun = performance.now()
  const until = o.all ? Infinity : begun + 1_000 * whole('seconds', o.seconds, 86_400)
  const order = shuffled(list, whole('seed', o.seed, 999_999_999))
  const tried = await tryAll(order, whole('jobs', o.jobs, JOBS_MAX), until)
  return report(tried, list.length, (performance.now() - begun) / 1_000, o.json) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (e) {
  console.error(e instanceof Error ? e.message : String(e))
  process.exitCode = 2
}
