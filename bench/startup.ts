/**
 * How long a person waits for `shoal --help`, `--version` and a completion: the whole process, its code already in Node's
 * compile cache as after the first call. `npm run bench:startup`; fails when a median is above the aim.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `usage: npm run bench:startup -- [--runs N] [--json]
  --runs N  of each command (default 20)
  --json    one JSON object instead of the table`

/** The aim of facts/people.md for --help, ms. */
const AIM_MS = 120

const BIN = fileURLToPath(new URL('../bin/shoal.mjs', import.meta.url))
const commands: readonly (readonly [string, readonly string[]])[] = [
  ['node -e 0', ['-e', '0']],
  ['shoal --version', [BIN, '--version']],
  ['shoal --help', [BIN, '--help']],
  ['shoal run --help', [BIN, 'run', '--help']],
  ['a completion', [BIN, '__complete', 'wal']]
]

function once(args: readonly string[]): number {
  const begun = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args])
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr.toString()}`)
  return performance.now() - begun
}

const middle = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN

const { values: o } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false }
  }
})
if (o.help) {
  console.log(HELP)
  process.exit(0)
}
if (!/^[1-9]\d{0,3}$/.test(o.runs)) {
  console.error(`--runs ${o.runs}: a whole number from 1 to 9999\n${HELP}`)
  process.exit(2)
}
const runs = Number(o.runs)
// in turns, so that a slow moment of the machine meets all of them
const times = commands.map(([, args]) => {
  once(args)
  return [] as number[]
})
for (let i = 0; i < runs; i++) commands.forEach(([, args], k) => times[k]?.push(once(args)))
const bare = middle(times[0] ?? [])
const rows = commands.map(([name], k) => {
  const ms = middle(times[k] ?? [])
  return { name, ms: Math.round(ms * 10) / 10, ratio: Math.round((ms / bare) * 100) / 100 }
})
const ok = rows.every(r => r.ms <= AIM_MS)
if (o.json) console.log(JSON.stringify({ ok, runs, aimMs: AIM_MS, rows }))
else {
  for (const r of rows)
    console.log(
      `${r.name.padEnd(18)} ${r.ms.toFixed(1).padStart(7)} ms  ${r.ratio.toFixed(2).padStart(5)} x bare node`
    )
  console.log(ok ? `all within ${AIM_MS} ms` : `above the aim of ${AIM_MS} ms`)
}
process.exit(ok ? 0 : 1)
