/** What becomes of one field in the mouth of a liar. */
import type { Path } from './fields.ts'

export const manners = [
  ...(['zero', 'one', 'largest', 'tenth', 'triple'] as const),
  ...(['other', 'stale', 'swapped', 'missing', 'present'] as const)
] as const
export type Manner = (typeof manners)[number]

const UINT128 = (1n << 128n) - 1n
const LARGEST = 0xffffffff

const isHex = (v: unknown): v is string => typeof v === 'string' && /^0x[0-9a-fA-F]+$/.test(v)
/** Values of one form can stand in each other's place. */
export function formOf(v: unknown): string {
  if (isHex(v)) return `hex${v.length}`
  if (v instanceof Uint8Array) return `bytes${v.length}`
  if (Array.isArray(v)) return 'list'
  if (v !== null && typeof v === 'object') return 'record'
  if (typeof v === 'string')
    return v.startsWith('12D3KooW') ? 'peer' : /^b[a-z2-7]{20,}$/.test(v) ? 'cid' : 'text'
  return typeof v
}

/** The like of a value at one end of its kind, or a likely amount that is not it; undefined where there is none. */
function extreme(v: unknown, manner: 'zero' | 'one' | 'largest' | 'tenth' | 'triple'): unknown {
  if (typeof v === 'bigint')
    return { zero: 0n, one: 1n, largest: UINT128, tenth: v / 10n, triple: v * 3n }[manner]
  if (typeof v === 'number')
    return { zero: 0, one: 1, largest: LARGEST, tenth: Math.floor(v / 10), triple: v * 3 }[manner]
  if (manner === 'tenth' || manner === 'triple') return undefined
  if (typeof v === 'boolean') return manner === 'zero' ? false : true
  if (isHex(v)) {
    const digits = v.length - 2
    if (manner === 'zero') return `0x${'0'.repeat(digits)}`
    return manner === 'one' ? `0x${'0'.repeat(digits - 1)}1` : `0x${'f'.repeat(digits)}`
  }
  if (v instanceof Uint8Array)
    return new Uint8Array(v.length).fill(manner === 'zero' ? 0 : manner === 'one' ? 1 : 255)
  if (Array.isArray(v))
    return manner === 'zero'
      ? []
      : manner === 'largest'
        ? [...(v as unknown[]), ...(v as unknown[])]
        : undefined
  if (typeof v === 'string')
    return manner === 'zero' ? '' : manner === 'largest' ? 'x'.repeat(200) : undefined
  return undefined
}

/** What a liar knows beside the truth. */
export interface Memory {
  /** A value of this form that somebody else has used. */
  other(form: string, not: unknown): unknown
  /** What stood here before. */
  before(key: string): unknown
  remember(key: string, value: unknown): void
}

export interface Change {
  readonly path: Path
  readonly manner: Manner
  readonly example: unknown
}

const clone = <T>(v: T): T => structuredClone(v)
const keyOf = (v: unknown): string =>
  JSON.stringify(v, (_, x: unknown) =>
    typeof x === 'bigint' ? `${x}n` : x instanceof Uint8Array ? Buffer.from(x).toString('hex') : x
  )
export const equal = (a: unknown, b: unknown): boolean => a === b || keyOf(a) === keyOf(b)

type Box = Record<string, unknown>

/** Another field of the same form in the same record. */
function sibling(box: Box, key: string): string | undefined {
  const form = formOf(box[key])
  return Object.keys(box).find(k => k !== key && formOf(box[k]) === form && !equal(box[k], box[key]))
}

function replace(box: Box, key: string, c: Change, memory: Memory, where: string): void {
  const value = box[key]
  const there = key in box && value !== undefined
  if (c.manner === 'present') {
    if (!there) box[key] = clone(c.example)
    return
  }
  if (!there) return
  if (c.manner === 'missing') {
    delete box[key]
    return
  }
  if (c.manner === 'swapped') {
    const other = sibling(box, key)
    if (other === undefined) return
    const [a, b] = [box[key], box[other]]
    box[key] = b
    box[other] = a
    return
  }
  const next =
    c.manner === 'other'
      ? memory.other(formOf(value), value)
      : c.manner === 'stale'
        ? memory.before(where)
        : extreme(value, c.manner)
  memory.remember(where, value)
  if (next !== undefined) box[key] = clone(next)
}

function descend(at: unknown, path: Path, c: Change, memory: Memory, where: string): void {
  const [key, ...rest] = path
  if (key === undefined || at === null || typeof at !== 'object') return
  if (key.startsWith('?')) {
    const [name = '', literal] = key.slice(1).split('=')
    if (literal !== undefined && (at as Box)[name] !== literal) return
    return descend(at, rest, c, memory, where)
  }
  if (key === '*') {
    if (!Array.isArray(at)) return
    const list = at as unknown[]
    if (rest.length === 0)
      return list.forEach((_, i) => replace(list as unknown as Box, String(i), c, memory, where))
    return list.forEach(item => descend(item, rest, c, memory, where))
  }
  if (rest.length === 0) return replace(at as Box, key, c, memory, where)
  descend((at as Box)[key], rest, c, memory, where)
}

/** A changed copy; the same value when the lie has no place in it. */
export function changed<T>(value: T, c: Change, memory: Memory, channel: string): T {
  const copy = clone(value)
  descend(copy, c.path, c, memory, `${channel}/${c.path.join('.')}`)
  return equal(copy, value) ? value : copy
}
