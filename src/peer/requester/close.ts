/** accepted, lost, disputed -> closed: every way to the end of an escrow, each open to the requester alone. */
import { asShoalError } from '../../protocol/errors.ts'
import { sameAddress } from '../records.ts'
import { doubtOf, tryCheckpoint } from './doubt.ts'
import { plead } from './evidence.ts'
import type { LiveExecution } from './live-execution.ts'
import { lateResult } from './late-result.ts'
import { sendReceipt } from './receipts.ts'
import { recoupStep, rulingStep, takesRelease } from './steps.ts'

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
    if (ctx.clock.monotonic() - begun < (sent ? OWN_ACKNOWLEDGE_MS : POLL_MS)) continue
    await attempt(live, 'acknowledge', () => pay(live, signal))
  }
}

/** Brings our newest receipt to the chain ourselves. */
async function pay({ ctx, entry }: LiveExecution, signal: AbortSignal): Promise<void> {
  const { receipt, agreement } = entry
  if (receipt === undefined) return
  await ctx.settlement.acknowledge(agreement, receipt.receipt, receipt.signature, { signal })
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

/** Asks the provider to end it now; true when it consents. The escrow is then closed so, unless `close` is false. */
async function askRelease(live: LiveExecution, signal: AbortSignal, close = true): Promise<boolean> {
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
    if (release === undefined || release.release.agreement !== agreementId) return false
    if (!takesRelease(amount, release.release.amount)) return false
    const signer = ctx.typed.signer('Release', release.release, release.signature)
    if (signer === undefined || !sameAddress(signer, agreement.provider)) return false
    if (close) await ctx.settlement.cancel(agreement, release.release, release.signature, { signal })
    return true
  } catch (err) {
    ctx.log.debug({ err: asShoalError(err, 'PEER_UNREACHABLE') }, 'no release from a lost provider')
    return false
  }
}

/** A result that was refused once is not asked for again. One that could not be had may be: its provider may be starting again. */
const refusedOnce = (live: LiveExecution): boolean =>
  /^CONTENT_(?!NOT_FOUND)|MISMATCH$/.test(live.entry.failure?.code ?? '')

/** What we state as acknowledged: a provider that died is paid for it all the same. */
const acknowledged = (live: LiveExecution): bigint => live.entry.receipt?.receipt.amount ?? 0n

const isRunning = (live: LiveExecution): boolean =>
  live.job().state === 'running' && live.job().desired === 'run'

/** Gets back what was not acknowledged: by consent at once, else alone after the deadline; a late delivery is disputed. */
export async function recoup(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  let askedAt = -Infinity
  while (!signal.aborted && live.entry.state === 'lost') {
    const doubt = doubtOf(live.entry, live.shard(), isRunning(live))
    if (doubt.kind === 'suspect') {
      // it stops working meanwhile
      await askRelease(live, signal, false)
      await tryCheckpoint(live, doubt.other, signal)
    }
    // with its provider's consent it would close, and no lie could be shown any more
    if (doubt.kind === 'none' && ctx.clock.monotonic() - askedAt > ASK_MS) {
      askedAt = ctx.clock.monotonic()
      await askRelease(live, signal)
    }
    if (signal.aborted || live.entry.state !== 'lost') return
    try {
      await recoupOnce(live, signal)
    } catch (err) {
      if (!signal.aborted)
        ctx.log.warn({ err, agreement: live.entry.agreementId }, 'taking money back failed; trying again')
    }
    await live.pause(POLL_MS, signal)
  }
}

async function recoupOnce(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { settlement } = live.ctx
  const { agreement } = live.entry
  const accused = live.entry.tried === 'fails'
  const signed = acknowledged(live)
  const view = await live.view(signal)
  const step = recoupStep(view, agreement, refusedOnce(live), signed, accused, live.heldUp)
  // asked for again and again: without the result in hand the step becomes a dispute before the window closes
  if (step === 'seek-result') await lateResult(live, signal)
  else if (step === 'dispute') await object(live, signal)
  else if (step === 'acknowledge') await pay(live, signal)
  else if (step === 'release') await settlement.release(agreement, { signal })
  else if (step === 'refund') await settlement.refund(agreement, acknowledged(live), { signal })
  else if (step === 'await-ruling') await live.move('dispute', 'delivery disputed')
  else if (step === 'never-opened') await live.move('closed-cancelled', 'escrow was never opened')
}

/** A provider that we gave up on has committed a result that we do not have, or have refused. */
async function object(live: LiveExecution, signal: AbortSignal): Promise<void> {
  await live.ctx.settlement.dispute(live.entry.agreement, { signal })
  await live.move('dispute', 'delivery disputed', {}, live.entry.failure?.message)
}

/** Disputes what the provider commits on chain, brings the arbiter our evidence, after its window ends it undecided; refunds what was never committed. */
export async function awaitRuling(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { settlement, log } = live.ctx
  const { agreement, agreementId } = live.entry
  while (!signal.aborted && live.entry.state === 'disputed') {
    try {
      const view = await live.view(signal)
      if (view.escrow.state === 'disputed') await plead(live, signal)
      const step = rulingStep(view, agreement)
      if (step === 'refund') await settlement.refund(agreement, acknowledged(live), { signal })
      else if (step !== 'wait') await settlement[step](agreement, { signal })
    } catch (err) {
      if (!signal.aborted)
        log.warn({ err, agreement: agreementId }, 'waiting for a ruling: the chain call failed; trying again')
    }
    // its events end the pause
    await live.pause(10 * POLL_MS, signal)
  }
}
