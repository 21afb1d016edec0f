/** Acknowledging work: signed cumulative amounts, journalled before they are sent. */
import type { Hex32 } from '../../protocol/ids.ts'
import type { SignedReceipt } from '../../protocol/records/agreement.ts'
import type { LiveExecution } from './live-execution.ts'

const BPS = 10_000n
/** Share of the price that checkpoints can earn together; the rest is for the result. */
const CHECKPOINT_SHARE = 9_000n

/** What a checkpoint at `progress` has earned, given where the attempt began (both in basis points). */
export function earned(price: bigint, begun: number, progress: number): bigint {
  if (progress <= begun || begun >= 10_000) return 0n
  return (price * CHECKPOINT_SHARE * BigInt(progress - begun)) / (BPS * BigInt(10_000 - begun))
}

/** The next receipt for an amount; the old one when it already covers it. */
export async function signReceipt(
  live: LiveExecution,
  digest: Hex32,
  amount: bigint
): Promise<SignedReceipt> {
  const old = live.entry.receipt
  if (old !== undefined && old.receipt.amount >= amount) return old
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
  const { receipt, provider } = live.entry
  if (receipt === undefined) return true
  try {
    await live.ctx.network.request(provider, 'receipt', receipt, signal)
    return true
  } catch (err) {
    live.ctx.log.debug({ err, agreement: live.entry.agreementId }, 'a receipt was not delivered')
    return false
  }
}
