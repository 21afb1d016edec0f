/** What is said of the scenes, and whether it is what was promised. Pure. */
import Table from 'cli-table3'
import type { Row } from './play.ts'

/** Useful time of scarce slots, as a part of what they allow. */
export const AIM_THROUGHPUT = 0.8

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0)

/** What a scene falls short of; empty when it is as promised. */
export function faultsOf(r: Row): string[] {
  const faults: string[] = []
  if (r.bans !== 0) faults.push(`${r.bans} bans`)
  for (const [kind, n] of Object.entries(r.offences)) faults.push(`${n} offences of the kind ${kind}`)
  if (r.lost > 0) faults.push(`${r.lost} of ${r.shards} shards lost`)
  if (r.settled < r.jobs) faults.push(`${r.jobs - r.settled} of ${r.jobs} jobs did not settle`)
  if (r.scarce && r.throughput < AIM_THROUGHPUT)
    faults.push(`throughput ${r.throughput} of what the slots allow, aim ${AIM_THROUGHPUT}`)
  return faults
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1)
const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([what, n]) => `${what} ${n}`)
    .join(', ')

export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: [
      ...['scene', 'jobs', 'shards', 'lost', 'bans', 'offences', 'failed', 'declined', 'rounds'],
      ...['task s', 's', 'least s', 'throughput', 'wait p50', 'p95 s']
    ],
    style: { head: [], border: [], compact: true }
  })
  for (const r of rows)
    table.push([
      ...[r.scene, `${r.settled}/${r.jobs}`, r.shards, r.lost, r.bans, total(r.offences)],
      ...[r.failedAttempts, r.declined, r.rounds, seconds(r.taskMs), seconds(r.ms), seconds(r.leastMs)],
      ...[`${r.throughput.toFixed(2)}${r.scarce ? '' : ' (free)'}`, seconds(r.waitP50), seconds(r.waitP95)]
    ])
  return table.toString()
}

/** What a person may want to know beside the table. */
export function notesOf(rows: readonly Row[]): string[] {
  return rows.flatMap(r => [
    ...faultsOf(r).map(f => `SHORT ${r.scene}: ${f}`),
    ...(total(r.limited) === 0 ? [] : [`note  ${r.scene}: budgets used up: ${list(r.limited)}`]),
    ...r.reasons.map(reason => `note  ${r.scene}: ${reason}`)
  ])
}
