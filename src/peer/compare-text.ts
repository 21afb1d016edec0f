/** A rule of comparison in words. */
import type { CompareRule } from '../protocol/records/compare.ts'

/** `by value, within 0.000001 and 0.01 % of it`. Without a rule: `by their bytes`. */
export function ruleText(rule: CompareRule | { readonly by: 'bytes' } | undefined): string {
  const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`
  if (rule === undefined || rule.by === 'bytes') return 'by their bytes'
  if (rule.by === 'tolerance') return `by value, within ${rule.absolute} and ${percent(rule.relative)} of it`
  if (rule.by === 'quantised') return `by value, in steps of ${rule.step}`
  return `by pixels, ${percent(rule.share)} of them may be off by more than ${rule.difference} of 255`
}
