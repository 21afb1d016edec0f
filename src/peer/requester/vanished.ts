/** An escrow that was open and is not there any more: the chain went back. It is opened again while that is possible, else given up. */
import type { ExecutionState } from '../../protocol/machines/execution.ts'
import { GONE_LOOKS, SURE_SECONDS } from '../gone.ts'
import type { LiveExecution } from './live-execution.ts'

const AFTER_OPENING: ReadonlySet<ExecutionState> = new Set([
  'open',
  'started',
  'delivered',
  'accepted',
  'lost',
  'disputed'
])

export async function onVanished(live: LiveExecution, times: number): Promise<void> {
  const { ctx, entry } = live
  const { agreement, providerSignature } = entry
  if (!AFTER_OPENING.has(entry.state) || times < GONE_LOOKS || providerSignature === undefined) return
  const options = { signal: ctx.stopping }
  const now = await ctx.settlement.time(options)
  if (now > agreement.openBy + SURE_SECONDS) {
    ctx.log.warn({ agreement: entry.agreementId }, 'an escrow vanished with the chain')
    await live.move('closed-cancelled', 'escrow vanished with the chain')
  } else if (now <= agreement.openBy && entry.state !== 'lost' && entry.state !== 'disputed') {
    ctx.log.warn({ agreement: entry.agreementId }, 'an escrow vanished with the chain; it is opened again')
    await ctx.settlement.open(agreement, providerSignature, options)
  }
}
