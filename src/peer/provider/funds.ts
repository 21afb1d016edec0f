/** Whether a requester can open what it proposes: a slot is not held for somebody without the money. */
import { disputeBondOf } from '../../protocol/machines/escrow.ts'
import type { Agreement } from '../../protocol/eip712.ts'
import { refuse, type Refusal } from '../../protocol/records/refusal.ts'
import { deadline, within } from '../../protocol/signals.ts'
import type { PeerContext } from '../context.ts'
import type { ProviderEntry } from '../journal/entries.ts'
import { sameAddress } from '../records.ts'

/** Longest look at the chain before a proposal is answered, ms. */
const LOOK_MS = 4_000

/** What opening an agreement takes from its requester's free balance. */
export const reservedBy = (a: Agreement): bigint => a.price + disputeBondOf(a)

/** Why a requester's money does not cover an agreement beside those that it has signed here and not opened; undefined when it does. */
export async function fundsRefusal(
  ctx: Pick<PeerContext, 'settlement' | 'clock' | 'log' | 'stopping'>,
  a: Agreement,
  live: readonly ProviderEntry[]
): Promise<Refusal | undefined> {
  const waiting = live.filter(e => e.state === 'agreed' && sameAddress(e.agreement.requester, a.requester))
  const needed = waiting.reduce((sum, e) => sum + reservedBy(e.agreement), reservedBy(a))
  try {
    const limit = deadline(ctx.clock, LOOK_MS, 'CHAIN_UNREACHABLE', 'the chain does not answer', ctx.stopping)
    const { free } = await within(limit, signal => ctx.settlement.account(a.requester, { signal }))
    if (free >= needed) return undefined
    return refuse('FUNDS_LOW', 'the requester has not enough free in the vault for price and dispute bond', {
      term: 'free',
      offered: needed.toString(),
      given: free.toString()
    })
  } catch (err) {
    ctx.log.debug({ err }, 'a requester could not be looked up on the chain')
    return refuse('NOT_NOW', 'the chain cannot be asked at the moment')
  }
}
