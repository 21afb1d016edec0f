/** open -> started: the sealed spec goes to the provider. */
import { encode, toHex } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { RequestOf } from '../../protocol/methods.ts'
import type { ShardSpec } from '../../protocol/records/spec.ts'
import { isNotDeep } from '../confirmations.ts'
import { contexts } from '../contexts.ts'
import type { LiveExecution } from './live-execution.ts'

/** How long a provider may take from the open escrow to accepting the task, ms. */
const START_MS = 15_000
/** The same while it says that it waits until the opening is deep, ms: two blocks of the slowest chains, many times over. */
const DEEP_MS = 600_000
const RETRY_MS = 500

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** Seals spec and, for a hand-over, the checkpoint's key to this provider. */
async function startRequest(live: LiveExecution, signal: AbortSignal): Promise<RequestOf<'start'>> {
  const { ctx, entry } = live
  const { plan } = live.job()
  const input = plan.inputs[entry.shard]
  if (input === undefined) throw new Error(`no input for shard ${entry.shard}`)
  const spec: ShardSpec = { v: 1, common: plan.common, shard: entry.shard, module: plan.module, input }
  const context = contexts.spec(entry.agreementId)
  const sealed = await ctx.content.put(once(encode(spec)), context, signal)
  await live.patch({ spec: sealed.cid })
  // of an earlier start, before a restart: its blocks stay while anything is live, so a provider that has it may still fetch
  if (entry.spec !== undefined && entry.spec !== sealed.cid) await ctx.content.forget(entry.spec)
  const { resumedFrom } = entry
  return {
    agreement: entry.agreementId,
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

/** Repeats the start until it is accepted, refused, or too late. */
export async function start(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  const body = await startRequest(live, signal)
  const begun = ctx.clock.monotonic()
  let until = begun + START_MS
  let last = 'no answer'
  while (!signal.aborted && live.entry.state === 'open') {
    try {
      const answer = await ctx.network.request(live.provider, 'start', body, signal)
      if (answer.accepted) {
        await live.move(
          'start',
          'task handed over',
          {},
          entry.resumedFrom === undefined ? undefined : `resumes at ${entry.progress / 100} %`
        )
        return
      }
      last = answer.reason ?? 'refused'
      if (isNotDeep(answer.reason)) until = Math.min(ctx.clock.monotonic() + START_MS, begun + DEEP_MS)
    } catch (e) {
      if (signal.aborted) return
      last = asShoalError(e, 'PEER_UNREACHABLE').message
    }
    if (ctx.clock.monotonic() > until) {
      await live.move(
        'lose',
        'provider did not take the task',
        { failure: { code: 'START_TIMEOUT', message: last } },
        last
      )
      return
    }
    await live.pause(RETRY_MS, signal)
  }
}
