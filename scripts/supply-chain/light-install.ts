/**
 * `npm run test:light-install`: the package as npm packs it, installed with `npm ci --omit=dev --ignore-scripts` (no script of any
 * dependency runs), must give a light peer that works: it buys a word count from a devnet of two peers.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDevnet } from '../../src/devnet/devnet.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { ROOT } from './lockfile.ts'
import { must, npm } from './tool.ts'

/** The job may take this long, ms. */
const RUN_MS = 120_000

const folder = mkdtempSync(join(tmpdir(), 'shoal-light-install-'))
const installed = join(folder, 'package')

function install(): void {
  const out = must('npm pack', npm(['pack', '--json', '--silent', '--pack-destination', folder]))
  const [packed] = JSON.parse(out.slice(out.search(/^\[/m))) as { filename: string }[]
  execFileSync('tar', ['xzf', join(folder, packed?.filename ?? ''), '-C', folder])
  // npm ci takes the lockfile, which packages do not carry
  cpSync(join(ROOT, 'package-lock.json'), join(installed, 'package-lock.json'))
  must('npm ci', npm(['ci', '--omit=dev', '--ignore-scripts', '--silent'], installed))
  for (const dev of ['mocha', 'typescript', 'node'])
    if (existsSync(join(installed, 'node_modules', dev))) throw new Error(`${dev} was installed`)
}

function buy(home: string): Record<string, unknown> {
  const job = join(installed, 'examples', 'wordcount', 'job.yaml')
  const out = join(folder, 'out')
  const args = ['run', job, '--input', `text.txt=${join(ROOT, 'README.md')}`, '--out', out, '-y', '--json']
  const r = spawnSync(process.execPath, [join(installed, 'bin', 'shoal.mjs'), ...args], {
    env: { PATH: process.env['PATH'], SHOAL_HOME: home },
    timeout: RUN_MS,
    encoding: 'utf8'
  })
  if (r.status !== 0) throw new Error(`shoal run ended with ${r.status}: ${r.stderr.slice(-2000)}`)
  const counts = readFileSync(join(out, 'counts.tsv'), 'utf8').split('\n').length - 1
  if (counts < 100) throw new Error(`only ${counts} words were counted`)
  return { counts, ...(JSON.parse(r.stdout.trim().split('\n').at(-1) ?? '{}') as object) }
}

try {
  install()
  const net = await startDevnet({
    folder: join(folder, 'net'),
    peers: 2,
    slots: 2,
    files: nodeFiles,
    random: systemRandom,
    clock: systemClock
  })
  try {
    const { counts, state, shards, spent } = buy(net.requester.home)
    console.log(
      `light peer without scripts and dev packages: job ${String(state)}, ${String(shards)} shards, ${String(counts)} words, ${String(spent)} spent`
    )
  } finally {
    await net.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
