/** What one attack did to the victim, and what of it may not be. Pure, so that a test can show that it sees every weakness. */
import type { Attack, Outcome } from './attack.ts'

export interface Aims {
  /** Honest 95th percentile under attack, as a multiple of the quiet one. */
  readonly ratio: number
  /** From the first hostile byte until the attacker is outside, ms. */
  readonly cutMs: number
  /** Growth of the victim's resident memory at its peak, MiB. */
  readonly growthMiB: number
  /** Honest requests and messages that must succeed, 0 to 1. */
  readonly success: number
}

export const aims: Aims = { ratio: 1.25, cutMs: 10_000, growthMiB: 96, success: 0.99 }

export interface Row {
  readonly attack: Pick<Attack, 'name' | 'expect' | 'rate'>
  readonly outcome: Outcome
  /** Honest requests: 95th percentile, ms. */
  readonly quietP95: number
  readonly attackP95: number
  readonly ok: number
  readonly failed: number
  readonly rss: { readonly before: number; readonly peak: number; readonly after: number }
  readonly poisoned: readonly string[]
}

export const ratioOf = (r: Row): number => r.attackP95 / r.quietP95
export const successOf = (r: Row): number => r.ok / Math.max(1, r.ok + r.failed)

/** The value below which 95 of 100 lie; NaN of nothing. */
export function p95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? NaN
}

/** Faults of the peer: the attacker stayed, honest work failed, memory grew, a lie was believed. Empty when it held. */
export function faultsOf(r: Row, aim: Aims = aims): string[] {
  const faults: string[] = [...r.poisoned]
  const { outcome, attack, rss } = r
  if (outcome.error !== undefined) faults.push(`the attack itself broke: ${outcome.error.slice(0, 200)}`)
  if (outcome.sent === 0) faults.push('nothing hostile was sent')
  if (attack.expect === 'cut off') {
    if (outcome.cutAfter === undefined) faults.push('not cut off')
    else if (outcome.cutAfter > aim.cutMs) faults.push(`cut off after ${Math.round(outcome.cutAfter)} ms`)
  }
  if (r.ok === 0 || successOf(r) < aim.success)
    faults.push(`${r.failed} of ${r.ok + r.failed} honest requests and messages failed`)
  if (rss.peak === 0) faults.push('the victim is gone')
  if (rss.peak - rss.before > aim.growthMiB)
    faults.push(`memory grew by ${Math.round(rss.peak - rss.before)} MiB`)
  return faults
}

/** Whether honest peers were slower than the aim allows: said apart, since a busy machine says it too. */
export const slowed = (r: Row, aim: Aims = aims): boolean => !(ratioOf(r) <= aim.ratio)
