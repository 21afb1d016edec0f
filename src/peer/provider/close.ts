/** finished, delivered, failed -> closed: how a provider gets its money, with the requester's receipt or without the requester. */
import { isShoalError } from '../../protocol/errors.ts'
import { failureDigest } from '../../protocol/records/delivery.ts'
import { Pleading } from '../disputes/plead.ts'
import { providerEvidence } from './evidence.ts'
import type { LiveProvision } from './live-provision.ts'
import { failed } from './outcome.ts'
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

/** What came of a chain call: `refused` is the chain's own no, `failed` may be anything; both are tried again by the loop around it. */
type Attempt = 'done' | 'refused' | 'failed'

async function attempt(
  live: LiveProvision,
  what: string,
  signal: AbortSignal,
  call: () => Promise<void>
): Promise<Attempt> {
  try {
    await call()
    return 'done'
  } catch (err) {
    if (!signal.aborted)
      live.ctx.log.warn({ err, agreement: live.entry.agreementId }, `${what} failed; trying again`)
    return isShoalError(err, 'CHAIN_REVERTED') ? 'refused' : 'failed'
  }
}

/**
 * With a receipt for all that is due: paid at once. Without it, or when the chain refuses it: committed on chain, which wins against any
 * denial. A failure of the task that there is a receipt for needs no commit: the requester ends it with our consent.
 */
export async function deliver(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  const begun = ctx.clock.monotonic()
  let refused = false
  while (!signal.aborted && live.entry.state === 'finished') {
    const { agreement, taskFailure } = live.entry
    const owed = { held: live.owed, due: live.due, refused, inclusionMs: ctx.settlement.inclusionMs() }
    if (taskFailure !== undefined && owed.held >= owed.due) {
      live.show()
      return void (await live.move('fail', 'the failure is paid for'))
    }
    const step = finishedStep(ctx.chainNow(), ctx.clock.monotonic() - begun, owed, agreement)
    if (step === 'claim' || step === 'claim-and-commit')
      refused = (await attempt(live, 'claiming', signal, () => claim(live, signal))) === 'refused'
    if (step === 'commit' || step === 'claim-and-commit') await commit(live, signal)
    if (live.entry.state === 'finished') await live.pause(POLL_MS / 2, signal)
  }
}

async function commit(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { agreement, result, taskFailure } = live.entry
  const digest = result?.digest ?? (taskFailure === undefined ? undefined : failureDigest(taskFailure))
  if (digest === undefined) return
  const { settlement } = live.ctx
  const done = await attempt(live, 'delivering', signal, () =>
    settlement.deliver(agreement, digest, live.due, { signal })
  )
  if (done === 'done') await live.move('deliver', 'result committed on chain')
  else await attempt(live, 'reading the chain', signal, () => afterFailure(live, signal))
  if (live.entry.state === 'delivered') live.show()
}

/** The commit failed, or its answer was lost; after the deadline what was acknowledged is claimed, the rest is lost. */
async function afterFailure(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const step = failedCommit(await live.view(signal), live.entry.agreement)
  if (step === 'committed') await live.move('deliver', 'result committed on chain')
  if (step !== 'too-late') return
  await failed(live, 'DELIVER_TIMEOUT', 'the chain was not reached before the deadline')
}

/** started, near the deadline: what was acknowledged is put on the chain. Ends with the signal. */
export async function secure(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const { ctx } = live
  while (!signal.aborted && live.entry.state === 'started') {
    const { agreement } = live.entry
    const inclusionMs = ctx.settlement.inclusionMs()
    if (live.owed > 0n && securing(ctx.chainNow(), agreement, inclusionMs)) {
      await attempt(live, 'securing the pay', signal, async () => {
        const step = runningStep(await live.view(signal), agreement, live.owed, inclusionMs)
        if (step === 'claim') await claim(live, signal)
      })
    }
    await live.pause(POLL_MS, signal)
  }
}

/** Claims, releases, or ends an undecided dispute, as the chain allows. */
async function collect(
  live: LiveProvision,
  step: Exclude<CommittedStep, 'wait'>,
  signal: AbortSignal
): Promise<void> {
  if (step === 'claim') await claim(live, signal)
  else await live.ctx.settlement[step](live.entry.agreement, { signal })
}

const plead = async (live: LiveProvision, pleading: Pleading, signal: AbortSignal): Promise<void> =>
  void (await pleading.step(live.ctx, live.entry.agreement, to => providerEvidence(live, to), signal))

/** delivered: the receipt may still come, or a dispute; after the window anyone may release. */
export async function awaitRelease(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const pleading = new Pleading()
  while (!signal.aborted && live.entry.state === 'delivered') {
    let pause = POLL_MS
    await attempt(live, 'collecting the pay', signal, async () => {
      const view = await live.view(signal)
      if (view.escrow.state === 'disputed') {
        // an arbiter has an hour
        pause = 10 * POLL_MS
        await plead(live, pleading, signal)
      }
      const step = committedStep(view, live.entry.agreement, live.owed)
      if (step !== 'wait') await collect(live, step, signal)
    })
    await live.pause(pause, signal)
  }
}

/** failed: what the requester acknowledged is put on the chain, so that a refund cannot take it; then the escrow is waited out. */
export async function awaitEnd(live: LiveProvision, signal: AbortSignal): Promise<void> {
  const pleading = new Pleading()
  while (!signal.aborted && live.entry.state === 'failed') {
    await attempt(live, 'securing the pay', signal, async () => {
      const view = await live.view(signal)
      if (view.escrow.state === 'disputed') await plead(live, pleading, signal)
      const step = failedStep(view, live.entry.agreement, live.owed)
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
  if (live.ctx.chainNow() <= agreement.openBy) return
  await attempt(live, 'reading the chain', signal, async () => {
    const step = agreedStep(await live.view(signal), agreement, live.owed)
    if (step === 'claim') await claim(live, signal)
    if (step === 'expire') await live.move('expire', 'escrow was never opened')
    if (step === 'fail') await failed(live, 'START_TIMEOUT', 'the requester never sent the task')
  })
}
