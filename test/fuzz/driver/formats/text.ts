/** Text formats: JSON as trees, YAML by lines and marks, expressions by words. */
import type { Format } from '../target.ts'
import type { Rng } from '../rng.ts'
import { mutateTree, type Tree } from './tree.ts'

const utf8 = new TextEncoder()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Bytes have no place in JSON: as text. */
const plain = (_: string, v: unknown): unknown =>
  typeof v === 'bigint' ? v.toString() : v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v

const NOT_QUITE = [
  '{',
  '[',
  '"',
  'nul',
  '1e999',
  '{"a":1,"a":2}',
  '\ufeff{}',
  '[1,]',
  '"\\ud800"',
  '{"__proto__":{"x":1}}',
  '-0'
]

export const json: Format = {
  name: 'json',
  prepare: seeds => {
    const trees = seeds.map(s => JSON.parse(text(s)) as Tree)
    return rng => {
      const tree = mutateTree(rng.pick(trees), rng, rng.pick(trees))
      const said = JSON.stringify(tree, plain) ?? 'null'
      if (!rng.once(12)) return utf8.encode(said)
      const at = rng.below(said.length)
      return utf8.encode(said.slice(0, at) + rng.pick(NOT_QUITE) + said.slice(at + rng.below(3)))
    }
  }
}

const MARKS = [
  '*a',
  '&a ',
  '!!binary ',
  '!!js/function ',
  '!x ',
  '| ',
  '>-\n',
  '? ',
  '- ',
  ': ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '#',
  '"',
  "'",
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '<<: *a',
  '\t',
  '  ',
  '\n',
  '\0',
  '\u0085',
  '\ufeff',
  '__proto__: ',
  '1e999',
  '.nan',
  '-0',
  '0o7',
  '0x1f',
  '~',
  'null',
  'true',
  'yes',
  '1_000',
  '2001-01-01',
  '\\',
  '☃'
]
const VALUES = [
  '""',
  '0',
  '-1',
  '1e9',
  '20e9',
  '1.5',
  '10m',
  '0s',
  '1 GiB',
  '999999999999999999999',
  '[]',
  '{}',
  'null',
  '../x',
  '/etc',
  'a'.repeat(300)
]

const indentOf = (line: string): number => line.length - line.trimStart().length

/** One line changed as a whole: gone, twice, elsewhere, deeper, with another value. */
function line(lines: string[], rng: Rng): void {
  const at = rng.below(lines.length)
  const own = lines[at] ?? ''
  switch (rng.below(7)) {
    case 0:
      lines.splice(at, 1)
      break
    case 1:
      lines.splice(at, 0, own)
      break
    case 2:
      lines.splice(rng.below(lines.length), 0, ...lines.splice(at, 1))
      break
    case 3:
      lines[at] = ' '.repeat(rng.below(8)) + own.trimStart()
      break
    case 4:
      lines[at] = own.replace(/:.*$/, `: ${rng.pick(VALUES)}`)
      break
    case 5:
      lines[at] = own.replace(/[a-z]+(?=:)/i, k => k + rng.pick(['x', 's', '']))
      break
    default:
      lines.splice(
        at + 1,
        0,
        ' '.repeat(indentOf(own) + 2) + `${rng.pick(['a', 'name', 'max'])}: ${rng.pick(VALUES)}`
      )
  }
}

export const yaml: Format = {
  name: 'yaml',
  prepare: seeds => {
    const sources = seeds.map(text)
    return rng => {
      const lines = rng.pick(sources).split('\n')
      for (let n = 1 + rng.below(3); n > 0; n--) line(lines, rng)
      let said = lines.join('\n')
      if (rng.once(2)) {
        const at = rng.below(said.length)
        said = said.slice(0, at) + rng.pick(MARKS) + said.slice(at + rng.below(4))
      }
      return utf8.encode(said)
    }
  }
}

/** Words and numbers in any order: for flags, filters, units. */
export const words: Format = {
  name: 'words',
  prepare: seeds => {
    const parts = seeds.flatMap(s => text(s).split(/(?<=[^\w.])|(?=[^\w.])/))
    return rng => {
      const own = text(rng.pick(seeds)).split(/(?<=[^\w.])|(?=[^\w.])/)
      for (let n = 1 + rng.below(3); n > 0; n--)
        own.splice(rng.below(own.length + 1), rng.below(2), rng.once(3) ? rng.pick(VALUES) : rng.pick(parts))
      return utf8.encode(own.join(''))
    }
  }
}
