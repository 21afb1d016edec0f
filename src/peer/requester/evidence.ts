/** What a requester lays before the arbiter: what it handed over, and, when nothing was delivered, the checkpoint that it doubts. */
import { digestOf, encode, toHex } from '../../protocol/codec.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { PeerCard } from '../../protocol/records/card.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import type { Evidence, Handed } from '../../protocol/records/evidence.ts'
import { contexts } from '../contexts.ts'
import type { AwardEntry } from '../journal/entries.ts'
import { bidDigest, verifyDelivery } from '../records.ts'
import { fetchFrom } from './fetch-result.ts'
import { expectedOf, type LiveExecution } from './live-execution.ts'
import { handoverOf, specOf } from './start.ts'

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** The provider's card, from the bid that was chosen: it binds the signature under a checkpoint to the operator that bid. */
async function cardOfProvider({ ctx, entry }: LiveExecution): Promise<PeerCard | undefined> {
  const awards: AwardEntry[] = await ctx.journal.awards(entry.jobId)
  return awards.flatMap(a => a.bids).find(b => bidDigest(b) === entry.bid)?.card
}

/** Brings the arbiter what we have, and takes the result when it hands us one that we did not get. Never throws. */
export async function plead(live: LiveExecution, signal: AbortSignal): Promise<void> {
  const { ctx, entry } = live
  const make = (to: PeerCard, s: AbortSignal): Promise<Evidence> => requesterEvidence(live, to, s)
  const heard = await live.pleading.step(ctx, entry.agreement, make, signal)
  if (heard?.handed !== undefined && !entry.fetched)
    await takeHanded(live, heard.handed, heard.arbiter, signal)
}

/** The provider withheld the result, and it is right: with it in hand it is accepted and paid like any other. */
async function takeHanded(
  live: LiveExecution,
  handed: Handed,
  from: PeerAddress,
  signal: AbortSignal
): Promise<void> {
  const { ctx, entry } = live
  try {
    await verifyDelivery('result', handed.result, expectedOf(live), ctx)
    const key = await ctx.recipient.unwrap(handed.wrapped, contexts.evidence(entry.agreementId))
    const fetched = await fetchFrom(live, handed.result, { key, from }, signal)
    const what = 'the arbiter handed the result over'
    if (!(await live.move('deliver', what, { result: handed.result, ...fetched })))
      await live.patch({ result: handed.result, ...fetched }, what)
  } catch (err) {
    if (!signal.aborted)
      ctx.log.warn({ err, agreement: entry.agreementId }, 'what the arbiter handed over could not be taken')
  }
}

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
