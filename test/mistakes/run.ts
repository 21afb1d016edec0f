/**
 * `npm run test:mistakes`: every hand-made mistake through the whole command line in this process, some of them and some
 * mutants through a process of their own, and many mutated files through the parsers. Fails when one is refused late,
 * without place or fix, with a stack, or with the wrong exit code.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { shoal } from '../support/e2e/cli.ts'
import { cleanEnv, makeFolder, removeFolder, runHere, type Said } from './in-process.ts'
import { cases, faultsOf, LIMIT_MS, type Case } from './judge.ts'
import { judge } from './judge-mutant.ts'
import { mutant } from './mutate.ts'

const HELP = `usage: npm run test:mistakes -- [--mutants N] [--seed N] [--processes N] [--json]
  --mutants N    mutated job and config files (default 10000)
  --seed N       of the first mutant (default 1); a failure names its own seed
  --processes N  hand-made mistakes through a process of their own (default 40)
  --json         one JSON object instead of the table`

/** A process of its own starts Node first, on a machine that may be busy: no part of the second that a refusal may take. */
const PROCESS_MS = 15_000

export interface Group {
  readonly name: string
  readonly runs: number
  readonly accepted: number
  readonly slowestMs: number
  readonly failures: readonly string[]
}

type Runner = (c: Case, folder: string, env: Record<string, string>) => Promise<Said>

/** In a folder of its own, which is gone afterwards. */
async function runCase(c: Case, run: Runner, limit: number): Promise<{ said: Said; faults: string[] }> {
  const folder = await makeFolder(c.files, c.config)
  try {
    const home: Record<string, string> = c.config === undefined ? {} : { SHOAL_HOME: join(folder, 'home') }
    const said = await run(c, folder, { ...cleanEnv(folder), ...home, ...c.env })
    return { said, faults: faultsOf(c, said, limit) }
  } finally {
    await removeFolder(folder)
  }
}

/** `limit`: the longest that a refusal may take, ms. */
export async function runCases(
  name: string,
  list: readonly Case[],
  run: Runner,
  limit = run === inProcess ? PROCESS_MS : LIMIT_MS
): Promise<Group> {
  const failures: string[] = []
  let slowestMs = 0
  for (const c of list) {
    let { said, faults } = await runCase(c, run, limit)
    // the first one loads modules, and the machine may be busy for a moment: what hangs is late again
    if (said.ms > limit) ({ said, faults } = await runCase(c, run, limit))
    slowestMs = Math.max(slowestMs, said.ms)
    if (faults.length > 0)
      failures.push(`${c.name}\n    ${faults.join('; ')}\n    ${said.stderr.slice(0, 400)}`)
  }
  return { name, runs: list.length, accepted: 0, slowestMs, failures }
}

export const here: Runner = (c, folder, env) => runHere(c.args, folder, env)

export const inProcess: Runner = async (c, folder, env) => {
  const begun = performance.now()
  const r = await shoal(c.args, { cwd: folder, env })
  return { code: r.code ?? -1, stdout: r.stdout, stderr: r.stderr, ms: performance.now() - begun }
}

export function runMutants(count: number, seed: number, limit = LIMIT_MS): Group {
  const failures: string[] = []
  let [slowestMs, accepted] = [0, 0]
  for (let i = 0; i < count; i++) {
    const m = mutant(seed + i)
    let v = judge(m, limit)
    if (v.ms > limit) v = judge(m, limit)
    slowestMs = Math.max(slowestMs, v.ms)
    if (v.accepted) accepted++
    if (v.faults.length > 0) failures.push(`seed ${m.seed} (${m.kind} file): ${v.faults.join('; ')}`)
  }
  return { name: 'mutated files', runs: count, accepted, slowestMs, failures }
}

/** Every n-th, so that all groups are among them. */
export const sample = (n: number): Case[] =>
  cases.filter((_, i) => i % Math.max(1, Math.floor(cases.length / n)) === 0).slice(0, n)

function table(groups: readonly Group[]): string {
  const rows = groups.map(g => [
    g.name,
    String(g.runs),
    String(g.runs - g.accepted),
    String(g.accepted),
    `${g.slowestMs.toFixed(0)} ms`,
    String(g.failures.length)
  ])
  const all = [['mistakes', 'runs', 'refused', 'valid', 'slowest', 'wrong'], ...rows]
  const width = (i: number): number => Math.max(...all.map(r => r[i]?.length ?? 0))
  return all
    .map(r => r.map((cell, i) => (i === 0 ? cell.padEnd(width(i)) : cell.padStart(width(i)))).join('  '))
    .join('\n')
}

const whole = (name: string, text: string): number => {
  if (!/^\d{1,8}$/.test(text)) throw new Error(`--${name} ${text}: no whole number\n${HELP}`)
  return Number(text)
}

async function main(): Promise<number> {
  const { values: o } = parseArgs({
    options: {
      mutants: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      processes: { type: 'string', default: '40' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) {
    console.log(HELP)
    return 0
  }
  const groups: Group[] = []
  for (const group of ['job file', 'config file', 'command line'] as const)
    groups.push(
      await runCases(
        `hand-made, ${group}`,
        cases.filter(c => c.group === group),
        here
      )
    )
  groups.push(await runCases('hand-made, own process', sample(whole('processes', o.processes)), inProcess))
  groups.push(runMutants(whole('mutants', o.mutants), whole('seed', o.seed)))
  const wrong = groups.flatMap(g => g.failures.map(f => `${g.name}: ${f}`))
  if (o.json) console.log(JSON.stringify({ ok: wrong.length === 0, groups }))
  else {
    for (const w of wrong.slice(0, 50)) console.log(w)
    console.log(table(groups))
    console.log(wrong.length === 0 ? 'all as they should be' : `${wrong.length} wrong`)
  }
  return wrong.length === 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename)
  main().then(
    code => process.exit(code),
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : String(e))
      process.exit(2)
    }
  )
