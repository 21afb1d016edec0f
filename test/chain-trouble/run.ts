/** `npm run test:chain-trouble`: what an RPC or a chain can do to a running job, at three moments of it. */
import { parseArgs } from 'node:util'
import { table } from '../../src/cli/ui/table.ts'
import { Theatre } from '../crash/theatre.ts'
import { playTrouble, type TroubleResult } from './play.ts'
import { playReal, type RealResult } from './real.ts'
import { moments, poolScenes, scenes, type Moment, type Scene } from './scenes.ts'

const HELP = `usage: npm run test:chain-trouble -- [options]
  --minutes N    length of the long outage in simulated time (default 10)
  --only TEXT    troubles whose name holds TEXT
  --moment NAME  only ${moments.join(', ')}
  --real         the same with real processes, sockets and time instead
  --seconds N    how long each real trouble lasts (default 15; 600 for ten real minutes)
  --verbose      what the peers logged, for runs that went wrong
  --json         one JSON object instead of the table`

/** Everything is in order again so soon after the trouble, seconds; escrows of lost executions wait for their own deadline besides. */
const RECONCILED_S = 30

/** Why a result is not right; empty when it is. */
export const faultsOf = (r: TroubleResult): string[] => [
  ...r.problems,
  ...(r.reconciledS > (r.inOrderS ?? RECONCILED_S)
    ? [`in order again only ${r.reconciledS} s after the trouble`]
    : [])
]

export async function playAll(
  list: readonly { readonly scene: Scene; readonly moment: Moment }[],
  signal: AbortSignal,
  onResult: (r: TroubleResult) => void
): Promise<TroubleResult[]> {
  const theatre = await Theatre.open()
  const results: TroubleResult[] = []
  try {
    for (const { scene, moment } of list) {
      if (signal.aborted) break
      const result = await playTrouble(theatre, scene, moment)
      results.push(result)
      onResult(result)
    }
  } finally {
    await theatre.close()
  }
  return results
}

const rowOf = (r: TroubleResult): (string | number)[] => [
  r.scene,
  r.moment,
  r.problems.length === 0 ? 'settled' : 'wrong',
  `${r.reconciledS} s`,
  `${r.transactions} for ${r.calls}`,
  `${r.wallMs} ms`,
  r.summary.length > 90 ? `${r.summary.slice(0, 60)} … ${r.summary.slice(-28)}` : r.summary
]

/** Ctrl-C: what is being played ends by itself, nothing new begins. */
function interrupted(): AbortSignal {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  return stop.signal
}

async function mainReal(seconds: number, only: string, json: boolean): Promise<number> {
  const row = (r: RealResult) => [
    r.trouble,
    r.problems.length === 0 ? 'settled' : 'wrong',
    `${r.reconciledS} s`,
    r.troubled
  ]
  const results = await playReal(seconds, only, interrupted(), r => {
    if (!json) console.log([...row(r), ...r.problems].join('  '))
  })
  const wrong = results.filter(r => r.problems.length > 0 || r.reconciledS > RECONCILED_S)
  if (json) console.log(JSON.stringify({ ok: wrong.length === 0, seconds, results }))
  else {
    console.log(`\n${table(['trouble', 'job', 'ended after', 'requests in trouble'], results.map(row))}`)
    console.log(`${results.length} real troubles of ${seconds} s, ${results.length - wrong.length} right`)
  }
  return results.length > 0 && wrong.length === 0 ? 0 : 1
}

async function main(): Promise<number> {
  const { values: o } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      only: { type: 'string', default: '' },
      moment: { type: 'string' },
      real: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '15' },
      verbose: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) {
    console.log(HELP)
    return 0
  }
  if (o.real) return await mainReal(Number(o.seconds), o.only, o.json)
  const list = [...scenes(Number(o.minutes)), ...poolScenes()]
    .filter(s => s.name.includes(o.only))
    .flatMap(scene => moments.map(moment => ({ scene, moment })))
    .filter(({ moment }) => (o.moment ?? moment) === moment)
  const results = await playAll(list, interrupted(), r => {
    if (o.json) return
    console.log(rowOf(r).join('  '))
    for (const fault of faultsOf(r)) console.log(`    ${fault.slice(0, 500)}`)
    if (o.verbose && faultsOf(r).length > 0) console.log(r.lines.join('\n'))
  })
  const wrong = results.filter(r => faultsOf(r).length > 0)
  if (o.json)
    console.log(
      JSON.stringify({ ok: wrong.length === 0, results: results.map(r => ({ ...r, lines: undefined })) })
    )
  else {
    console.log(
      `\n${table(['trouble', 'when', 'job', 'in order after', 'transactions for calls', 'took', 'executions'], results.map(rowOf))}`
    )
    console.log(`${results.length} troubles, ${results.length - wrong.length} right; times are simulated`)
  }
  return results.length > 0 && wrong.length === 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename)
  main().then(
    code => process.exit(code),
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : String(e))
      process.exit(2)
    }
  )
