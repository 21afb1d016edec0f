/**
 * `npm run bench:load`: 1 to 50 jobs at once, of 1 to 5 requesters, on 2 to 6 providers, with slots plenty and scarce, waiting for
 * minutes; real processes and a real chain. Fails when anybody is banned, an offence is counted, a shard is lost, or scarce slots stand
 * empty for more than a fifth of the time.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printer } from '../../test/support/wasm.ts'
import { play, type Row } from './play.ts'
import { PROVIDERS, REQUESTERS, scenes } from './scenes.ts'
import { AIM_THROUGHPUT, faultsOf, notesOf, tableOf } from './table.ts'
import { startWorld } from './world.ts'

const HELP = `usage: npm run bench:load -- [--quick] [--scene NAME[,NAME]] [--json]
  --quick        the small scenes only: about three minutes instead of ten
  --scene NAME   these: ${scenes.map(s => s.name).join(', ')}
  --json         one JSON object instead of the table`

const leave = (message: string, code: number): never => {
  if (code === 0) console.log(message)
  else console.error(message)
  process.exit(code)
}

function options(): { quick: boolean; json: boolean; names: readonly string[] } {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        scene: { type: 'string', default: '' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
    if (values.help) return leave(HELP, 0)
    const names = values.scene.split(',').filter(n => n !== '')
    const strange = names.find(n => !scenes.some(s => s.name === n))
    if (strange !== undefined) return leave(`no scene ${strange}\n${HELP}`, 2)
    return { quick: values.quick, json: values.json, names }
  } catch (e) {
    return leave(`${(e as Error).message}\n${HELP}`, 2)
  }
}

const o = options()
const chosen = scenes.filter(s => (o.names.length > 0 ? o.names.includes(s.name) : !o.quick || s.quick))
const most = (of: (s: (typeof scenes)[number]) => number, max: number): number =>
  Math.min(max, Math.max(...chosen.map(of)))

const world = await startWorld({
  providers: most(s => s.providers, PROVIDERS),
  requesters: most(s => s.requesters, REQUESTERS)
})
const rows: Row[] = []
try {
  await writeFile(join(world.folder, 'task.wasm'), printer(1, 'held\n', 1))
  for (const scene of chosen) {
    process.stderr.write(`${scene.name}: ${scene.what}\n`)
    const row = await play(world, scene)
    rows.push(row)
    const faults = faultsOf(row)
    process.stderr.write(`  ${faults.length === 0 ? 'as promised' : faults.join('; ')}\n`)
  }
  const ok = rows.every(r => faultsOf(r).length === 0)
  if (o.json) console.log(JSON.stringify({ ok, aimThroughput: AIM_THROUGHPUT, rows }))
  else {
    console.log(tableOf(rows))
    for (const note of notesOf(rows)) console.log(note)
    console.log(
      `${rows.reduce((n, r) => n + r.bans, 0)} bans, ${rows.reduce((n, r) => n + r.lost, 0)} lost shards; ` +
        (ok ? 'all as promised' : 'not all as promised')
    )
  }
  process.exitCode = ok ? 0 : 1
} finally {
  await world.stop()
}
