/** YAML or JSON text -> a job, or an error that shows the place: `file:line:col`, the line, a caret, the fix. */
import { isMap, isNode, isPair, LineCounter, parseDocument, visit, type Document } from 'yaml'
import type { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { describeIssue, worst } from './issues.ts'
import { jobFileSchema, type JobFile } from './schema.ts'

/** Larger job files are refused: ours are a screenful. */
export const JOB_FILE_MAX = 256 * 1024

interface Place {
  readonly line: number
  readonly col: number
}

function fail(path: string, text: string, place: Place, message: string): never {
  const line = (text.split('\n')[place.line - 1] ?? '').replace(/\t/g, ' ').slice(0, 200)
  const where = `${path}:${place.line}:${place.col}`
  throw new ShoalError(
    'JOB_FILE_INVALID',
    `${where} ${message}\n  ${line}\n  ${' '.repeat(Math.max(0, place.col - 1))}^`,
    {
      data: { path, line: place.line, col: place.col },
      next: `Edit ${path} at line ${place.line}, then check it with: shoal validate ${path}`
    }
  )
}

/** The offset of the node at a path, or of the nearest parent that exists; of a key when `key` is given. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  if (key !== undefined) {
    const parent = path.length === 0 ? document.contents : document.getIn(path, true)
    const pair = isMap(parent)
      ? parent.items.find(i => isPair(i) && isNode(i.key) && String(i.key) === key)
      : undefined
    if (pair !== undefined && isNode(pair.key) && pair.key.range != null) return pair.key.range[0]
  }
  for (let n = path.length; n > 0; n--) {
    const node = document.getIn(path.slice(0, n), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return isNode(document.contents) && document.contents.range != null ? document.contents.range[0] : 0
}

type Tree = { [key: string]: unknown }

function set(tree: Tree, dotted: string, value: unknown): void {
  if (dotted === 'inputs') {
    // paths under /in contain dots: inputs are merged as a whole
    tree['inputs'] = { ...(tree['inputs'] as Tree | undefined), ...(value as Tree) }
    return
  }
  const keys = dotted.split('.')
  let at = tree
  for (const key of keys.slice(0, -1)) {
    if (!Object.hasOwn(at, key) || typeof at[key] !== 'object' || at[key] === null) at[key] = {}
    at = at[key] as Tree
  }
  at[keys.at(-1) ?? ''] = value
}

/**
 * Checks a job file. `overrides` are flags as dotted keys (`price.max`); they win over the file.
 * @throws JOB_FILE_INVALID
 */
export function parseJobFile(
  text: string,
  path: string,
  overrides: Readonly<Record<string, unknown>> = {}
): JobFile {
  if (text.length > JOB_FILE_MAX)
    throw new ShoalError('JOB_FILE_INVALID', `${path} is larger than ${JOB_FILE_MAX} characters`, {
      next: 'Put data into input files.'
    })
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, logLevel: 'error' })
  const broken = document.errors[0]
  if (broken !== undefined)
    fail(
      path,
      text,
      lines.linePos(broken.pos[0]),
      (broken.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')
    )
  let tree: unknown
  try {
    tree = document.toJS({ maxAliasCount: 16 })
  } catch (e) {
    fail(path, text, lines.linePos(unresolvedAlias(document)), (e as Error).message)
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    fail(path, text, { line: 1, col: 1 }, 'a job file is a mapping of keys; it begins with a name and a task')
  }
  for (const [key, value] of Object.entries(overrides)) set(tree as Tree, key, value)
  const result = jobFileSchema.safeParse(tree, { reportInput: true })
  if (result.success) return checked(result.data, path, text, document, lines)
  const issue = worst(result.error.issues)
  const flag = Object.keys(overrides).find(k => k === issue?.path.join('.'))
  if (flag !== undefined)
    throw new ShoalError('USAGE', describeIssue(issue, jobFileSchema), {
      next: `Correct the flag that sets ${flag}.`
    })
  const place = lines.linePos(offsetOf(document, parentOf(issue), keyOf(issue)))
  return fail(path, text, place, describeIssue(issue, jobFileSchema))
}

type Issue = z.core.$ZodIssue | undefined

/** The key that an issue is about, where it is not about a value. */
const keyOf = (issue: Issue): string | undefined =>
  issue?.code === 'unrecognized_keys'
    ? issue.keys[0]
    : issue?.code === 'invalid_key'
      ? String(issue.path.at(-1))
      : undefined

const parentOf = (issue: Issue): readonly PropertyKey[] =>
  (issue?.code === 'invalid_key' ? issue.path.slice(0, -1) : issue?.path) ?? []

/** Where an alias without an anchor stands, or the beginning. */
function unresolvedAlias(document: Document): number {
  let offset = 0
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) !== undefined) return undefined
      offset = node.range?.[0] ?? 0
      return visit.BREAK
    }
  })
  return offset
}

/** What one field alone cannot tell. */
function checked(job: JobFile, path: string, text: string, document: Document, lines: LineCounter): JobFile {
  const at = (keys: string[]): Place => lines.linePos(offsetOf(document, keys))
  if (job.split !== undefined && !Object.hasOwn(job.inputs, job.split.input)) {
    fail(
      path,
      text,
      at(['split', 'input']),
      `split.input: no input '${job.split.input}'; inputs are: ${Object.keys(job.inputs).join(', ') || 'none'}`
    )
  }
  if (job.limits.wall >= job.deadline)
    fail(path, text, at(['deadline']), 'deadline: must be longer than limits.wall')
  return job
}
