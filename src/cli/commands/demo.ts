import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { formatAmount, shortAmount, SYMBOL } from '../../protocol/money.ts'
import { formatDuration } from '../../protocol/units.ts'
import { runDemo, type DemoEvent, type DemoReport } from '../../devnet/demo.ts'
import { command, EXIT } from '../command.ts'
import type { Cli } from '../context.ts'
import type { DemoFlags } from '../routes/network.ts'
import { table } from '../ui/table.ts'

const LOUD = new Set([
  'awarded',
  'escrow open',
  'checkpoint',
  'lease missed',
  'result accepted',
  'escrow accepted',
  'escrow refunded',
  'escrow cancelled',
  'task failed'
])

/** Who does what, a line per change, peers by name. */
function teller(cli: Cli): (e: DemoEvent) => void {
  let names: ReadonlyMap<string, string> = new Map()
  const begun = cli.clock.monotonic()
  const say = (text: string) =>
    cli.remark(`${((cli.clock.monotonic() - begun) / 1000).toFixed(1).padStart(5)} s  ${text}`)
  return e => {
    if (e.kind === 'step') say(e.text)
    else if (e.kind === 'job-begins') {
      names = e.names
      say(`job ${e.job.id.slice(0, 10)}: ${e.job.shards} tiles, at most ${e.job.maxPrice} ${SYMBOL}`)
    } else if (e.kind === 'killed') say(`*** ${e.name} is killed (SIGKILL) ***`)
    else if (e.kind === 'job') say(`job ${e.state}: ${e.what}`)
    else if (e.kind === 'execution' && LOUD.has(e.what)) {
      const { shard, attempt, provider, progress, resumedFrom } = e.execution
      const resumed =
        e.what === 'awarded' && resumedFrom !== undefined
          ? `, resumes at ${Math.floor(resumedFrom.progress * 100)} %`
          : ''
      const at = e.what === 'checkpoint' ? ` at ${Math.floor(progress * 100)} %, acknowledged` : ''
      say(
        `tile ${shard}  ${(names.get(provider) ?? provider).padEnd(7)}  ${e.what}${at}${attempt > 1 ? ` (attempt ${attempt}${resumed})` : ''}`
      )
    }
  }
}

function reportText(r: DemoReport): string {
  const rows = r.names.map(h => {
    const mine = r.job.executionList.filter(e => e.operator.toLowerCase() === h.address.toLowerCase())
    const done = mine.filter(e => e.state === 'settled').length
    return [
      h.name,
      h.name.startsWith('peer') ? `${done} of ${mine.filter(e => e.state !== 'declined').length}` : '',
      formatAmount(r.books.change.get(h.name) ?? 0n)
    ]
  })
  const sum = [...r.books.change.values()].reduce((a, b) => a + b, 0n)
  return [
    '',
    table(['', 'tiles', `change in ${SYMBOL}`], [...rows, ['sum', '', formatAmount(sum)]]),
    '',
    `Earned by providers  ${formatAmount(r.books.paid)} ${SYMBOL}`,
    `Fees                 ${formatAmount(r.books.fees)} ${SYMBOL}`,
    `Refunded             ${formatAmount(r.books.refunded)} ${SYMBOL} (locked for work that was not delivered)`,
    `The sums ${r.books.conserved ? 'agree with the chain to the wei' : 'DO NOT AGREE with the chain'}; ${r.killed} peer killed, ${r.resumed} tiles resumed elsewhere, ${r.job.executions} executions for ${r.job.shards} tiles, about ${shortAmount(r.books.paid / BigInt(Math.max(1, r.job.shards)), 6)} ${SYMBOL} a tile.`,
    `Took ${formatDuration(r.elapsedMs)}. The picture: ${r.picture}`
  ].join('\n')
}

const summary = (r: DemoReport) => ({
  job: { id: r.job.id, state: r.job.state, shards: r.job.shards, executions: r.job.executions },
  killed: r.killed,
  resumed: r.resumed,
  conserved: r.books.conserved,
  elapsedMs: r.elapsedMs,
  picture: r.picture,
  earned: Object.fromEntries([...r.books.change].map(([name, n]) => [name, formatAmount(n)])),
  fees: formatAmount(r.books.fees),
  refunded: formatAmount(r.books.refunded)
})

export const demo = command<DemoFlags>(async (cli, flags, signal) => {
  const { clock, files, random } = cli
  const folder = await files.temporaryFolder(join(tmpdir(), 'shoal-demo-'))
  const out = resolve(cli.cwd, flags.out ?? 'shoal-demo')
  try {
    await files.remove(join(out, 'picture.png'))
    const report = await runDemo({ clock, files, random, folder, out, signal, onEvent: teller(cli) })
    cli.print(cli.json ? JSON.stringify(summary(report)) : reportText(report))
    const good =
      report.job.state === 'settled' && report.books.conserved && report.killed === 1 && report.resumed >= 1
    if (!good) cli.process.exitCode = EXIT.job
  } finally {
    if (flags.keep) cli.remark(`Homes and logs: ${folder}`)
    else await files.remove(folder)
  }
})
