/** What a requester lays before the arbiter: what it handed over, and, when nothing was delivered, the checkpoint that it doubts. */
import { digestOf, encode, toHex } from '../../protocol/codec.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { PeerCard } from '../../protocol/records/card.ts'
import type { Evidence } from '../../protocol/records/evidence.ts'
import { contexts } from '../contexts.ts'
import type { AwardEntry } from '../journal/entries.ts'
import { bidDigest } from '../records.ts'
import type { LiveExecution } from './live-execution.ts'
import { handoverOf, specOf } from './start.ts'

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** The provider's card, from the bid that was chosen: it binds the signature under a checkpoint to the operator that bid. */
async function cardOfProvider({ ctx, entry }: LiveExecution): Promise<PeerCard | undefined> {
  const awards: AwardEntry[] = await ctx.journal.awards(entry.jobId)
  return awards.flatMap(a => a.bids).find(b => bidDigest(b) === entry.bid)?.card
}

/** Brings the arbiter what we have. Never throws. */
export const plead = (live: LiveExecution, signal: AbortSignal): Promise<void> =>
  live.pleading.step(live.ctx, live.entry.agreement, (to, s) => requesterEvidence(live, to, s), signal)

/** Seals the spec anew for the arbiter; module and input are where they were. */
export async function requesterEvidence(
  live: LiveExecution,
  arbiter: PeerCard,
  signal: AbortSignal
): Promise<Evidence> {
  const { ctx, entry } = live
  const { agreementId, resumedFrom } = entry
  const bytes = encode(specOf(live))
  const context = contexts.spec(agreementId)
  const sealed = await ctx.content.put(once(bytes), context, signal)
  await live.keepSpec(sealed.cid)
  const wrap = (key: Uint8Array): Promise<Uint8Array> =>
    ctx.wrap(key, arbiter.recipient, contexts.evidence(agreementId))
  const by = entry.result === undefined ? await cardOfProvider(live) : undefined
  return {
    v: 1,
    card: ctx.card(),
    agreement: entry.agreement,
    handover: await handoverOf(live, digestOf(bytes)),
    spec: { cid: sealed.cid, wrapped: await wrap(sealed.key) },
    resume:
      resumedFrom === undefined
        ? undefined
        : {
            checkpoint: resumedFrom.checkpoint,
            wrapped: await wrap(resumedFrom.key),
            context: toHex(
              contexts.checkpoint(resumedFrom.checkpoint.agreement, resumedFrom.checkpoint.sequence)
            ) as Hex32
          },
    doubted:
      entry.checkpoint === undefined || by === undefined ? undefined : { checkpoint: entry.checkpoint, by },
    addresses: ctx.network.addresses()
  }
}
