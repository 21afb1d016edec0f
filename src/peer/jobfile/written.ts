/**
 * What a person wrote, where a YAML parser would read something else into it. Arguments and variables of a task are text: `007`, `1.10`, `0x1F`
 * and `True` reach it in their own spelling, and so do the keys of mappings (names of inputs). A number that no computer number holds stays
 * the text that it is, so that amounts are exact.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument, visit, type Document, type Scalar } from 'yaml'
import { ShoalError } from '../../protocol/errors.ts'
import type { Tree } from './source.ts'

/** Lists and mappings of a job file whose values are text. */
const TEXTS: readonly (readonly string[])[] = [
  ['task', 'args'],
  ['task', 'env'],
  ['gather', 'args']
]

/** The words by which YAML and JSON say nothing. */
const NOTHING = new Set(['', 'null', 'Null', 'NULL'])

/** Digits without leading and trailing zeros, and the power of ten of the last one; undefined for what is no decimal number. */
function decimal(text: string): string | undefined {
  const match = /^([-+]?)(\d*)(?:\.(\d*))?(?:e([-+]?\d{1,9}))?$/i.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', places = '', power = '0'] = match
  const digits = (whole + places).replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  if (short === '') return '0'
  return `${sign === '-' ? '-' : ''}${short}e${Number(power) - places.length + digits.length - short.length}`
}

/** Whether a number is exactly what was written; `0x1F` and `0o14` are, up to 2^53. Infinities and NaN have no digits to lose. */
export function isExact(written: string, value: number): boolean {
  const digits = decimal(written)
  if (digits === undefined) return Number.isSafeInteger(value) || !Number.isFinite(value)
  return digits === decimal(String(value))
}

/** Makes keys the text that they were written as, and numbers that lost digits too. Call before the document becomes a tree. */
export function keepSpelling(document: Document): void {
  visit(document, {
    Scalar: (key, node) => {
      const { value, source } = node
      if (source === undefined || typeof value === 'string') return
      if (key === 'key' || (typeof value === 'number' && !isExact(source, value))) node.value = source
    }
  })
}

/** A scalar as text; null where nothing is written or the word for it. */
function textOf({ value, source }: Scalar): string | null {
  if (typeof value === 'string' || source === undefined) return value as string
  return value === null && NOTHING.has(source) ? null : source
}

const startsWith = (path: readonly string[], start: readonly string[]): boolean =>
  start.length <= path.length && start.every((key, i) => key === path[i])

function texts(document: Document, node: unknown, value: unknown, path: readonly string[]): unknown {
  const at: unknown = isAlias(node) ? node.resolve(document) : node
  if (TEXTS.some(t => t.length + 1 === path.length && startsWith(path, t)))
    return isScalar(at) ? textOf(at) : value
  if (!TEXTS.some(t => startsWith(t, path) || startsWith(path, t))) return value
  if (isSeq(at) && Array.isArray(value))
    return value.map((item: unknown, i) => texts(document, at.items[i], item, [...path, String(i)]))
  if (!isMap(at) || typeof value !== 'object' || value === null) return value
  const tree = value as Tree
  const own = at.items
    .map(({ key, value: item }) => [isScalar(key) ? String(key.value) : '', item] as const)
    .filter(([key]) => Object.hasOwn(tree, key))
    .map(([key, item]) => [key, texts(document, item, tree[key], [...path, key])] as const)
  return { ...tree, ...Object.fromEntries(own) }
}

/** The tree of a document whose root stands at `path` of a job file, with arguments and variables as they were written. */
export const withTexts = (document: Document, tree: unknown, path: readonly string[] = []): unknown =>
  texts(document, document.contents, tree, path)

/**
 * A flag's value, which is YAML (`3`, `[a, b]`, `5m`), for a dotted key of the job file (`task.args`).
 * @throws USAGE when it is no YAML
 */
export function flagValue(key: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' })
  const [broken] = document.errors
  if (broken !== undefined) throw new ShoalError('USAGE', broken.message, { cause: broken })
  keepSpelling(document)
  try {
    return withTexts(document, document.toJS({ maxAliasCount: 0 }), key.split('.'))
  } catch (cause) {
    throw new ShoalError('USAGE', (cause as Error).message, { cause })
  }
}
