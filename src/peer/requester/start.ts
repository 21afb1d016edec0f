/** open -> started: the sealed spec goes to the provider. */
import { digestOf, encode, toHex } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import { failureOf } from '../../protocol/own-trouble.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { RequestOf } from '../../protocol/methods.ts'
import type { SignedHandover } from '../../protocol/records/agreement.ts'
import type { ShardSpec } from '../../protocol/records/spec.ts'
import { describeRefusal, refusalText } from '../../protocol/records/refusal.ts'
import { specDigestOf } from '../spec-digest.ts'
import { contexts } from '../contexts.ts'
import type { LiveExecution } from './live-execution.ts'

/** How long a provider may take from the open escrow to accepting the task, ms. */
const START_MS = 15_000
/** The same while it says that it waits until the opening is deep, ms: two blocks of the slowest chains, many times over. */
const DEEP_MS = 600_000
const RETRY_MS = 500
/** What a provider says no to for good: it would say the same again. */
const FINAL: ReadonlySet<string> = new Set(['TIME_SHORT', 'TERMS_DIFFER'])
/** In place of a checkpoint's digest. */
const NOTHING = `0x${'00'.repeat(32)}` as Hex32

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** What this provider is given to run. */
export function specOf(live: LiveExecution): ShardSpec {
  const { plan } = live.job()
  const { shard } = live.entry
  const input = plan.inputs[shard]
  if (input === undefined) throw new Error(`no input for shard ${shard}`)
  return { v: 1, common: plan.common, shard, module: plan.module, input }
}

/** Our word on what we hand over; equal for equal tasks, so that there is one for each agreement. */
export async function handoverOf({ ctx, entry }: LiveExecution, spec: Hex32): Promise<SignedHandover> {
  const handover = {
    agreement: entry.agreementId,
    spec,
    checkpoint: entry.resumedFrom?.checkpoint.digest ?? NOTHING,
    gas: entry.bought
  }
  return { handover, signature: await ctx.operator.sign('Handover', handover) }
}

/** By which a checkpoint names what it is one of. */
export const handoverDigest = async (live: LiveExecution): Promise<Hex32> => {
  const { handover } = await handoverOf(live, digestOf(encode(specOf(live))))
  return live.ctx.typed.digest('Handover', handover) as Hex32
}

/** Seals spec and, for a hand-over, the checkpoint's key to this provider. */
async function startRequest(live: LiveExecution, signal: AbortSignal): Promise<RequestOf<'start'>> {
  const { ctx, entry } = live
  const bytes = encode(specOf(live))
  const context = contexts.spec(entry.agreementId)
  const sealed = await ctx.content.put(once(bytes), context, signal)
  await live.keepSpec(sealed.cid)
  const { resumedFrom } = entry
  return {
    agreement: entry.agreementId,
    handover: await handoverOf(live, digestOf(bytes)),
    spec: { cid: sealed.cid, wrapped: await ctx.wrap(sealed.key, entry.provider.recipient, context) },
    resume:
      resumedFrom === undefined
        ? undefined
        : {
            checkpoint: resumedFrom.checkpoint,
            wrapped: await ctx.wrap(resumedFrom.key, entry.provider.recipient, context),
            context: toHex(
              contexts.checkpoint(resumedFrom.checkpoint.agreement, resumedFrom.checkpoint.sequence)
            ) as Hex32
          },
    addresses: ctx.network.addresses()
  }
}

/** An agreement of an earlier version names another spec than we would send now: it is not begun any more. */
async function isOfEarlier(live: LiveExecution): Promise<boolean> {
  if (specDigestOf(live.job().plan.common) === live.entry.agreement.specHash) return false
  const message = 'it was agreed under earlier rules'
  await live.move('lose', 'not begun', { failure: { code: 'CANCELLED', message } }, message)
  return true
}

/** Repeats the start until it is accepted, refused, or too late. */
export async function start(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  if (await isOfEarlier(live)) return
  const body = await startRequest(live, signal)
  const begun = ctx.clock.monotonic()
  let until = begun + START_MS
  // a provider cannot put us off for longer than it was given for the work
  const latest = begun + Math.min(DEEP_MS, Number(entry.agreement.deliverBy - ctx.chainNow()) * 1000)
  let last = { code: 'START_TIMEOUT', message: 'no answer' }
  while (!signal.aborted && live.entry.state === 'open') {
    let wait = RETRY_MS
    try {
      const answer = await ctx.network.request(live.provider, 'start', body, signal)
      if (answer.accepted) {
        await live.move(
          'start',
          'task handed over',
          { startedAt: ctx.clock.now() },
          entry.resumedFrom === undefined ? undefined : `resumes at ${entry.progress / 100} %`
        )
        return
      }
      const said = describeRefusal(answer.refusal)
      last = { code: 'START_TIMEOUT', message: said }
      if (answer.refusal !== undefined && FINAL.has(answer.refusal.code)) {
        // its own code: a provider that says no at once has kept nobody waiting
        const failure = { code: answer.refusal.code, message: refusalText(answer.refusal) }
        return void (await live.move('lose', 'provider refused the task', { failure }, said))
      }
      // not a no: the opening must lie deeper in the chain first
      if (answer.waitMs !== undefined) {
        wait = Math.min(answer.waitMs, START_MS)
        until = Math.max(until, Math.min(latest, ctx.clock.monotonic() + wait + START_MS))
      }
    } catch (e) {
      if (signal.aborted) return
      last = failureOf(asShoalError(e, 'PEER_UNREACHABLE'), 'START_TIMEOUT')
    }
    if (ctx.clock.monotonic() > until) {
      await live.move('lose', 'provider did not take the task', { failure: last }, last.message)
      return
    }
    await live.pause(wait, signal)
  }
}
