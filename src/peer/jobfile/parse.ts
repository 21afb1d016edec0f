/** YAML or JSON text -> a job, or an error that shows the place: `file:line:col`, the line, a caret, the fix. */
import type { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import { ARGUMENT_BYTES_MAX, argumentBytes } from '../../protocol/task-limits.ts'
import { formatDuration } from '../../protocol/units.ts'
import { engineProblem } from './engines.ts'
import { describeIssue, worst } from './issues.ts'
import { jobFileSchema, type JobFile } from './schema.ts'
import { readSource, type Source, type Tree } from './source.ts'
import { withTexts } from './written.ts'

type Overrides = Readonly<Record<string, unknown>>

function set(tree: Tree, dotted: string, value: unknown): void {
  if (dotted === 'inputs' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // paths under /in contain dots: inputs are merged as a whole
    const old = tree['inputs']
    tree['inputs'] = { ...(typeof old === 'object' && !Array.isArray(old) ? old : {}), ...value }
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

/** What is wrong, and where: dotted paths in the tree, the first of them to be shown. */
export interface Problem {
  readonly message: string
  readonly paths: readonly (readonly string[])[]
  /** The last part of the first path is a key that should not be there, or not like this. */
  readonly key?: string
}

type Issue = z.core.$ZodIssue | undefined

function problemOf(issue: Issue): Problem {
  const path = (issue?.path ?? []).map(String)
  const message = describeIssue(issue, jobFileSchema)
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    return { message, paths: [[...path, key]], key }
  }
  return { message, paths: [path], key: issue?.code === 'invalid_key' ? path.at(-1) : undefined }
}

/** Arguments and variables together are too long for the record that carries them. */
function argumentProblem({ task, gather }: JobFile): Problem | undefined {
  const rows = [
    ['task', task.args] as const,
    ['gather', typeof gather === 'object' ? gather.args : []] as const
  ]
  for (const [key, args] of rows) {
    const size = argumentBytes(args, task.env)
    if (size > ARGUMENT_BYTES_MAX)
      return {
        message: `${key}.args: with task.env ${size} bytes, at most ${ARGUMENT_BYTES_MAX}; put long texts into an input file`,
        paths: [[key, 'args'], ['task', 'env'], ['task']]
      }
  }
  return undefined
}

/** What one field alone cannot tell. */
function conflictIn(job: JobFile): Problem | undefined {
  if (job.split !== undefined && !Object.hasOwn(job.inputs, job.split.input)) {
    const inputs = Object.keys(job.inputs).join(', ') || 'none'
    return {
      message: `split.input: no input '${job.split.input}'; inputs are: ${inputs}`,
      paths: [['split', 'input'], ['inputs']]
    }
  }
  const long = argumentProblem(job)
  if (long !== undefined) return long
  const engine = engineProblem(job)
  if (engine !== undefined) return engine
  if (job.limits.wall < job.deadline) return undefined
  const [deadline, wall] = [formatDuration(job.deadline), formatDuration(job.limits.wall)]
  return {
    message: `deadline: must be longer than limits.wall, but ${deadline} is not longer than ${wall}`,
    paths: [['deadline'], ['limits', 'wall']]
  }
}

type Checked = { readonly job: JobFile } | { readonly problem: Problem }

function check(tree: Tree): Checked {
  const result = jobFileSchema.safeParse(tree, { reportInput: true })
  if (!result.success) return { problem: problemOf(worst(result.error.issues)) }
  const problem = conflictIn(result.data)
  return problem === undefined ? { job: result.data } : { problem }
}

/** Keys that a flag's name and a path have in common, from the left. An input's name may contain dots. */
function shared(flag: string, path: readonly string[]): number {
  const keys = flag.split('.')
  const different = keys.findIndex((key, i) => key !== path[i])
  return different < 0 ? keys.length : different
}

/** The flag that is nearest to one of the paths. */
function nearestFlag(overrides: Overrides, paths: Problem['paths']): string {
  const near = (flag: string) => Math.max(...paths.map(p => shared(flag, p)))
  return Object.keys(overrides).reduce((best, flag) => (near(flag) > near(best) ? flag : best))
}

/** A flag that set exactly the value which is wrong, or the whole that contains it. */
function flagOf(overrides: Overrides, { paths }: Problem): string | undefined {
  const [path = []] = paths
  return Object.keys(overrides).find(flag => {
    if (shared(flag, path) < flag.split('.').length) return false
    return flag !== 'inputs' || path.length === 1 || Object.hasOwn(overrides[flag] ?? {}, path[1] ?? '')
  })
}

function failFlag(flag: string, message: string): never {
  throw new ShoalError('USAGE', message, {
    data: { flag },
    next:
      flag === 'inputs'
        ? 'Correct --input: NAME=FILE, such as --input text.txt=book.txt'
        : `Correct the flag that sets ${flag}.`
  })
}

function failFile(source: Source, { message, paths, key }: Problem): never {
  const path = paths.find(p => source.has(p)) ?? paths[0] ?? []
  return source.fail(source.place(key === undefined ? path : path.slice(0, -1), key), message)
}

/**
 * Checks a job file. `overrides` are flags as dotted keys (`price.max`); they win over the file. A conflict that only a flag
 * brings about is the flag's mistake: no line of the file is shown for it.
 * @throws JOB_FILE_INVALID for a mistake in the file, USAGE for one in a flag
 */
export function parseJobFile(text: string, path: string, overrides: Overrides = {}): JobFile {
  const source = readSource(text, {
    path,
    code: 'JOB_FILE_INVALID',
    expected: 'a job file is a mapping of keys; it begins with a name and a task',
    next: line => `Edit ${path} at line ${line}, then check it with: shoal validate ${path}`,
    shape: withTexts
  })
  const alone = check(source.tree)
  const flags = Object.entries(overrides)
  for (const [key, value] of flags) set(source.tree, key, value)
  const both = flags.length === 0 ? alone : check(source.tree)
  if ('job' in both) return both.job
  const flag = flagOf(overrides, both.problem)
  if (flag !== undefined) return failFlag(flag, both.problem.message)
  if ('problem' in alone) return failFile(source, alone.problem)
  return failFlag(nearestFlag(overrides, both.problem.paths), both.problem.message)
}
