/** finished, delivered, failed -> closed: how a provider gets its money, with the requester's receipt or without the requester. */
import type { LiveProvision } from './live-provision.ts'
import { failed } from './run-task.ts'

const POLL_MS = 1_000
/** How long a result waits for the receipt before it is committed on chain, ms; less when the deadline is near. */
const GRACE_MS = 6_000
/** Commit at the latest this many seconds before the deadline. */
const MARGIN = 10n

/** A requester that has not refunded itself this long after the deadline is gone: we do it, to get our bond back. Seconds. */
const ABSENT = 120n

const full = (live: LiveProvision): boolean =>
  (live.entry.receipt?.receipt.amount ?? 0n) >= live.entry.agreement.price

async function claim(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { agreement, receipt } = live.entry
  if (receipt !== undefined)
    await live.ctx.settlement.acknowledge(agreement, receipt.receipt, receipt.signature, { signal })
}

/** A chain call that failed is tried again by the loop around it. */
async function attempt(
  live: LiveProvision,
  what: string,
  signal: AbortSignal,
  call: () => Promise<void>
): Promise<boolean> {
  try {
    await call()
    return true
  } catch (err) {
    if (!signal.aborted)
      live.ctx.log.warn({ err, agreement: live.entry.agreementId }, `${what} failed; trying again`)
    return false
  }
}

/** With the full receipt: paid at once. Without it: committed on chain, which wins against any denial. */
export async function deliver(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const begun = ctx.clock.monotonic()
  while (!signal.aborted && live.entry.state === 'finished') {
    const { agreement, result } = live.entry
    const near = BigInt(Math.floor(ctx.clock.now() / 1000)) + MARGIN >= agreement.deliverBy
    if (full(live)) await attempt(live, 'claiming', signal, () => claim(live, signal))
    else if (result !== undefined && (near || ctx.clock.monotonic() - begun > GRACE_MS)) {
      if (
        await attempt(live, 'delivering', signal, () =>
          ctx.settlement.deliver(agreement, result.digest, { signal })
        )
      ) {
        await live.move('deliver', 'result committed on chain')
      } else await tooLate(live, signal)
    }
    if (live.entry.state === 'finished') await live.pause(POLL_MS / 2, signal)
  }
}

/** The deadline passed before the commit: what was acknowledged is claimed, the rest is lost. */
async function tooLate(live: LiveProvision, signal: AbortSignal): Promise<void> {
  await attempt(live, 'reading the chain', signal, async () => {
    if ((await live.ctx.settlement.time({ signal })) <= live.entry.agreement.deliverBy) return
    await failed(live, 'DELIVER_TIMEOUT', 'the chain was not reached before the deadline', 'provider')
  })
}

/** delivered: the receipt may still come; after the window anyone may release. */
export async function awaitRelease(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const { agreement, agreementId } = live.entry
  while (!signal.aborted && live.entry.state === 'delivered') {
    await attempt(live, 'collecting the pay', signal, async () => {
      if (full(live)) return await claim(live, signal)
      const escrow = await ctx.settlement.escrow(agreementId, { signal })
      const now = await ctx.settlement.time({ signal })
      if (escrow.state === 'delivered' && now > escrow.deliveredAt + BigInt(agreement.challengeWindow))
        await ctx.settlement.release(agreement, { signal })
      if (escrow.state === 'disputed' && now > escrow.disputedAt + BigInt(agreement.arbitrationWindow))
        await ctx.settlement.split(agreement, { signal })
    })
    await live.pause(POLL_MS, signal)
  }
}

/** failed: what the requester acknowledged is put on the chain once, so that a refund cannot take it; then the escrow is waited out. */
export async function awaitEnd(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const { agreement, agreementId } = live.entry
  while (!signal.aborted && live.entry.state === 'failed') {
    const owed = live.entry.receipt?.receipt.amount ?? 0n
    await attempt(live, 'securing the pay', signal, async () => {
      const escrow = await ctx.settlement.escrow(agreementId, { signal })
      if (escrow.state === 'open' && owed > escrow.acknowledged) await claim(live, signal)
      if (escrow.state === 'open' && (await ctx.settlement.time({ signal })) > agreement.deliverBy + ABSENT)
        await ctx.settlement.refund(agreement, 0n, { signal })
      if (escrow.state === 'none' && (await ctx.settlement.time({ signal })) > agreement.openBy)
        await live.move('closed-cancelled', 'escrow was never opened')
    })
    await live.pause(5 * POLL_MS, signal)
  }
}

/** agreed: waits for the requester's start; an agreement that was never opened expires. */
export async function awaitStart(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const { agreement, agreementId } = live.entry
  await live.pause(POLL_MS, signal)
  if (signal.aborted || live.entry.state !== 'agreed') return
  const now = BigInt(Math.floor(ctx.clock.now() / 1000))
  if (now <= agreement.openBy) return
  await attempt(live, 'reading the chain', signal, async () => {
    const escrow = await ctx.settlement.escrow(agreementId, { signal })
    if (escrow.state === 'none' && (await ctx.settlement.time({ signal })) > agreement.openBy)
      await live.move('expire', 'escrow was never opened')
    else if (escrow.state !== 'none' && now > agreement.deliverBy)
      await failed(live, 'START_TIMEOUT', 'the requester never sent the task', 'provider')
  })
}
