import type { Random } from '../../protocol/ports/index.ts'

const FIRST_MS = 1_000
const LONGEST_MS = 5 * 60_000

/** Wait before the attempt after `failures` failures: doubles from 1 s to 5 min, with jitter of half its length. */
export function backoffMs(failures: number, random: Random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1))
  return whole / 2 + (whole / 2) * random.fraction()
}
