/** What is asked of every refusal, whoever made the mistake. */
import { mistakes, GOOD, placeOf } from './job-files.ts'
import { configMistakes } from './config-files.ts'
import { lineMistakes } from './command-lines.ts'

/** The longest that a refusal may take, ms. */
export const LIMIT_MS = 1_000

export interface Case {
  readonly group: 'job file' | 'config file' | 'command line'
  readonly name: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly config?: string
  readonly code: number
  readonly says: readonly string[]
  /** `job.yaml:3:1`: the message begins with it, and a caret stands below. */
  readonly place?: string
}

const short = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)

/** All hand-made mistakes as command lines with what is expected of each. */
export const cases: readonly Case[] = [
  ...mistakes.map(([from, to, caret, ...says]): Case => {
    if (!GOOD.includes(from)) throw new Error(`the good file has no ${from}`)
    const file = GOOD.replace(from, () => to)
    return {
      group: 'job file',
      name: short(to),
      args: ['validate', 'job.yaml'],
      files: { 'job.yaml': file },
      env: {},
      code: 2,
      says: [...says, 'shoal validate job.yaml'],
      place: `job.yaml:${placeOf(file, caret)}`
    }
  }),
  ...configMistakes.map(([text, caret, ...says]): Case => ({
    group: 'config file',
    name: short(text),
    args: ['up'],
    files: {},
    env: {},
    config: text,
    code: 2,
    says: [...says, 'Edit '],
    place: caret === '' ? undefined : `config.yaml:${placeOf(text, caret)}`
  })),
  ...lineMistakes.map((m): Case => ({
    group: 'command line',
    name: [...Object.entries(m.env ?? {}).map(([k, v]) => `${k}=${v}`), 'shoal', ...m.args].join(' '),
    files: {},
    env: {},
    ...m
  }))
]

export const INTERNALS = /\n\s+at .*[:(]|node_modules|ZodError|YAMLParseError|\[object |TypeError|undefined/

/** Everything wrong with an answer; empty when it is right. */
export function faultsOf(
  c: Case,
  r: { code: number | null; stdout: string; stderr: string; ms: number },
  limit = LIMIT_MS
): string[] {
  const faults: string[] = []
  if (r.code !== c.code) faults.push(`exit code ${r.code}, expected ${c.code}`)
  for (const text of c.says) if (!r.stderr.includes(text)) faults.push(`does not say ${JSON.stringify(text)}`)
  if (!/^error: \S/.test(r.stderr)) faults.push('does not begin with "error: "')
  if (!/\n {2}\S.*\n$/.test(r.stderr)) faults.push('does not say what to do')
  if (INTERNALS.test(r.stderr)) faults.push('shows internals')
  if (r.stdout !== '') faults.push('writes to standard output')
  if (r.ms > limit) faults.push(`took ${Math.round(r.ms)} ms`)
  if (c.place !== undefined && !r.stderr.split('\n')[0]?.includes(`${c.place} `))
    faults.push(`place is not ${c.place}`)
  if (c.place !== undefined && !/\n {2}….*\n {2,}\^\n|\n {2}.*\n *\^\n/.test(r.stderr))
    faults.push('no caret')
  return faults
}
