/** A command that has started a peer stays until nobody else uses it: a peer cannot move to another process, and work and money hang on it. */
import type { Guests } from '../api/guests.ts'
import type { Cli } from './context.ts'

/** Between two looks, ms. */
const LOOK_MS = 100
/** Named one by one; of more only their number. */
const NAMED = 3

/** As in `process 12 (shoal run), and job 0x1234abcd, which was left to it`. */
function usersSaid(guests: Guests): string {
  const users = guests.list().map(g => `process ${g.pid} (shoal ${g.what})`)
  const jobs = guests.jobs().map(id => `job ${id.slice(0, 10)}, which was left to it`)
  const all = [...users, ...jobs]
  const more = all.length > NAMED ? [`${all.length - NAMED} more`] : []
  return [...all.slice(0, NAMED), ...more].join(', ')
}

/**
 * Resolves when the last user has left, after which no other one is taken. Ctrl-C ends the wait: the others lose the peer then, and what they
 * wait for goes on when a peer runs here again.
 */
export async function untilAlone(cli: Cli, guests: Guests, signal: AbortSignal): Promise<void> {
  if (guests.endWhenAlone()) return
  if (!cli.json)
    cli.remark(
      `This command is done, but its peer is in use by ${usersSaid(guests)}: waiting. Ctrl-C leaves.`
    )
  // a Ctrl-C before was meant for this command's own work: the next one leaves at once
  const until = signal.aborted ? undefined : signal
  try {
    while (!guests.endWhenAlone()) await cli.clock.sleep(LOOK_MS, until)
  } catch (e) {
    if (until?.aborted !== true) throw e
  }
}
