/** `gpu:24GB..80GB price<0.5 region=eu`: which offers to show. Terms are joined by spaces and must all hold. */
import { ShoalError } from '../../protocol/errors.ts'
import { parseAmount } from '../../protocol/money.ts'
import { parseSize } from '../../protocol/units.ts'
import { nearest } from '../../peer/jobfile/issues.ts'
import type { Advert } from './advert.ts'

type Number_ = { readonly kind: 'number'; read(a: Advert): bigint; parse(text: string): bigint }
type Text = { readonly kind: 'text'; read(a: Advert): readonly string[] }
type Field = Number_ | Text

const size = (read: (a: Advert) => number): Number_ => ({
  kind: 'number',
  read: a => BigInt(read(a)),
  parse: text => BigInt(parseSize(text))
})
const whole = (text: string): bigint => {
  if (!/^\d{1,18}$/.test(text)) throw new ShoalError('USAGE', 'write a whole number')
  return BigInt(text)
}
const count = (read: (a: Advert) => bigint): Number_ => ({ kind: 'number', read, parse: whole })
const text = (read: (a: Advert) => readonly string[]): Text => ({ kind: 'text', read })

const fastest = (a: Advert): bigint =>
  a.engines.reduce((best, e) => (BigInt(e.speed) > best ? BigInt(e.speed) : best), 0n)

/** What can be asked about. `price` is the ask per 10^9 gas, `speed` is in million gas a second, `slots` are the free ones. */
export const fields: Readonly<Record<string, Field>> = {
  price: { kind: 'number', read: a => parseAmount(a.ask), parse: parseAmount },
  memory: size(a => a.memoryBytes),
  disk: size(a => a.diskBytes),
  /** Memory of the largest GPU; 0 without one. */
  gpu: size(a => Math.max(0, ...a.gpus.map(g => g.memoryBytes))),
  slots: count(a => BigInt(a.slotsFree)),
  speed: count(a => fastest(a) / 1_000_000n),
  region: text(a => [a.region]),
  class: text(a => [a.class]),
  energy: text(a => [a.energy]),
  engine: text(a => a.engines.map(e => e.id)),
  isolation: text(a => a.engines.map(e => e.isolation)),
  /** `sha256:...`, and `upload` where images that come with a job are taken. */
  image: text(a => [...(a.containers?.images ?? []), ...(a.containers?.uploads === true ? ['upload'] : [])]),
  operator: text(a => [a.operator]),
  peer: text(a => [a.peer])
}

export type Filter = (a: Advert) => boolean

const compare: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b
}

/** `24GB..80GB`, `24GB..`, `..80GB`, or one value, which must be equal. Both ends belong to it. */
function range(field: Number_, value: string): Filter {
  const at = value.indexOf('..')
  if (at < 0) {
    const exact = field.parse(value)
    return a => field.read(a) === exact
  }
  const [from, to] = [value.slice(0, at), value.slice(at + 2)]
  if (from === '' && to === '')
    throw new ShoalError('USAGE', 'write a range such as 24GB..80GB, 24GB.. or ..80GB')
  const low = from === '' ? undefined : field.parse(from)
  const high = to === '' ? undefined : field.parse(to)
  return a => (low === undefined || field.read(a) >= low) && (high === undefined || field.read(a) <= high)
}

function textTerm(field: Text, operator: string, value: string): Filter {
  if (operator !== '=' && operator !== '!=' && operator !== ':')
    throw new ShoalError('USAGE', `text is compared with = or !=, not ${operator}`)
  // commas offer a choice: region=eu,us
  const wanted = value.toLowerCase().split(',')
  const is: Filter = a => field.read(a).some(v => wanted.includes(v.toLowerCase()))
  return operator === '!=' ? a => !is(a) : is
}

function term(word: string): Filter {
  const m = /^([a-z]+)(<=|>=|!=|=|<|>|:)(.+)$/i.exec(word)
  if (m === null) throw new ShoalError('USAGE', 'write KEY=VALUE, KEY<VALUE or KEY:FROM..TO')
  const [, key = '', operator = '', value = ''] = m
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  if (field === undefined) {
    const near = nearest(key, Object.keys(fields))
    const hint =
      near === undefined ? `known keys: ${Object.keys(fields).join(', ')}` : `did you mean '${near}'?`
    throw new ShoalError('USAGE', `unknown key '${key}'; ${hint}`)
  }
  if (field.kind === 'text') return textTerm(field, operator, value)
  if (operator === ':') return range(field, value)
  const wanted = field.parse(value)
  const holds = compare[operator]
  return a => holds?.(field.read(a), wanted) === true
}

/** USAGE shows the term with a caret. An empty filter lets all through. */
export function parseFilter(source: string): Filter {
  const terms = [...source.matchAll(/\S+/g)].map(m => {
    try {
      return term(m[0])
    } catch (e) {
      const caret = `  ${source}\n  ${' '.repeat(m.index)}^`
      throw new ShoalError('USAGE', `filter:1:${m.index + 1} ${m[0]}: ${(e as Error).message}\n${caret}`, {
        next: "Example: shoal offers 'memory:1GiB.. price<0.5 region=eu'"
      })
    }
  })
  return a => terms.every(holds => holds(a))
}
