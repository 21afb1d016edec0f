/**
 * `npm run test:hostile`: every attack, one after another, on one peer that serves honest ones meanwhile. Fails when an attacker is
 * not cut off in time, honest work fails, memory grows, or a lie is believed; says also where honest peers became slower than the aim.
 */
import { parseArgs } from 'node:util'
import { networkDigest } from '../../src/settlement/network.ts'
import { attacks } from './attacks/index.ts'
import { HonestLoad } from './honest.ts'
import { aims, faultsOf, ratioOf, slowed, type Row } from './judge.ts'
import { Attacker, measure, targetOf, type Field } from './measure.ts'
import { tableOf, verdict } from './table.ts'
import { startVictim } from './victim.ts'

const HELP = `usage: npm run test:hostile -- [--only NAME[,NAME]] [--seconds N] [--quiet N] [--strict] [--json]
  --only NAME   attacks whose name contains this
  --seconds N   length of each attack (default 8)
  --quiet N     quiet time before and after each, seconds (default 2)
  --strict      an honest p95 above ${aims.ratio} times the quiet one fails as well
  --json        one JSON object instead of the table`

const { values: o } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '8' },
    quiet: { type: 'string', default: '2' },
    strict: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false }
  }
})

/** A whole number of seconds from 1 to 120, or the end. */
function secondsOf(flag: string, value: string): number {
  if (/^[1-9]\d{0,2}$/.test(value) && Number(value) <= 120) return Number(value)
  console.error(`--${flag} ${value}: whole seconds from 1 to 120\n${HELP}`)
  process.exit(2)
}

if (o.help) {
  console.log(HELP)
  process.exit(0)
}
const windows = { attackSeconds: secondsOf('seconds', o.seconds), quietSeconds: secondsOf('quiet', o.quiet) }
const names = o.only.split(',')
const chosen = attacks.filter(a => names.some(n => a.name.includes(n)))
if (chosen.length === 0) {
  console.error(`no attack ${o.only}; there are: ${attacks.map(a => a.name).join(', ')}`)
  process.exit(2)
}

const say = (text: string): void => void (o.json ? undefined : process.stderr.write(text + '\n'))
const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())

/** Runs the chosen attacks; ends early after Ctrl-C with what there is. */
async function runAll(field: Field): Promise<Row[]> {
  const rows: Row[] = []
  const networkId = networkDigest(field.victim.net.network)
  for (const [i, attack] of chosen.entries()) {
    if (stopping.signal.aborted) break
    const row = await measure(field, attack, targetOf(field, networkId), `127.0.0.${10 + i}`, windows)
    rows.push(row)
    say(
      `${verdict(row).padEnd(10)} ${attack.name}: ${[row.outcome.how, ...faultsOf(row)].filter(Boolean).join('; ')}`
    )
  }
  return rows
}

async function main(): Promise<number> {
  say('starting a devnet of 3 peers, two honest peers and the attacker')
  const victim = await startVictim(3)
  const honest = new HonestLoad(victim)
  let attacker: Attacker | undefined
  try {
    await honest.start()
    attacker = await Attacker.start()
    const begun = victim.rss()
    const rows = await runAll({ victim, honest, attacker })
    return report(rows, begun, victim.rss())
  } finally {
    attacker?.stop()
    await honest.stop()
    await victim.stop()
  }
}

/** Prints the end and gives the exit code. */
function report(rows: readonly Row[], begun: number, ended: number): number {
  const failed = rows.filter(r => faultsOf(r).length > 0 || (o.strict && slowed(r)))
  const ratios = rows.map(ratioOf).sort((a, b) => a - b)
  const middle = ratios[Math.floor(ratios.length / 2)] ?? NaN
  const held = rows.length - failed.length
  const summary = {
    attacks: rows.length,
    held,
    slowed: rows.filter(r => slowed(r)).map(r => r.attack.name),
    medianRatio: middle,
    rssMiB: { begun, ended }
  }
  if (o.json) {
    console.log(JSON.stringify({ ...summary, aims, rows: rows.map(r => ({ ...r, faults: faultsOf(r) })) }))
  } else {
    console.log(tableOf(rows))
    console.log(
      `${held} of ${rows.length} attacks held; honest p95 above ${aims.ratio} x quiet in ${summary.slowed.length} ` +
        `(median ratio ${middle.toFixed(2)}); memory of the peer ${begun.toFixed(0)} -> ${ended.toFixed(0)} MiB`
    )
    for (const r of failed)
      console.log(
        `FAIL ${r.attack.name}: ${faultsOf(r).join('; ') || `p95 ${ratioOf(r).toFixed(2)} x quiet`}\n` +
          `  again with: npm run test:hostile -- --only "${r.attack.name}"`
      )
  }
  return stopping.signal.aborted ? 130 : failed.length > 0 ? 1 : 0
}

process.exit(await main())
