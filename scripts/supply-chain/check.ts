/**
 * `npm run check:supply`: the rules over lockfile, manifest and npm's settings; a few seconds, offline. With `--online` also the age of
 * each locked version and the registry's signatures, where the registry answers such questions.
 */
import { parseArgs } from 'node:util'
import { youngVersions } from './age.ts'
import { installed, readProject } from './lockfile.ts'
import { MIN_AGE_DAYS, RULES } from './rules.ts'
import { npm } from './tool.ts'

interface Row {
  readonly check: string
  readonly state: 'ok' | 'failed' | 'not run'
  readonly findings: readonly string[]
}

const { values: o } = parseArgs({
  options: { online: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } }
})

/** `npm audit signatures`; a registry that offers no keys cannot be asked. */
function signatures(): Row {
  const check = 'signatures of the registry'
  const { code, out, err } = npm(['audit', 'signatures'], undefined, 120_000)
  if (code === 0) return { check, state: 'ok', findings: [out.trim().split('\n').at(-1) ?? ''] }
  const away = /network|ENOTFOUND|ECONN|404|403|No signing keys|no dependencies/i.test(err)
  const reason = err.split('\n').find(l => l.includes('error')) ?? `npm ended with ${code}`
  return { check, state: away ? 'not run' : 'failed', findings: [reason] }
}

async function ages(): Promise<Row> {
  const check = `no version younger than ${MIN_AGE_DAYS} days`
  const { young, unknown } = youngVersions(readProject().lock, MIN_AGE_DAYS)
  if (young.length > 0) return { check, state: 'failed', findings: young }
  const some = unknown > 0 ? [`the registry told no date for ${unknown} packages`] : []
  return { check, state: unknown > 0 ? 'not run' : 'ok', findings: some }
}

const project = readProject()
const rows: Row[] = Object.entries(RULES).map(([check, rule]) => {
  const findings = rule(project)
  return { check, state: findings.length === 0 ? 'ok' : 'failed', findings }
})
if (o.online) rows.push(await ages(), signatures())
const ok = rows.every(r => r.state !== 'failed')
if (o.json) console.log(JSON.stringify({ ok, packages: installed(project.lock).length, rows }))
else {
  for (const r of rows) {
    console.log(`${r.state.padEnd(8)} ${r.check}`)
    for (const f of r.findings) console.log(`           ${f}`)
  }
  console.log(`${installed(project.lock).length} packages, ${ok ? 'none' : 'some'} against the rules`)
}
process.exit(ok ? 0 : 1)
