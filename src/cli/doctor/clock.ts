/** This machine's clock against the chain's, which the contracts go by. */
import type { ChainTime } from '../../protocol/ports/chain-clock.ts'
import { bad, note, ok, type Finding } from './check.ts'

/** A difference that is not the measurement's own is worth a word from here on, seconds; from there on jobs are refused (CLOCK_SKEW). */
const NOTED_S = 2
const BAD_S = 30

const MEND = 'Set it by a time server, such as with: timedatectl set-ntp true'

/** `behind`: seconds by which this machine's clock is behind the chain's (negative: ahead), with its error. */
export function clockFinding({ seconds, error }: ChainTime): Finding {
  const off = Math.abs(seconds)
  const about = `${off < 10 ? off.toFixed(1) : Math.round(off)} s`
  const said = `this machine's clock is ${about} ${seconds > 0 ? 'behind' : 'ahead of'} the chain's`
  if (off - error > BAD_S) return bad('clock', `${said}: others refuse what it signs`, MEND)
  if (off - error > NOTED_S) return note('clock', said, MEND)
  return ok('clock', `agrees with the chain's, within ${Math.max(1, Math.ceil(off + error))} s`)
}

/** `said`: that it is off, and by how much, as the peer tells it. */
export const clockOffFinding = (said: string): Finding => bad('clock', said, MEND)
