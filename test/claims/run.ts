/** `npm run test:claims`: are false claims of capacity seen through, and honest ones believed? */
import { parseArgs } from 'node:util'
import { realKinds } from './real-kinds.ts'
import { realTrial } from './real.ts'
import { kindsTrial } from './kinds.ts'
import { trial, type Judged } from './trial.ts'

const HELP = `usage: npm run test:claims -- [--trials N] [--seed N] [--no-real]
  --trials N   simulated trials (default 20)
  --seed N     of the first trial (default 1)
  --no-real    leave out the runs with real products, files and streams on this machine over real connections`

const percent = (x: number): string => `${Math.round(100 * x)} %`.padStart(6)

function report(title: string, judged: readonly Judged[]): number {
  const kinds = new Map<string, Judged[]>()
  for (const j of judged) {
    const kind = `${j.name.replace(/ \d+$/, '')}${j.way === '' ? '' : `, ${j.way}`}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), j])
  }
  console.log(`\n${title}`)
  console.log(`${'who'.padEnd(40)} claims  believed  has     proven (share of what the class needs)`)
  let wrong = 0
  for (const [kind, list] of [...kinds].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const believed = list.filter(j => j.believed).length
    const range = (f: (j: Judged) => number): string =>
      `${percent(Math.min(...list.map(f)))} to ${percent(Math.max(...list.map(f)))}`
    wrong += list.filter(j => j.believed !== j.honest).length
    console.log(
      `${kind.padEnd(40)} ${String(list.length).padStart(6)}  ${String(believed).padStart(8)}  ${range(j => j.has)}  ${range(j => j.proven)}`
    )
  }
  return wrong
}

async function main(): Promise<number> {
  const { values: o } = parseArgs({
    options: {
      trials: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      'no-real': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) return (console.log(HELP), 0)
  const all: Judged[] = []
  for (let i = 0; i < Number(o.trials); i++) all.push(...(await trial(Number(o.seed) + i)))
  let wrong = report(`${o.trials} trials of processors, on simulated machines`, all)
  const kinds: Judged[] = []
  for (let i = 0; i < Number(o.trials); i++) kinds.push(...(await kindsTrial(Number(o.seed) + i)))
  wrong += report(`${o.trials} trials of memory, disk and line, on simulated ones`, kinds)
  all.push(...kinds)
  if (!o['no-real']) {
    wrong += report('this machine, real products, real connections', await realTrial())
    wrong += report('this machine, real data sets, files and streams, real connections', await realKinds())
  }
  const cheats = all.filter(j => !j.honest)
  console.log(
    `\n${cheats.filter(j => j.believed).length} of ${cheats.length} false claims believed, ` +
      `${all.filter(j => j.honest && !j.believed).length} of ${all.length - cheats.length} honest ones refused; ${wrong} wrong in all`
  )
  return wrong === 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename)
  main().then(
    code => process.exit(code),
    (e: unknown) => {
      console.error(e)
      process.exit(2)
    }
  )
