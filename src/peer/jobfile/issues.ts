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

/** The known key closest to a wrong one, if any is close enough to have been meant. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const rows = known
    .map(k => ({ k, d: editDistance(key.toLowerCase(), k.toLowerCase()) }))
    .sort((x, y) => x.d - y.d)
  const best = rows[0]
  return best !== undefined && best.d <= Math.max(2, Math.floor(key.length / 2)) ? best.k : undefined
}

type Shape = { shape?: Record<string, Shape>; def?: { innerType?: Shape; in?: Shape } }

/** Keys that the schema knows at a path, looking through optional, default and pipe wrappers. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const unwrap = (s: Shape | undefined): Shape | undefined => {
    let at = s
    while (at !== undefined && at.shape === undefined && (at.def?.innerType ?? at.def?.in) !== undefined)
      at = at.def?.innerType ?? at.def?.in
    return at
  }
  let at = unwrap(schema as unknown as Shape)
  for (const key of path) at = unwrap(at?.shape?.[String(key)])
  return Object.keys(at?.shape ?? {})
}

/** One issue as a sentence: `resources.memory: write a size such as 16GiB`. */
export function describeIssue(issue: z.core.$ZodIssue | undefined, schema: z.ZodType): string {
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
  if (issue.code === 'invalid_value') return `${at}expected one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_type')
    return `${at}${issue.input === undefined ? 'is missing' : ''}${issue.input === undefined ? '; ' : ''}expected ${issue.expected}`
  return `${at}${issue.message}`
}
