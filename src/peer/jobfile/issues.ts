/** zod issues in words a person can act on: the path, what is wrong, the nearest known key. */
import type { z } from 'zod'

/** Levenshtein distance, for keys of a few dozen characters. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      )
    }
  }
  return row[b.length] ?? 0
}

/** A key that begins like a known one was meant to be it, however it ends: `maximum` is `max`. Characters. */
const START = 3

/** The known key closest to a wrong one, if any is close enough to have been meant. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const rows = known
    .map(k => ({ k, d: editDistance(key.toLowerCase(), k.toLowerCase()) }))
    .sort((x, y) => x.d - y.d)
  const best = rows[0]
  if (best !== undefined && best.d <= Math.max(2, Math.floor(key.length / 2))) return best.k
  const start = key.toLowerCase().slice(0, START)
  return start.length < START ? undefined : known.find(k => k.toLowerCase().startsWith(start))
}

type Shape = {
  shape?: Record<string, Shape>
  def?: { type?: string; innerType?: Shape; in?: Shape; options?: Shape[]; valueType?: Shape }
}

/** Looks through optional, default, pipe and union wrappers. */
function unwrap(shape: Shape | undefined): Shape | undefined {
  let at = shape
  while (at !== undefined && at.shape === undefined) {
    const inner: Shape | undefined =
      at.def?.innerType ?? at.def?.in ?? at.def?.options?.find(o => o.shape !== undefined)
    if (inner === undefined) break
    at = inner
  }
  return at
}

function shapeAt(schema: z.ZodType, path: readonly PropertyKey[]): Shape | undefined {
  let at = unwrap(schema)
  for (const key of path) at = unwrap(at?.shape?.[String(key)] ?? at?.def?.valueType)
  return at
}

/** Keys that the schema knows at a path. */
export const keysAt = (schema: z.ZodType, path: readonly PropertyKey[]): string[] =>
  Object.keys(shapeAt(schema, path)?.shape ?? {})

/** What the schema takes at a path, in zod's words: `string`, `number`, `array`, `record`...; undefined where it knows nothing. */
export const leafKind = (schema: z.ZodType, path: readonly PropertyKey[]): string | undefined =>
  shapeAt(schema, path)?.def?.type

type Issue = z.core.$ZodIssue

/** The alternative of a union that was meant: the first whose own type fits. */
function meant(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue
  const ofType = (i: Issue) =>
    i.path.length === 0 && (i.code === 'invalid_type' || i.code === 'invalid_value')
  const inside = worst(issue.errors.find(list => !list.some(ofType)) ?? [])
  return inside === undefined ? issue : { ...inside, path: [...issue.path, ...inside.path] }
}

/** The issue to tell a person first: a misspelt key also leaves the right one missing, so it comes before others. */
export function worst(issues: readonly Issue[]): Issue | undefined {
  const all = issues.map(meant)
  return all.find(i => i.code === 'unrecognized_keys') ?? all[0]
}

/** The parser's kinds in the words of the file. */
const KINDS: Readonly<Record<string, string>> = {
  record: 'mapping',
  object: 'mapping',
  int: 'whole number (int)'
}
const kind = (expected: string): string => KINDS[expected] ?? expected

/** Bounds as a person would say them. */
function bounds(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const small = issue.code === 'too_small'
  const n = String(small ? issue.minimum : issue.maximum)
  if (issue.origin === 'string' && small && n === '1') return 'must not be empty'
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
  return `must ${unit === '' ? 'be' : 'have'} ${issue.inclusive === false ? (small ? 'more than' : 'less than') : small ? 'at least' : 'at most'} ${n}${unit}`
}

/** What a value should have been, from one alternative of a union. */
const wanted = (issue: Issue | undefined): string =>
  issue?.code === 'invalid_type'
    ? kind(issue.expected)
    : issue?.code === 'invalid_value'
      ? issue.values.map(String).join(', ')
      : (issue?.message ?? 'something else')

/** One issue as a sentence: `resources.memory: write a size such as 16GiB`. Needs issues made with `reportInput`. */
export function describeIssue(issue: Issue | undefined, schema: z.ZodType): string {
  if (issue === undefined) return 'invalid'
  const path = issue.path.map(String).join('.')
  const at = path === '' ? '' : `${path}: `
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const known = keysAt(schema, issue.path)
    const near = nearest(key, known)
    const hint = near === undefined ? `known keys: ${known.join(', ')}` : `did you mean '${near}'?`
    return `${at}unknown key '${key}'; ${hint}`
  }
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid'))
    return `${at}expected one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type')
    return `${at}${issue.input === undefined ? 'is missing; ' : ''}expected ${kind(issue.expected)}`
  if (issue.code === 'invalid_union')
    return `${at}expected ${issue.errors.map(list => wanted(list[0])).join(' or ')}`
  if (issue.code === 'too_small' || issue.code === 'too_big') return `${at}${bounds(issue)}`
  if (issue.code === 'invalid_key') return `${at}${issue.issues[0]?.message ?? issue.message}`
  return `${at}${issue.message}`
}
