/**
 * `npm run test:local-api`: every attack on the loopback API of a real peer. Fails when one succeeds, when the honest client is not
 * served afterwards, or when the peer's memory has grown.
 */
import Table from 'cli-table3'
import { parseArgs } from 'node:util'
import { rssOf } from '../hostile/victim.ts'
import { attacks } from './attacks.ts'
import type { Result } from './attack.ts'
import { served } from './resources.ts'
import { startTarget } from './target.ts'

const HELP = `usage: npm run test:local-api -- [--only NAME] [--json]
  --only NAME  attacks whose name contains this
  --json       one JSON object instead of the table`

/** Growth of the peer's memory over all attacks, MiB. */
const GROWTH_MAX = 96

const { values: o } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false }
  }
})
if (o.help) {
  console.log(HELP)
  process.exit(0)
}
const chosen = attacks.filter(a => a.name.includes(o.only))
if (chosen.length === 0) {
  console.error(`no attack ${o.only}; there are: ${attacks.map(a => a.name).join(', ')}`)
  process.exit(2)
}

interface Row extends Result {
  readonly name: string
}

const { target, stop } = await startTarget()
const onSignal = (): void => void stop().then(() => process.exit(130))
process.once('SIGINT', onSignal)
const rows: Row[] = []
let faults: string[] = []
const before = rssOf(target.pid)
try {
  for (const a of chosen) {
    const result = await a.run(target)
    const alive = await served(target)
    rows.push({
      name: a.name,
      ...result,
      success: alive ? result.success : 'the API serves nobody afterwards'
    })
  }
  const grown = rssOf(target.pid) - before
  faults = rows.flatMap(r => (r.success === undefined ? [] : [`${r.name}: ${r.success}`]))
  if (grown > GROWTH_MAX) faults.push(`the peer's memory grew by ${Math.round(grown)} MiB`)
} finally {
  await stop()
}

if (o.json) console.log(JSON.stringify({ attacks: rows.length, succeeded: faults.length, faults, rows }))
else {
  const table = new Table({
    head: ['attack', 'answered', 'verdict'],
    style: { head: [], border: [], compact: true }
  })
  for (const r of rows) table.push([r.name, r.answered, r.success === undefined ? 'held' : 'SUCCEEDED'])
  console.log(table.toString())
  console.log(`${rows.length} attacks, ${rows.filter(r => r.success !== undefined).length} succeeded`)
  for (const f of faults)
    console.log(`FAIL ${f}\n  again with: npm run test:local-api -- --only "${f.split(':')[0] ?? ''}"`)
}
process.exit(faults.length > 0 ? 1 : 0)
