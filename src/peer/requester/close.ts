/** accepted, lost, disputed -> closed: every way to the end of an escrow, each open to the requester alone. */
import type { Agreement } from '../../protocol/eip712.ts'
import { asShoalError } from '../../protocol/errors.ts'
import { sameAddress } from '../records.ts'
import type { LiveExecution } from './live-execution.ts'
import { lateResult } from './late-result.ts'
import { sendReceipt } from './receipts.ts'

/** The provider normally closes with our receipt; after this long we do it ourselves, ms. */
const OWN_ACKNOWLEDGE_MS = 8_000
const POLL_MS = 1_000
/** Between two requests to a lost provider to let the money go, ms. */
const ASK_MS = 5_000

/** Pays: the provider gets the receipt, or the chain gets it from us. */
export async function payOut(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const begun = ctx.clock.monotonic()
  let sent = await sendReceipt(live, signal)
  while (!signal.aborted && live.entry.state === 'accepted') {
    await live.pause(POLL_MS, signal)
    if (signal.aborted || live.entry.state !== 'accepted') return
    sent ||= await sendReceipt(live, signal)
    const { receipt, agreement } = live.entry
    if (receipt === undefined || ctx.clock.monotonic() - begun < (sent ? OWN_ACKNOWLEDGE_MS : POLL_MS))
      continue
    await attempt(live, 'acknowledge', () =>
      ctx.settlement.acknowledge(agreement, receipt.receipt, receipt.signature, { signal })
    )
  }
}

/** A chain call whose failure is retried by the loop around it. */
async function attempt(live: LiveExecution, what: string, call: () => Promise<void>): Promise<boolean> {
  try {
    await call()
    return true
  } catch (err) {
    live.ctx.log.warn({ err, agreement: live.entry.agreementId }, `${what} failed; trying again`)
    return false
  }
}

/** Asks the provider to end it now; true when the escrow was closed with its consent. */
async function askRelease(live: LiveExecution, signal: AbortSignal): Promise<boolean> {
  const { ctx, entry } = live
  const { agreement, agreementId } = entry
  const amount = entry.receipt?.receipt.amount ?? 0n
  try {
    const body = {
      agreement: agreementId,
      reason: entry.failure?.code ?? 'CANCELLED',
      receipt: entry.receipt
    }
    const answer = await ctx.network.request(live.provider, 'cancel', body, signal)
    const { release } = answer
    if (release === undefined || release.release.agreement !== agreementId || release.release.amount > amount)
      return false
    const signer = ctx.typed.signer('Release', release.release, release.signature)
    if (signer === undefined || !sameAddress(signer, agreement.provider)) return false
    await ctx.settlement.cancel(agreement, release.release, release.signature, { signal })
    return true
  } catch (err) {
    ctx.log.debug({ err: asShoalError(err, 'PEER_UNREACHABLE') }, 'no release from a lost provider')
    return false
  }
}

/** Until then a provider that committed a result may still hand it over; the rest of the window is for the dispute. Seconds. */
const lastAsk = (deliveredAt: bigint, { challengeWindow }: Agreement): bigint =>
  deliveredAt + BigInt(challengeWindow) / 2n

/** Gets back what was not acknowledged: by consent at once, else alone after the deadline; a late delivery is disputed. */
export async function recoup(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const { agreement, agreementId } = live.entry
  let askedAt = -Infinity
  while (!signal.aborted && live.entry.state === 'lost') {
    if (ctx.clock.monotonic() - askedAt > ASK_MS) {
      askedAt = ctx.clock.monotonic()
      await askRelease(live, signal)
    }
    if (signal.aborted || live.entry.state !== 'lost') return
    try {
      const escrow = await ctx.settlement.escrow(agreementId, { signal })
      if (escrow.state === 'delivered') {
        // a result that was refused once is not asked for again
        const refused = /^CONTENT_|MISMATCH$/.test(live.entry.failure?.code ?? '')
        if (!refused && (await lateResult(live, signal))) return
        if (refused || (await ctx.settlement.time({ signal })) >= lastAsk(escrow.deliveredAt, agreement))
          return await contest(live, signal)
      }
      const late = (await ctx.settlement.time({ signal })) > agreement.deliverBy
      if (escrow.state === 'open' && late)
        await ctx.settlement.refund(agreement, live.entry.receipt?.receipt.amount ?? 0n, { signal })
      if (escrow.state === 'none' && late) await live.move('closed-cancelled', 'escrow was never opened')
    } catch (err) {
      if (!signal.aborted)
        ctx.log.warn({ err, agreement: agreementId }, 'taking money back failed; trying again')
    }
    await live.pause(POLL_MS, signal)
  }
}

/** A provider that we gave up on has committed a result: without that result in hand we object before the window closes. */
async function contest(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  if (await attempt(live, 'dispute', () => ctx.settlement.dispute(live.entry.agreement, { signal }))) {
    await live.move('dispute', 'delivery disputed', {}, live.entry.failure?.message)
    return
  }
  const escrow = await ctx.settlement.escrow(live.entry.agreementId, { signal })
  const now = await ctx.settlement.time({ signal })
  if (
    escrow.state === 'delivered' &&
    now > escrow.deliveredAt + BigInt(live.entry.agreement.challengeWindow)
  ) {
    await attempt(live, 'release', () => ctx.settlement.release(live.entry.agreement, { signal }))
  }
  await live.pause(POLL_MS, signal)
}

/** Disputes what the provider commits on chain, waits for the arbiter, after its window applies the split; refunds what was never committed. */
export async function awaitRuling(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const { agreement, agreementId } = live.entry
  while (!signal.aborted && live.entry.state === 'disputed') {
    try {
      const escrow = await ctx.settlement.escrow(agreementId, { signal })
      const now = await ctx.settlement.time({ signal })
      const until = escrow.disputedAt + BigInt(agreement.arbitrationWindow)
      if (escrow.state === 'delivered') await ctx.settlement.dispute(agreement, { signal })
      else if (escrow.state === 'disputed' && now > until) await ctx.settlement.split(agreement, { signal })
      // refused here, but never committed on chain: nothing to dispute there
      else if (escrow.state === 'open' && now > agreement.deliverBy)
        await ctx.settlement.refund(agreement, live.entry.receipt?.receipt.amount ?? 0n, { signal })
    } catch (err) {
      if (!signal.aborted)
        ctx.log.warn(
          { err, agreement: agreementId },
          'waiting for a ruling: the chain call failed; trying again'
        )
    }
    await live.pause(5 * POLL_MS, signal)
  }
}
