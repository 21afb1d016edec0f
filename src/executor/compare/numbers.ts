/** When two numbers are the same, and what is said when they are not. */
import type { CompareRule } from '../../protocol/records/compare.ts'

export interface Tolerance {
  /** Largest difference, whatever the values. */
  readonly absolute: number
  /** Further difference as a share of the smaller value: by the larger one, a huge value would allow its own difference. */
  readonly relative: number
}

/**
 * Two values whose quotients by the step round to one double may differ by this share of themselves (four half units in the last place):
 * what has equal quantised digests must be the same when it is compared by value, too.
 */
const QUOTIENT = 2 ** -51

/** What a rule allows numbers to differ by; undefined when it is none about numbers. */
export function toleranceOf(rule: CompareRule | undefined): Tolerance | undefined {
  if (rule?.by === 'tolerance') return { absolute: rule.absolute, relative: rule.relative }
  return rule?.by === 'quantised' ? { absolute: rule.step, relative: QUOTIENT } : undefined
}

const allowedOf = (x: number, y: number, t: Tolerance): number =>
  t.absolute + t.relative * Math.min(Math.abs(x), Math.abs(y))

/** NaN is the same as NaN and as nothing else; an infinity the same as itself. */
export function within(x: number, y: number, t: Tolerance): boolean {
  if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return true
  const apart = Math.abs(x - y)
  return apart < Infinity && apart <= allowedOf(x, y, t)
}

const short = (n: number): string =>
  Number.isInteger(n) ? String(n) : n.toPrecision(7).replace(/\.?0+$/, '')

/** `0.5051 and 0.5001 differ by 0.005, at most 0.000051`. */
export function apartText(x: number, y: number, t: Tolerance): string {
  const apart = Math.abs(x - y)
  const pair = `${short(x)} and ${short(y)}`
  if (!(apart < Infinity)) return `${pair} differ`
  return `${pair} differ by ${apart.toPrecision(3)}, at most ${allowedOf(x, y, t).toPrecision(3)}`
}

/** A value as its multiple of `step`: no negative zero, one NaN. */
export function quantise(value: number, step: number): number {
  const multiple = Math.round(value / step)
  if (Number.isNaN(multiple)) return NaN
  return multiple === 0 ? 0 : multiple
}
