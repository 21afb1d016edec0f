/**
 * `npm run fuzz`: every decoder of the program under inputs that keep their format's structure, and under raw bytes. Fails when one
 * throws what it should not, takes longer than 10 ms, or (for what comes from the wire) reserves more than 4 times its input + 64 KiB.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { allTargets } from './all.ts'
import { MODES, type Mode, type Report } from './engine.ts'
import { runOnce } from './measure.ts'
import { runHere, runShared, type Task } from './tasks.ts'

const HELP = `usage: npm run fuzz -- [--seconds N] [--executions N] [--target TEXT] [--mode structure|raw] [--seed N] [--jobs N]
                       [--plant] [--replay FILE --target NAME] [--out DIR] [--json] [--list]
  --seconds N      for each decoder, half of it in each mode (default 10)
  --executions N   at most, of each decoder, half in each mode
  --target TEXT    only decoders whose name holds TEXT
  --seed N         of the generators (default 1)
  --jobs N         processes (default 1)
  --plant          put a fault into each decoder: it must be found, by inputs with structure and by raw bytes together
  --replay FILE    run one saved input again
  --out DIR        where inputs that were caught are saved (default .shoal-fuzz)`

/** A planted fault is found within this many seconds, or not. */
const PLANT_SECONDS = 20

export interface Options {
  readonly seconds: number
  readonly executions: number
  readonly target: string
  readonly modes: readonly Mode[]
  readonly seed: number
  readonly jobs: number
  readonly planted: boolean
}

/** All pieces of a run. Each has a seed of its own that follows from the run's. */
export async function tasksFor(o: Options): Promise<Task[]> {
  const targets = (await allTargets()).filter(t => t.name.includes(o.target))
  return targets.flatMap((t, i) =>
    o.modes.map((mode, m) => ({
      target: t.name,
      mode,
      seconds: (o.planted ? PLANT_SECONDS : o.seconds) / o.modes.length,
      executions: Math.ceil(o.executions / o.modes.length),
      seed: o.seed * 1_000 + i * 2 + m,
      planted: o.planted
    }))
  )
}

export async function runAll(
  o: Options,
  signal: AbortSignal,
  done: (r: Report) => void = () => undefined
): Promise<Report[]> {
  const reports: Report[] = []
  const keep = (r: Report): void => {
    reports.push(r)
    done(r)
  }
  const tasks = await tasksFor(o)
  if (tasks.length === 0) throw new Error(`no decoder '${o.target}'`)
  if (o.jobs > 1) await runShared(tasks, o.jobs, signal, keep)
  else await runHere(tasks, signal, keep)
  return reports
}

/** Decoders whose fault neither mode found. */
export function missed(reports: readonly Report[]): string[] {
  const names = [...new Set(reports.map(r => r.target))]
  return names.filter(n => !reports.some(r => r.target === n && r.findings.length > 0))
}

const row = (r: Report): string[] => [
  r.target,
  r.mode,
  String(r.executions),
  String(r.rejected),
  String(r.accepted),
  String(Math.round(r.executions / Math.max(r.seconds, 0.001))),
  `${r.slowestMs.toFixed(2)} ms`,
  r.findings.length === 0 ? '' : `${r.findings[0]?.kind ?? ''}: ${r.findings[0]?.message.slice(0, 80) ?? ''}`
]

function table(reports: readonly Report[]): string {
  const sorted = [...reports].sort((a, b) => a.target.localeCompare(b.target) || a.mode.localeCompare(b.mode))
  const all = [
    ['decoder', 'mode', 'executions', 'rejected', 'accepted', 'per s', 'slowest', 'found'],
    ...sorted.map(row)
  ]
  const width = (i: number): number => Math.max(...all.map(r => r[i]?.length ?? 0))
  return all
    .map(r =>
      r
        .map((c, i) => (i < 2 || i === 7 ? c.padEnd(width(i)) : c.padStart(width(i))))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** Saves each input that was caught; gives the commands that run them again. */
async function save(reports: readonly Report[], folder: string): Promise<string[]> {
  const again: string[] = []
  for (const r of reports)
    for (const [i, f] of r.findings.entries()) {
      await mkdir(folder, { recursive: true })
      const file = join(folder, `${r.target.replace(/[^a-z0-9]+/gi, '-')}-${r.mode}-${i}.bin`)
      await writeFile(file, f.input)
      again.push(
        `npm run fuzz -- --target "${r.target}" --replay ${file}    # ${f.kind}: ${f.message.slice(0, 120)}`
      )
    }
  return again
}

async function replay(name: string, file: string): Promise<number> {
  const target = (await allTargets()).find(t => t.name === name)
  if (target === undefined) throw new Error(`no decoder '${name}'`)
  const ran = await runOnce(target, target.decode, new Uint8Array(await readFile(file)))
  const said =
    ran.finding === undefined
      ? ran.accepted
        ? 'accepted'
        : 'rejected as it should be'
      : `${ran.finding.kind}: ${ran.finding.message}`
  console.log(`${name}: ${said}, ${ran.ms.toFixed(2)} ms`)
  return ran.finding === undefined ? 0 : 1
}

const number = (name: string, text: string): number => {
  const n = Number(text)
  if (!Number.isFinite(n) || n <= 0) throw new Error(`--${name} ${text}: no number above 0\n${HELP}`)
  return n
}

function options() {
  const { values: o } = parseArgs({
    options: {
      seconds: { type: 'string' },
      executions: { type: 'string' },
      target: { type: 'string', default: '' },
      mode: { type: 'string' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '1' },
      plant: { type: 'boolean', default: false },
      replay: { type: 'string' },
      out: { type: 'string', default: '.shoal-fuzz' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  const modes = o.mode === undefined ? MODES : MODES.filter(m => m === o.mode)
  if (modes.length === 0) throw new Error(`--mode ${o.mode ?? ''}: structure or raw\n${HELP}`)
  const run: Options = {
    // without a time limit when only a number of executions is asked for
    seconds: o.seconds === undefined ? (o.executions === undefined ? 10 : 1e9) : number('seconds', o.seconds),
    executions: o.executions === undefined ? Infinity : number('executions', o.executions),
    target: o.target,
    modes,
    seed: number('seed', o.seed),
    jobs: number('jobs', o.jobs),
    planted: o.plant
  }
  return { ...o, run }
}

async function main(signal: AbortSignal): Promise<number> {
  const o = options()
  if (o.help) return (console.log(HELP), 0)
  if (o.list) return (console.log((await allTargets()).map(t => t.name).join('\n')), 0)
  if (o.replay !== undefined) return await replay(o.target, o.replay)
  const begun = performance.now()
  if (!o.json) console.log(`seed ${o.run.seed}`)
  const reports = await runAll(o.run, signal)
  const lost = o.plant ? missed(reports) : []
  const bad = o.plant ? lost.length : reports.reduce((n, r) => n + r.findings.length, 0)
  const again = o.plant ? [] : await save(reports, o.out)
  const executions = reports.reduce((n, r) => n + r.executions, 0)
  const seconds = (performance.now() - begun) / 1000
  if (o.json) {
    const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex')
    const plain = reports.map(r => ({ ...r, findings: r.findings.map(f => ({ ...f, input: hex(f.input) })) }))
    console.log(
      JSON.stringify({ ok: bad === 0, seed: o.run.seed, executions, seconds, reports: plain, missed: lost })
    )
  } else {
    console.log(table(reports))
    const decoders = new Set(reports.map(r => r.target)).size
    const verdict = o.plant
      ? `${decoders - lost.length} planted faults found, ${lost.length} missed ${lost.join(', ')}`
      : `${bad} findings`
    console.log(`\n${decoders} decoders, ${executions} executions in ${seconds.toFixed(0)} s: ${verdict}`)
    for (const line of again) console.log(line)
  }
  return bad === 0 && !signal.aborted ? 0 : 1
}

if (process.argv[1] === import.meta.filename) {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  main(stop.signal).then(
    code => {
      process.exitCode = code
    },
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : String(e))
      process.exitCode = 2
    }
  )
}
