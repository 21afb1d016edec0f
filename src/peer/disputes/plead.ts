/** One side of a disputed agreement brings its evidence to the arbiter, again and again until the case is decided: who withholds it loses. */
import { asShoalError } from '../../protocol/errors.ts'
import type { Agreement } from '../../protocol/eip712.ts'
import type { Evidence } from '../../protocol/records/evidence.ts'
import type { PeerCard } from '../../protocol/records/card.ts'
import { describeRefusal } from '../../protocol/records/refusal.ts'
import type { PeerContext } from '../context.ts'

/** Between two calls, ms: also how soon a decision is heard of. */
const AGAIN_MS = 5_000

/** Evidence for an arbiter: keys are wrapped to the recipient key in its card. */
export type MakeEvidence = (arbiter: PeerCard, signal: AbortSignal) => Promise<Evidence>

/** One side's calls to one arbiter. What it says is logged when it changes. */
export class Pleading {
  #lastAt = -Infinity
  #made: { readonly recipient: Uint8Array; readonly body: Evidence } | undefined
  #said = ''

  /** Calls the arbiter when it is time to. Never throws: the chain's windows go on whatever the arbiter does. */
  async step(ctx: PeerContext, agreement: Agreement, make: MakeEvidence, signal: AbortSignal): Promise<void> {
    if (ctx.clock.monotonic() - this.#lastAt < AGAIN_MS) return
    this.#lastAt = ctx.clock.monotonic()
    const said = await this.#call(ctx, agreement, make, signal)
    if (signal.aborted || said === this.#said) return
    this.#said = said
    ctx.log.info({ arbiter: agreement.arbiter, shard: agreement.shard, said }, 'a dispute before its arbiter')
  }

  async #call(
    ctx: PeerContext,
    { arbiter }: Agreement,
    make: MakeEvidence,
    signal: AbortSignal
  ): Promise<string> {
    try {
      const card = await ctx.arbiters.find(arbiter, signal)
      if (this.#made === undefined || Buffer.compare(this.#made.recipient, card.recipient) !== 0)
        this.#made = { recipient: card.recipient, body: await make(card, signal) }
      const { body } = this.#made
      const to = ctx.adverts.locate({ peer: card.peer, addresses: card.addresses })
      const { state, reason, refusal } = await ctx.network.request(to, 'evidence', body, signal)
      return refusal === undefined
        ? `${state}${reason === undefined ? '' : `: ${reason}`}`
        : describeRefusal(refusal)
    } catch (e) {
      ctx.arbiters.forget(arbiter)
      return asShoalError(e, 'PEER_UNREACHABLE').message
    }
  }
}
