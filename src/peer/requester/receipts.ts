/** Acknowledging work: signed cumulative amounts, journalled before they are sent, bounded by the work that can have been metered. */
import { BEGAN_EARLIER_MS, earned, isFast, plausible, worth } from '../../market/work.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { SignedReceipt } from '../../protocol/records/agreement.ts'
import type { LiveExecution } from './live-execution.ts'

/** Of the gas that a provider says it has metered, as much as can be true: within what was bought, and within what time allows. */
function metered(live: LiveExecution, gas: bigint): bigint {
  const { engine } = live.job().plan.common.needs
  return plausible(gas, engine, live.ranMs + BEGAN_EARLIER_MS, live.entry.speed)
}

/** Whether what a provider says that it has metered is more than its own bid lets expect. */
export const seemsFast = (live: LiveExecution, gas: bigint): boolean =>
  isFast(gas, live.job().plan.common.needs.engine, live.ranMs + BEGAN_EARLIER_MS, live.entry.speed)

const boughtBy = ({ entry }: LiveExecution) => ({ price: entry.agreement.price, gas: entry.bought })

/** What a checkpoint after `gas` has earned. */
export const earnedBy = (live: LiveExecution, gas: bigint): bigint =>
  earned(metered(live, gas), boughtBy(live))

/** What a task that failed by its own fault after `gas` is worth. */
export const worthOf = (live: LiveExecution, gas: bigint): bigint => worth(metered(live, gas), boughtBy(live))

/** The next receipt for an amount; the old one when it already covers it, none for nothing. */
export async function signReceipt(
  live: LiveExecution,
  digest: Hex32,
  amount: bigint
): Promise<SignedReceipt | undefined> {
  const old = live.entry.receipt
  if (amount === 0n || (old !== undefined && old.receipt.amount >= amount)) return old
  const receipt = {
    agreement: live.entry.agreementId,
    sequence: (old?.receipt.sequence ?? 0) + 1,
    digest,
    amount
  }
  return { receipt, signature: await live.ctx.operator.sign('Receipt', receipt) }
}

/** Sends the newest receipt; false when the provider could not be reached. */
export async function sendReceipt(live: LiveExecution, signal: AbortSignal): Promise<boolean> {
  const { receipt } = live.entry
  if (receipt === undefined) return true
  try {
    await live.ctx.network.request(live.provider, 'receipt', receipt, signal)
    live.receiptSent = receipt.receipt.amount
    return true
  } catch (err) {
    live.ctx.log.debug({ err, agreement: live.entry.agreementId }, 'a receipt was not delivered')
    return false
  }
}

/** Sends the newest receipt again when the provider may not have it: it holds the task back without it. */
export async function repeatReceipt(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const amount = live.entry.receipt?.receipt.amount ?? 0n
  if (amount > live.receiptSent) await sendReceipt(live, signal)
}
