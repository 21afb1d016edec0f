/** Choosing winners, and choosing them again: the same inputs give the same award and the same root. */
import { ShoalError } from '../protocol/errors.ts'
import type { Hex32 } from '../protocol/ids.ts'
import { merkleRoot } from './merkle.ts'
import { bestValue1 } from './rules/best-value-1.ts'
import type { Assignment, Rule, RuleInput } from './rules/rule.ts'

const rules: ReadonlyMap<string, Rule> = new Map([[bestValue1.id, bestValue1]])
export const ruleIds: readonly string[] = [...rules.keys()]

/** USAGE when no rule has this id. */
export function ruleOf(id: string): Rule {
  const rule = rules.get(id)
  if (rule === undefined) {
    throw new ShoalError('USAGE', `no matching rule '${id}'`, { next: `Known rules: ${ruleIds.join(', ')}.` })
  }
  return rule
}

export interface Award {
  readonly rule: string
  readonly bidRoot: Hex32
  readonly assignment: Assignment
}

export const award = (rule: string, input: RuleInput): Award => ({
  rule,
  bidRoot: merkleRoot(input.candidates.map(c => c.digest)),
  assignment: ruleOf(rule).assign(input)
})

/** What an auditor finds: undefined when the award follows from its inputs, otherwise what differs. */
export function replay(claimed: Award, input: RuleInput): string | undefined {
  const again = award(claimed.rule, input)
  if (again.bidRoot !== claimed.bidRoot)
    return `bid root differs: recomputed ${again.bidRoot}, claimed ${claimed.bidRoot}`
  const at = again.assignment.findIndex((d, i) => d !== claimed.assignment[i])
  if (at >= 0)
    return `execution ${at} should have gone to ${again.assignment[at] ?? 'nobody'}, went to ${claimed.assignment[at] ?? 'nobody'}`
  if (again.assignment.length !== claimed.assignment.length)
    return 'more executions were given out than asked for'
  return undefined
}
