/** The findings for people: one line each, then the sum, then how to look at what survived. */
import type { Finding } from './hunt.ts'

const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`

export const catcher = (f: Finding): string =>
  f.caught !== undefined
    ? `${f.caught.suite}: ${f.caught.test}`
    : f.problem !== undefined
      ? 'PROBLEM'
      : 'NOBODY'

export function table(findings: readonly Finding[]): string {
  const rows = findings.map(f => [f.id, cut(f.means, 76), cut(catcher(f), 96), f.seconds.toFixed(1)])
  const all = [['mutant', 'what it means', 'caught by', 'seconds'], ...rows]
  const width = (i: number): number => Math.max(...all.map(r => r[i]?.length ?? 0))
  return all
    .map(r =>
      r
        .map((c, i) => (i === 3 ? c.padStart(width(i)) : c.padEnd(width(i))))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** What a person does about one that was not caught. */
function advice(f: Finding): string {
  const what = f.problem ?? `passed with the bug in place: ${f.missedBy.join(', ') || 'nothing ran'}`
  return [
    `${f.id} (${f.file}): ${f.means}`,
    `  ${what.replaceAll('\n', '\n  ')}`,
    `  look at it: npm run test:mutants -- --show ${f.id}; run it again: npm run test:mutants -- --only ${f.id}`
  ].join('\n')
}

export function summary(findings: readonly Finding[]): string {
  const caught = findings.filter(f => f.caught !== undefined)
  const rest = findings.filter(f => f.caught === undefined)
  return [...rest.map(advice), `${findings.length} planted, ${caught.length} caught`].join('\n')
}
