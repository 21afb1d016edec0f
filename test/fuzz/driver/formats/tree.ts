/** Values as trees (CBOR maps, JSON objects): one node is changed, all else stays as it was. */
import type { Rng } from '../rng.ts'

export type Tree =
  null | boolean | number | bigint | string | Uint8Array | readonly Tree[] | { readonly [key: string]: Tree }

const isList = (v: Tree): v is readonly Tree[] => Array.isArray(v)
const isMap = (v: Tree): v is { readonly [key: string]: Tree } =>
  v !== null && typeof v === 'object' && !Array.isArray(v) && !(v instanceof Uint8Array)

const NUMBERS = [
  0,
  1,
  -1,
  2,
  255,
  256,
  10_000,
  10_001,
  65_535,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  1.5,
  1e300
] as const
const TEXTS = [
  '',
  '0',
  '-1',
  '00',
  '1e3',
  '340282366920938463463374607431768211455',
  '340282366920938463463374607431768211456',
  '9'.repeat(60),
  '0x',
  '0x' + '0'.repeat(64),
  '0x' + 'F'.repeat(64),
  '__proto__',
  'constructor',
  'a'.repeat(257),
  '\0',
  '/',
  '../x',
  '\u{1f41f}',
  'é'
] as const

function deep(levels: number): Tree {
  let v: Tree = []
  for (let i = 0; i < levels; i++) v = [v]
  return v
}

/** A value of some other kind. */
function strange(rng: Rng): Tree {
  switch (rng.below(9)) {
    case 0:
      return null
    case 1:
      return rng.once(2)
    case 2:
      return rng.pick(NUMBERS)
    case 3:
      return rng.pick(TEXTS)
    case 4:
      return new Uint8Array(rng.pick([0, 1, 31, 32, 33, 63, 64, 65, 300]))
    case 5:
      return []
    case 6:
      return {}
    case 7:
      return deep(rng.pick([1, 3, 11, 12, 13, 40]))
    default:
      return rng.next() >>> rng.below(31)
  }
}

function leaf(v: Tree, rng: Rng): Tree {
  if (typeof v === 'number') return rng.once(2) ? v + (rng.once(2) ? 1 : -1) : rng.pick(NUMBERS)
  if (typeof v === 'bigint') return v + (rng.once(2) ? 1n : -1n)
  if (typeof v === 'boolean') return !v
  if (typeof v === 'string') return text(v, rng)
  if (v instanceof Uint8Array) return bytes(v, rng)
  return strange(rng)
}

function text(v: string, rng: Rng): string {
  const at = rng.below(v.length + 1)
  switch (rng.below(6)) {
    case 0:
      return v.slice(0, at)
    case 1:
      return v + v.slice(at)
    case 2:
      return v.slice(0, at) + String.fromCharCode(rng.below(128)) + v.slice(at + 1)
    case 3:
      return v.toUpperCase()
    case 4:
      return v.slice(0, at) + rng.pick(TEXTS) + v.slice(at)
    default:
      return rng.pick(TEXTS)
  }
}

function bytes(v: Uint8Array, rng: Rng): Uint8Array {
  if (rng.once(3)) return v.subarray(0, rng.below(v.length + 1))
  if (rng.once(3)) return new Uint8Array(v.length + 1 + rng.below(300))
  const copy = v.slice()
  if (copy.length > 0) copy[rng.below(copy.length)] = rng.next() & 255
  return copy
}

/** The list with one element gone, twice, from elsewhere, or the list many times longer. */
function list(v: readonly Tree[], rng: Rng, other: Tree): Tree {
  const at = rng.below(v.length + 1)
  switch (rng.below(5)) {
    case 0:
      return v.filter((_, i) => i !== at)
    case 1:
      return [...v.slice(0, at), v[at] ?? strange(rng), ...v.slice(at)]
    case 2:
      return [...v.slice(0, at), other, ...v.slice(at + 1)]
    case 3:
      return Array.from({ length: rng.pick([17, 33, 65, 129]) }, () => v[0] ?? null)
    default:
      return [...v].reverse()
  }
}

/** The map with one key gone, renamed, twice, or a value from elsewhere. */
function map(v: { readonly [key: string]: Tree }, rng: Rng, other: Tree): Tree {
  const keys = Object.keys(v)
  const key = keys.length === 0 ? 'a' : rng.pick(keys)
  const entries = Object.entries(v)
  switch (rng.below(6)) {
    case 0:
      return Object.fromEntries(entries.filter(([k]) => k !== key))
    case 1:
      return Object.fromEntries(entries.map(([k, x]) => [k === key ? k + 'x' : k, x]))
    case 2:
      return { ...v, [rng.pick(TEXTS)]: v[key] ?? null }
    case 3:
      return { ...v, [key]: other }
    case 4:
      return { ...v, [key]: v[rng.pick(keys.length === 0 ? ['a'] : keys)] ?? null }
    default:
      return { ...v, [key]: strange(rng) }
  }
}

/** Any node below a tree. */
export function anyNode(v: Tree, rng: Rng): Tree {
  let at = v
  for (let i = rng.below(5); i > 0; i--) {
    const below: readonly Tree[] = isList(at) ? at : isMap(at) ? Object.values(at) : []
    if (below.length === 0) return at
    at = rng.pick(below)
  }
  return at
}

/** A tree that differs in one place; `other`: where a piece may come from. */
export function mutateTree(v: Tree, rng: Rng, other: Tree): Tree {
  const here = rng.once(4)
  if (isList(v)) {
    if (here || v.length === 0) return list(v, rng, anyNode(other, rng))
    const at = rng.below(v.length)
    return v.map((x, i) => (i === at ? mutateTree(x, rng, other) : x))
  }
  if (isMap(v)) {
    const keys = Object.keys(v)
    if (here || keys.length === 0) return map(v, rng, anyNode(other, rng))
    const key = rng.pick(keys)
    return { ...v, [key]: mutateTree(v[key] ?? null, rng, other) }
  }
  return rng.once(4) ? strange(rng) : leaf(v, rng)
}
