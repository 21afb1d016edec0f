/** This machine's clock against the chain's, which the contracts go by. */
import { behindSaid, CLOCK_BAD_S } from '../../peer/clock-off.ts'
import type { ChainTime } from '../../protocol/ports/chain-clock.ts'
import { bad, note, ok, type Finding } from './check.ts'

/** A difference that is not the measurement's own is worth a word from here on, seconds. */
const NOTED_S = 2

export const MEND = 'Set it by a time server, such as with: timedatectl set-ntp true'

/** `behind`: seconds by which this machine's clock is behind the chain's (negative: ahead), with its error. */
export function clockFinding(behind: ChainTime): Finding {
  const { seconds, error } = behind
  const off = Math.abs(seconds)
  const said = behindSaid(behind)
  if (off - error > CLOCK_BAD_S) return bad('clock', `${said}: others refuse what it signs`, MEND)
  if (off - error > NOTED_S) return note('clock', said, MEND)
  return ok('clock', `agrees with the chain's, within ${Math.max(1, Math.ceil(off + error))} s`)
}
