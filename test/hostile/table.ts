/** The table that a person reads. */
import Table from 'cli-table3'
import { faultsOf, ratioOf, slowed, successOf, type Row } from './judge.ts'

const ms = (n: number): string => (Number.isNaN(n) ? '-' : n.toFixed(1))

const end = (r: Row): string => {
  if (r.outcome.cutAfter !== undefined) return `${(r.outcome.cutAfter / 1_000).toFixed(1)} s`
  return r.attack.expect === 'no effect' ? 'no effect' : 'NEVER'
}

export const verdict = (r: Row): string => {
  const faults = faultsOf(r)
  if (faults.length > 0) return 'FAIL'
  return slowed(r) ? 'held, slow' : 'held'
}

export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: [
      'attack',
      'rate',
      'sent',
      'cut off after',
      'p95 quiet',
      'p95 attack',
      'ratio',
      'honest ok',
      'RSS MiB (peak, after)',
      'verdict'
    ],
    style: { head: [], border: [], compact: true }
  })
  for (const r of rows)
    table.push([
      r.attack.name,
      r.attack.rate,
      r.outcome.sent,
      end(r),
      ms(r.quietP95),
      ms(r.attackP95),
      ratioOf(r).toFixed(2),
      `${(successOf(r) * 100).toFixed(1)} %`,
      `${r.rss.before.toFixed(0)} (+${(r.rss.peak - r.rss.before).toFixed(0)}, ${(r.rss.after - r.rss.before).toFixed(0)})`,
      verdict(r)
    ])
  return table.toString()
}
