/** The table of what was run. */
import { table } from '../../src/cli/ui/table.ts'
import type { Result } from './crew.ts'
import { READY_MAX_MS } from './messages.ts'
import type { KillResult } from './real.ts'
import { groupOf, nameOf, ports, sides, type Point } from './points.ts'

const GROUPS = ['before', 'after', 'torn', 'failed'] as const

/** Why a result is not right; empty when it is. */
export function faultsOf({ outcome }: Result): string[] {
  const slow = outcome.readyMs > READY_MAX_MS ? [`ready after ${outcome.readyMs} ms`] : []
  return [...outcome.problems, ...slow]
}

export const isRight = (r: Result): boolean => faultsOf(r).length === 0

export function matrix(found: readonly Point[], results: readonly Result[]): string {
  const rows: string[][] = []
  const cell = (of: (p: Point) => boolean): string => {
    const run = results.filter(r => of(r.point))
    const all = found.filter(of).length
    return all === 0 ? '' : `${run.filter(isRight).length}/${run.length} of ${all}`
  }
  for (const side of sides)
    for (const port of ports) {
      const here = (p: Point) => p.side === side && p.port === port
      if (!found.some(here)) continue
      rows.push([`${side} ${port}`, ...GROUPS.map(g => cell(p => here(p) && groupOf(p.mode) === g))])
    }
  rows.push(['all', ...GROUPS.map(g => cell(p => groupOf(p.mode) === g))])
  return table(['right/run of found', ...GROUPS], rows)
}

export function summary(found: readonly Point[], results: readonly Result[]): string {
  const right = results.filter(isRight).length
  const missed = results.filter(r => r.outcome.hit === undefined).length
  const ready = Math.max(0, ...results.map(r => r.outcome.readyMs))
  const share = results.length === 0 ? 0 : (100 * right) / results.length
  return (
    `${results.length} points run of ${found.length} found, ${right} right (${share.toFixed(right === results.length ? 0 : 1)} %), ` +
    `${missed} not reached (the run took another way); ready again after at most ${ready} ms`
  )
}

export const failureText = (r: Result): string =>
  [
    `${nameOf(r.point)} (${r.outcome.hit ?? 'not reached'})`,
    ...faultsOf(r).map(f => `    ${f.slice(0, 600)}`),
    `    ${r.outcome.summary}`,
    `    again: npm run test:crash -- --point ${nameOf(r.point)}`
  ].join('\n')

/** A killed process is ready in time on a machine that does little else; on a busy one its start alone may take as long. */
const REAL_READY_MAX_MS = 3 * READY_MAX_MS

export const isSurvived = (k: KillResult): boolean =>
  k.problems.length === 0 && k.readyMs <= REAL_READY_MAX_MS

export const killText = (k: KillResult): string =>
  `kill -9 of the ${k.victim} ${k.afterMs} ms after the submission: ${isSurvived(k) ? 'right' : 'WRONG'}, ` +
  `ready after ${k.readyMs} ms${k.problems.map(p => `\n    ${p}`).join('')}`

export const killSummary = (kills: readonly KillResult[]): string =>
  `${kills.length} processes killed with kill -9, ${kills.filter(isSurvived).length} right; ` +
  `ready again after at most ${Math.max(...kills.map(k => k.readyMs))} ms (with the start of Node)`
