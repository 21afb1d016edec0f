/** finished, delivered, failed -> closed: how a provider gets its money, with the requester's receipt or without the requester. */
import type { LiveProvision } from './live-provision.ts'
import { failed } from './run-task.ts'
import {
  agreedStep,
  committedStep,
  failedCommit,
  failedStep,
  finishedStep,
  runningStep,
  securing,
  type CommittedStep
} from './steps.ts'

const POLL_MS = 1_000

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
    const now = BigInt(Math.floor(ctx.clock.now() / 1000))
    const step = finishedStep(now, ctx.clock.monotonic() - begun, live.owed, live.entry.agreement)
    if (step === 'claim' || step === 'claim-and-commit')
      await attempt(live, 'claiming', signal, () => claim(live, signal))
    if (step === 'commit' || step === 'claim-and-commit') await commit(live, signal)
    if (live.entry.state === 'finished') await live.pause(POLL_MS / 2, signal)
  }
}

async function commit(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { agreement, result } = live.entry
  if (result === undefined) return
  const { settlement } = live.ctx
  const done = await attempt(live, 'delivering', signal, () =>
    settlement.deliver(agreement, result.digest, agreement.price, { signal })
  )
  if (done) await live.move('deliver', 'result committed on chain')
  else await attempt(live, 'reading the chain', signal, () => afterFailure(live, signal))
}

/** The commit failed, or its answer was lost; after the deadline what was acknowledged is claimed, the rest is lost. */
async function afterFailure(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const step = failedCommit(await live.view(signal), live.entry.agreement)
  if (step === 'committed') await live.move('deliver', 'result committed on chain')
  if (step !== 'too-late') return
  await failed(live, 'DELIVER_TIMEOUT', 'the chain was not reached before the deadline', 'provider')
}

/** started, near the deadline: what was acknowledged is put on the chain. Ends with the signal. */
export async function secure(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  while (!signal.aborted && live.entry.state === 'started') {
    const { agreement } = live.entry
    if (live.owed > 0n && securing(BigInt(Math.floor(ctx.clock.now() / 1000)), agreement)) {
      await attempt(live, 'securing the pay', signal, async () => {
        if (runningStep(await live.view(signal), agreement, live.owed) === 'claim') await claim(live, signal)
      })
    }
    await live.pause(POLL_MS, signal)
  }
}

/** Claims, releases, or applies the split, as the chain allows. */
async function collect(
  live: LiveProvision,
  step: Exclude<CommittedStep, 'wait'>,
  signal: AbortSignal
): Promise<void> {
  if (step === 'claim') await claim(live, signal)
  else await live.ctx.settlement[step](live.entry.agreement, { signal })
}

/** delivered: the receipt may still come; after the window anyone may release. */
export async function awaitRelease(live: LiveProvision, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && live.entry.state === 'delivered') {
    await attempt(live, 'collecting the pay', signal, async () => {
      const step = committedStep(await live.view(signal), live.entry.agreement, live.owed)
      if (step !== 'wait') await collect(live, step, signal)
    })
    await live.pause(POLL_MS, signal)
  }
}

/** failed: what the requester acknowledged is put on the chain, so that a refund cannot take it; then the escrow is waited out. */
export async function awaitEnd(live: LiveProvision, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && live.entry.state === 'failed') {
    await attempt(live, 'securing the pay', signal, async () => {
      const step = failedStep(await live.view(signal), live.entry.agreement, live.owed)
      if (step === 'refund') await live.ctx.settlement.refund(live.entry.agreement, 0n, { signal })
      else if (step === 'never-opened') await live.move('closed-cancelled', 'escrow was never opened')
      else if (step !== 'wait') await collect(live, step, signal)
    })
    await live.pause(5 * POLL_MS, signal)
  }
}

/** agreed: waits for the requester's start; an agreement that was never opened expires. */
export async function awaitStart(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { agreement } = live.entry
  await live.pause(POLL_MS, signal)
  if (signal.aborted || live.entry.state !== 'agreed') return
  if (BigInt(Math.floor(live.ctx.clock.now() / 1000)) <= agreement.openBy) return
  await attempt(live, 'reading the chain', signal, async () => {
    const step = agreedStep(await live.view(signal), agreement, live.owed)
    if (step === 'claim') await claim(live, signal)
    if (step === 'expire') await live.move('expire', 'escrow was never opened')
    if (step === 'fail') await failed(live, 'START_TIMEOUT', 'the requester never sent the task', 'provider')
  })
}
