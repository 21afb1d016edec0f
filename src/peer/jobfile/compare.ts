/** `verify.compare`: how results of a job are compared. One mapping in the file; which of its keys count depends on `by`. */
import { z } from 'zod'
import { defaultRule, RULES, ruleProblem } from '../../executor/compare/defaults.ts'
import { COMPARE_MAX, type CompareRule } from '../../protocol/records/compare.ts'
import type { Problem } from './parse.ts'
import type { JobFile } from './schema.ts'

const { absolute, relative, step, difference, share } = COMPARE_MAX

export const compareSchema = z.strictObject({
  by: z.enum(['bytes', 'tolerance', 'quantised', 'pixels']),
  /** Largest difference of two numbers, whatever they are. */
  absolute: z.number().min(0).max(absolute).optional(),
  /** Further difference as a share of the smaller number. */
  relative: z.number().min(0).max(relative).optional(),
  /** Numbers are rounded to multiples of this first. */
  step: z.number().min(step.min).max(step.max).optional(),
  /** Largest difference of a channel, of 255. */
  difference: z.number().int().min(0).max(difference).optional(),
  /** Share of a picture's pixels that may differ by more. */
  share: z.number().min(0).max(share).optional()
})
export type CompareKeys = z.output<typeof compareSchema>

const KEYS = {
  bytes: [],
  tolerance: ['absolute', 'relative'],
  quantised: ['step'],
  pixels: ['difference', 'share']
} as const satisfies Record<CompareKeys['by'], readonly (keyof CompareKeys)[]>

/** The rule of a job, with what it leaves out; undefined: by bytes. */
export function compareRuleOf({ task, verify }: Pick<JobFile, 'task' | 'verify'>): CompareRule | undefined {
  const given = verify.compare
  if (given === undefined) return defaultRule(task.engine)
  const { by, absolute, relative, step, difference, share } = given
  if (by === 'tolerance')
    return {
      by,
      absolute: absolute ?? RULES.tolerance.absolute,
      relative: relative ?? RULES.tolerance.relative
    }
  if (by === 'quantised') return { by, step: step ?? RULES.quantised.step }
  if (by === 'bytes') return undefined
  return { by, difference: difference ?? RULES.pixels.difference, share: share ?? RULES.pixels.share }
}

/** The first thing in `verify.compare` that makes no sense. ARGS_INVALID when the task's arguments make none. */
export function compareProblem({ task, verify }: JobFile): Problem | undefined {
  const given = verify.compare
  if (given === undefined) return undefined
  const { by } = given
  const known: readonly string[] = KEYS[by]
  const stray = Object.entries(given).find(
    ([key, v]) => key !== 'by' && v !== undefined && !known.includes(key)
  )
  if (stray !== undefined) {
    const [key] = stray
    const owner =
      Object.entries(KEYS).find(([, keys]) => (keys as readonly string[]).includes(key))?.[0] ?? ''
    return {
      message: `verify.compare.${key}: belongs to 'by: ${owner}', not to 'by: ${by}'`,
      paths: [['verify', 'compare', key], ['verify', 'compare'], ['verify']],
      key
    }
  }
  const problem = ruleProblem(task.engine, task.args, by)
  if (problem === undefined) return undefined
  return {
    message: `verify.compare.by: ${by} ${problem}`,
    paths: [['verify', 'compare', 'by'], ['verify', 'compare'], ['verify'], ['task', 'args'], ['task']]
  }
}
