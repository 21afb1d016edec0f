/** Files with mistakes that nobody thought of: a good one, altered one to four times. The same for the same seed. */
import { readFileSync } from 'node:fs'
import { GOOD } from './job-files.ts'
import { GOOD_CONFIG } from './config-files.ts'

/** A stream of numbers in [0, n) from a 32-bit seed (mulberry32). */
export function dice(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
  }
}

type Dice = (n: number) => number

/** What people, editors and other languages leave in a YAML file. */
const PIECES =
  `* & ! | > % @ \` { } [ ] : , # - ? --- ... " ' \\ ~ null true yes 0x1F 0o7 1e999 .nan .inf -0 2001-01-01 __proto__: <<: !!binary !!js/function *a &a {{x}} \${X} 128M 1.5 -1 99999999999999999999 SHL none any`
    .split(' ')
    .concat(['\n', '\t', '  ', '\r\n', ' - ', '\u00a0', '\ufeff', '☃', '\ud800', '\0', '“x”'])

const pick = <T>(list: readonly T[], d: Dice): T => list[d(list.length)] as T

const edits: readonly ((text: string, d: Dice) => string)[] = [
  // a piece of something else
  (t, d) => splice(t, d(t.length + 1), d(3) === 0 ? d(6) : 0, pick(PIECES, d)),
  // some characters lost
  (t, d) => splice(t, d(t.length + 1), 1 + d(12), ''),
  // two letters swapped: the commonest typo
  (t, d) => {
    const i = d(Math.max(1, t.length - 1))
    return splice(t, i, 2, (t[i + 1] ?? '') + (t[i] ?? ''))
  },
  // a line lost, doubled, moved, indented otherwise
  (t, d) => lines(t, d, list => [...list.slice(0, d(list.length)), ...list.slice(d(list.length))]),
  (t, d) => lines(t, d, list => list.flatMap(l => (d(list.length) === 0 ? [l, l] : [l]))),
  (t, d) => lines(t, d, list => list.sort(() => d(3) - 1)),
  (t, d) => lines(t, d, list => list.map(l => (d(list.length) === 0 ? ' '.repeat(1 + d(4)) + l : l))),
  // another value
  (t, d) => {
    const values = [...t.matchAll(/: ?([^,}\n]+)/g)]
    const m = values[d(Math.max(1, values.length))]
    if (m === undefined) return t
    const value = pick(
      ['', ...PIECES, `{ a: ${pick(PIECES, d)} }`, `[${'['.repeat(d(60))}`, 'x'.repeat(d(5_000))],
      d
    )
    return splice(t, (m.index ?? 0) + 2, m[1]?.length ?? 0, value)
  },
  // another key
  (t, d) => {
    const keys = [...t.matchAll(/([a-zA-Z]+):/g)]
    const [a, b] = [keys[d(Math.max(1, keys.length))], keys[d(Math.max(1, keys.length))]]
    return a === undefined || b === undefined ? t : splice(t, a.index ?? 0, a[1]?.length ?? 0, b[1] ?? '')
  },
  // cut off
  (t, d) => t.slice(0, d(t.length + 1)),
  // deep
  (t, d) =>
    splice(t, d(t.length + 1), 0, pick(['[', '{a: ', '- ', '? ', '!a ', '&a '], d).repeat(1 + d(2_000)))
]

function splice(text: string, at: number, remove: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + remove)
}

function lines(text: string, _d: Dice, change: (list: string[]) => string[]): string {
  return change(text.split('\n')).join('\n')
}

export interface Mutant {
  readonly kind: 'job' | 'config'
  readonly text: string
  readonly seed: number
}

const example = (path: string): string =>
  readFileSync(new URL(`../../examples/${path}/job.yaml`, import.meta.url), 'utf8')

/** Two thirds are job files, one third configurations. */
export function mutant(seed: number): Mutant {
  const d = dice(seed)
  const kind = d(3) === 0 ? 'config' : 'job'
  const jobs = [
    GOOD,
    GOOD,
    example('nbody'),
    example('wordcount'),
    '{"name":"a","task":{"module":"a.wasm"},"count":2}'
  ]
  let text = kind === 'config' ? GOOD_CONFIG : pick(jobs, d)
  for (let n = 1 + d(4); n > 0; n--) text = pick(edits, d)(text, d)
  return { kind, text, seed }
}
