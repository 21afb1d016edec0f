/**
 * What a peer costs that has nothing to do: memory, processor and bytes of each full peer and of the light one, in a net of six on
 * loopback. `npm run bench:idle`; fails when a median is above its aim.
 */
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { startBenchNet } from '../support/net.ts'
import { readOptions } from '../support/options.ts'
import { MIB, processUse, type ProcessUse } from '../support/proc.ts'
import { quantile, round } from '../support/stats.ts'

/** Aims: resident MiB and percent of one core. */
const AIMS = { light: { rss: 110, cpu: 1 }, full: { rss: 200, cpu: 1 } } as const
const FULL_PEERS = 5

const o = readOptions('bench:idle', {
  minutes: { initial: 5, min: 1, max: 600, what: 'minutes of idling before the measured minute' }
})

type Role = 'light' | 'full' | 'chain'

interface Row {
  readonly role: Role
  readonly rssMiB: number
  /** Percent of one core over the last minute. */
  readonly cpu: number
  readonly kibPerMinute: number
  readonly files: number
}

function row(role: Role, before: ProcessUse, after: ProcessUse, seconds: number): Row {
  return {
    role,
    rssMiB: round(after.rss / MIB),
    cpu: round(((after.cpu - before.cpu) / seconds) * 100, 2),
    kibPerMinute: round((((after.io - before.io) / seconds) * 60) / 1024),
    files: after.files
  }
}

const middle = (rows: readonly Row[], role: Role, key: 'rssMiB' | 'cpu' | 'kibPerMinute'): number =>
  quantile(
    rows.filter(r => r.role === role).map(r => r[key]),
    0.5
  )

const bench = await startBenchNet('idle', { peers: FULL_PEERS, slots: 1 })
try {
  const processes: readonly (readonly [Role, number])[] = [
    ...bench.net.peers.map(p => ['full', p.child.pid] as const),
    ['light', bench.requester.child.pid],
    ['chain', bench.net.chain.pid]
  ]
  for (let minute = 0; minute < o.minutes; minute++) {
    await systemClock.sleep(60_000, bench.signal)
    process.stderr.write(`${minute + 1} of ${o.minutes} minutes\n`)
  }
  const before = processes.map(([, pid]) => processUse(pid))
  const begun = systemClock.monotonic()
  await systemClock.sleep(60_000, bench.signal)
  const seconds = (systemClock.monotonic() - begun) / 1000
  const rows = processes.map(([role, pid], i) => {
    const first = before[i]
    if (first === undefined) throw new Error('a process was not measured')
    return row(role, first, processUse(pid), seconds)
  })
  const summary = (['light', 'full'] as const).map(role => {
    const rssMiB = middle(rows, role, 'rssMiB')
    const cpu = middle(rows, role, 'cpu')
    const ok = rssMiB <= AIMS[role].rss && cpu <= AIMS[role].cpu
    return { role, rssMiB, cpu, kibPerMinute: middle(rows, role, 'kibPerMinute'), aim: AIMS[role], ok }
  })
  const ok = summary.every(s => s.ok)
  if (o.json) console.log(JSON.stringify({ ok, minutes: o.minutes, summary, processes: rows }))
  else {
    console.log('peer      RSS MiB   % of a core   KiB/min (all reads and writes)   open files')
    for (const r of rows)
      console.log(
        `${r.role.padEnd(8)}${r.rssMiB.toFixed(1).padStart(9)}${r.cpu.toFixed(2).padStart(14)}${r.kibPerMinute.toFixed(1).padStart(17)}${String(r.files).padStart(29)}`
      )
    for (const s of summary)
      console.log(
        `${s.role}: ${s.rssMiB} MiB of ${s.aim.rss}, ${s.cpu} % of ${s.aim.cpu}: ${s.ok ? 'within' : 'ABOVE'} the aims`
      )
  }
  process.exitCode = ok ? 0 : 1
} finally {
  await bench.stop()
}
