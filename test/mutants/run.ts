/**
 * `npm run test:mutants`: plants deliberate bugs one at a time in a copy of the tree and runs the suites that should notice, until
 * one fails. Fails when a bug survives: then the tests have a hole.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { TreeCopy } from './copy.ts'
import { hunt, unclean, type Finding, type HuntOptions } from './hunt.ts'
import { mutants } from './list/index.ts'
import { planted, textOf, type Mutant } from './mutant.ts'
import { keyOf, namedSuites, suitesFor } from './suites.ts'
import { catcher, summary, table } from './table.ts'

const ROOT = join(import.meta.dirname, '../..')

const HELP = `usage: npm run test:mutants -- [--only ID,...] [--jobs N] [--patience N] [--narrow] [--json] [--list] [--show ID]
  --only ID     these mutants, or those whose file contains the text (comma between several)
  --jobs N      copies of the tree that are worked on at the same time (default 2)
  --patience N  factor on every time limit, for a busy machine (default 1)
  --narrow      only the test files that a mutant names, none of the wider suites
  --json        one JSON object instead of the table
  --list        the mutants, nothing is run
  --show ID     the bug, line by line`

class UsageError extends Error {}

const whole = (name: string, text: string, max: number): number => {
  const n = Number(text)
  if (!/^\d+$/.test(text) || n < 1 || n > max)
    throw new UsageError(`--${name} ${text}: write a whole number from 1 to ${max}`)
  return n
}

function chosen(only: string | undefined): readonly Mutant[] {
  if (only === undefined) return mutants
  const words = only.split(',').filter(w => w !== '')
  const list = mutants.filter(m => words.some(w => m.id === w || m.file.includes(w)))
  const unknown = words.find(w => !list.some(m => m.id === w || m.file.includes(w)))
  if (unknown !== undefined || list.length === 0)
    throw new UsageError(`--only ${unknown ?? only}: no such mutant; see --list`)
  return list
}

/** The bug as two blocks of lines. */
function show(id: string): string {
  const m = mutants.find(x => x.id === id)
  if (m === undefined) throw new UsageError(`--show ${id}: no such mutant; see --list`)
  const text = textOf(ROOT, m)
  planted(m, text)
  const line = text.slice(0, text.indexOf(m.find)).split('\n').length
  const marked = (mark: string, block: string): string => block.replace(/^/gm, `${mark} `)
  return `${m.file}:${line}  ${m.means}\n${marked('-', m.find)}\n${marked('+', m.replace)}`
}

/** All named suites pass without a bug, or there is no point in going on. */
async function checkClean(
  copies: readonly TreeCopy[],
  list: readonly Mutant[],
  o: HuntOptions
): Promise<void> {
  const suites = namedSuites(list)
  const worker = async (copy: TreeCopy): Promise<void> => {
    for (let s = suites.shift(); s !== undefined; s = suites.shift()) {
      const problem = await unclean(copy, s, o)
      if (problem !== undefined) throw new Error(problem)
    }
  }
  await Promise.all(copies.map(worker))
  // the whole passed, so its parts did
  for (const m of list)
    for (const s of suitesFor(m, ROOT)) if (s.files.every(f => m.tests.includes(f))) o.clean.add(keyOf(s))
}

/** One queue, one worker for each copy; compiled contracts first, since they take longest. */
async function huntAll(
  copies: readonly TreeCopy[],
  list: readonly Mutant[],
  o: HuntOptions,
  report: (f: Finding, done: number) => void
): Promise<Finding[]> {
  const queue = [...list].sort((a, b) => Number(b.file.endsWith('.sol')) - Number(a.file.endsWith('.sol')))
  const findings = new Map<string, Finding>()
  const worker = async (copy: TreeCopy): Promise<void> => {
    for (let m = queue.shift(); m !== undefined; m = queue.shift()) {
      const finding = await hunt(copy, m, o)
      findings.set(m.id, finding)
      report(finding, findings.size)
    }
  }
  await Promise.all(copies.map(worker))
  return list.flatMap(m => findings.get(m.id) ?? [])
}

interface Flags {
  readonly jobs: number
  readonly patience: number
  readonly narrow: boolean
  readonly json: boolean
}

async function work(list: readonly Mutant[], f: Flags, signal: AbortSignal): Promise<number> {
  const begun = performance.now()
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const copies: TreeCopy[] = []
  try {
    for (let i = 0; i < Math.min(f.jobs, list.length); i++) copies.push(await TreeCopy.make(ROOT))
    const o: HuntOptions = { patience: f.patience, narrow: f.narrow, signal, clean: new Set() }
    say(`first without a bug: the suites that ${list.length} mutants name`)
    await checkClean(copies, list, o)
    const findings = await huntAll(copies, list, o, (x, n) =>
      say(`${String(n).padStart(3)}/${list.length}  ${x.id}  ${catcher(x)}  ${x.seconds} s`)
    )
    const ok = findings.every(x => x.caught !== undefined)
    const seconds = Math.round((performance.now() - begun) / 1000)
    if (f.json) console.log(JSON.stringify({ ok, seconds, findings }))
    else console.log(`\n${table(findings)}\n\n${summary(findings)} in ${seconds} s`)
    return ok ? 0 : 1
  } finally {
    for (const copy of copies) await copy.remove()
  }
}

async function main(): Promise<number> {
  const { values: v } = parseArgs({
    options: {
      only: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      patience: { type: 'string', default: '1' },
      narrow: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      show: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  const print = (text: string): number => (console.log(text), 0)
  if (v.help) return print(HELP)
  if (v.show !== undefined) return print(show(v.show))
  const list = chosen(v.only)
  if (v.list)
    return print(
      v.json ? JSON.stringify(list) : list.map(m => `${m.id.padEnd(36)} ${m.file}\n    ${m.means}`).join('\n')
    )
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('interrupted')))
  process.once('SIGTERM', () => stop.abort(new Error('interrupted')))
  const jobs = whole('jobs', v.jobs, Math.max(2, availableParallelism()))
  const patience = whole('patience', v.patience, 100)
  return await work(list, { jobs, patience, narrow: v.narrow, json: v.json }, stop.signal)
}

main().then(
  code => process.exit(code),
  (e: unknown) => {
    console.error(e instanceof Error ? e.message : String(e))
    if (e instanceof UsageError || (e as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      console.error(HELP)
      process.exit(2)
    }
    process.exit(1)
  }
)
