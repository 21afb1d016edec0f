/** Which suites may notice a bug, the quickest first. */
import { globSync } from 'node:fs'
import type { Mutant } from './mutant.ts'

export interface Suite {
  /** For the table. */
  readonly name: string
  readonly kind: 'mocha' | 'forge'
  /** Files from the repository's root; for forge at most one, none for all. */
  readonly files: readonly string[]
  /** A run that takes longer has not ended, ms. On a busy machine see --patience. */
  readonly limitMs: number
}

const MINUTE = 60_000

/** unit, integration, ...: where a test file belongs. */
const groupOf = (files: readonly string[]): string =>
  [...new Set(files.map(f => f.split('/')[1] ?? ''))].join('+')

const mocha = (name: string, pattern: string, limitMs: number, root: string): Suite[] => {
  const files = globSync(pattern, { cwd: root }).sort()
  return files.length === 0 ? [] : [{ name, kind: 'mocha', files, limitMs }]
}

/** Integration tests of a room that has no folder of its own there, and those that see it at work. */
const AT_WORK: Readonly<Record<string, readonly string[]>> = {
  protocol: ['peer', 'crash'],
  p2p: ['p2p', 'limits', 'hostile'],
  market: ['peer'],
  peer: ['peer', 'crash'],
  settlement: ['settlement', 'chain-trouble'],
  cli: ['api']
}

const RULES = new Set(['protocol', 'peer'])

const forge = (file?: string): Suite => ({
  name: 'forge',
  kind: 'forge',
  files: file === undefined ? [] : [file],
  limitMs: 4 * MINUTE
})

const named = (m: Mutant): Suite[] => {
  const solidity = m.tests.filter(t => t.endsWith('.sol'))
  const rest = m.tests.filter(t => !t.endsWith('.sol'))
  const suites: Suite[] = solidity.map(forge)
  if (rest.length > 0) suites.push({ name: groupOf(rest), kind: 'mocha', files: rest, limitMs: 3 * MINUTE })
  return suites
}

/** The named files, then wider and wider: the room's unit tests, its fuzzing, the game over the money, the room at work. */
export function suitesFor(m: Mutant, root: string): Suite[] {
  const [top = '', room = ''] = m.file.split('/')
  if (top === 'contracts') return [...named(m), forge()]
  return [
    ...named(m),
    ...mocha('unit', `test/unit/${room === 'api' ? 'cli' : room}/**/*.test.ts`, 4 * MINUTE, root),
    ...mocha('fuzz', `test/fuzz/${room}/**/*.test.ts`, 4 * MINUTE, root),
    ...(RULES.has(room) ? mocha('game', 'test/unit/game/*.test.ts', 5 * MINUTE, root) : []),
    ...(room === 'protocol' ? mocha('contracts', 'test/contracts/*.test.ts', 5 * MINUTE, root) : []),
    ...(AT_WORK[room] ?? [room]).flatMap(r =>
      mocha('integration', `test/integration/${r}/**/*.test.ts`, 8 * MINUTE, root)
    )
  ]
}

/** What must pass without any bug before a catch means anything: all named files, each once; slow ones apart from the others. */
export function namedSuites(list: readonly Mutant[]): Suite[] {
  const all = list.flatMap(named)
  const files = [...new Set(all.filter(s => s.kind === 'mocha').flatMap(s => s.files))].sort()
  const quick = files.filter(f => /^test\/(unit|fuzz)\//.test(f))
  const one = (some: readonly string[]): Suite[] =>
    some.length === 0 ? [] : [{ name: groupOf(some), kind: 'mocha', files: some, limitMs: 10 * MINUTE }]
  return [
    ...(all.some(s => s.kind === 'forge') ? [forge()] : []),
    ...one(quick),
    ...files.filter(f => !quick.includes(f)).flatMap(f => one([f]))
  ]
}

export const keyOf = (s: Suite): string => `${s.kind} ${s.files.join(' ')}`
