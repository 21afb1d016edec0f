/**
 * `npm run coverage:contracts`: what the forge tests reach of contracts/src. Fails below 95 % of the branches (which for forge are those of
 * `if`, not of `&&` and `?`; `mutate:contracts` looks at those). It runs in a copy outside of the tree. Further arguments are passed on
 * (`-- --report lcov`).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { copyContracts, forgeBinary, forgeEnv } from './forge/forge.ts'

const LEAST = 95

const folder = mkdtempSync(path.join(tmpdir(), 'shoal-coverage-'))
try {
  const cwd = copyContracts(folder)
  // the invariants reach nothing that the others do not, and take most of the time without the optimizer
  const args = ['coverage', '--exclude-tests', '--no-match-contract', 'Invariants', ...process.argv.slice(2)]
  const run = spawnSync(forgeBinary(), args, { cwd, env: forgeEnv(), encoding: 'utf8', maxBuffer: 64 << 20 })
  const said = run.stdout.slice(Math.max(0, run.stdout.indexOf('╭')))
  console.log(run.status === 0 ? said.trimEnd() : run.stdout + run.stderr)
  const branches = /\| Total [^|]*\|[^|]*\|[^|]*\| *([\d.]+)%/.exec(said)?.[1]
  if (run.status !== 0) process.exitCode = 1
  else if (branches === undefined) console.log('no summary was asked for: nothing was compared')
  else {
    console.log(`branches: ${branches} %, at least ${LEAST} % wanted`)
    if (Number(branches) < LEAST) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
