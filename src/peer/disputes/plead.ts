/** One side of a disputed agreement brings its evidence to the arbiter, again and again until the case is decided: who withholds it loses. */
import { asShoalError } from '../../protocol/errors.ts'
import type { Agreement } from '../../protocol/eip712.ts'
import type { PeerAddress } from '../../protocol/ports/network.ts'
import type { Evidence, Handed } from '../../protocol/records/evidence.ts'
import type { PeerCard } from '../../protocol/records/card.ts'
import { describeRefusal } from '../../protocol/records/refusal.ts'
import type { PeerContext } from '../context.ts'

/** Between two calls, ms: also how soon a decision is heard of. Twice as long each time while the answer stays the same, up to AGAIN_MAX_MS. */
const AGAIN_MS = 5_000
const AGAIN_MAX_MS = 20_000

/** Evidence for an arbiter: keys are wrapped to the recipient key in its card. */
export type MakeEvidence = (arbiter: PeerCard, signal: AbortSignal) => Promise<Evidence>

/** What an arbiter answered, and where it is. */
export interface Heard {
  readonly arbiter: PeerAddress
  readonly handed: Handed | undefined
}

/** One side's calls to one arbiter. What it says is logged when it changes. */
export class Pleading {
  #lastAt = -Infinity
  #againMs = AGAIN_MS
  #made: { readonly recipient: Uint8Array; readonly body: Evidence } | undefined
  #said = ''

  /**
   * Calls the arbiter when it is time to, and returns its answer. Never throws: the chain's windows go on whatever the arbiter does.
   * Undefined when it was not called, or did not answer.
   */
  async step(
    ctx: PeerContext,
    agreement: Agreement,
    make: MakeEvidence,
    signal: AbortSignal
  ): Promise<Heard | undefined> {
    if (ctx.clock.monotonic() - this.#lastAt < this.#againMs) return undefined
    this.#lastAt = ctx.clock.monotonic()
    const { said, heard } = await this.#call(ctx, agreement, make, signal)
    if (signal.aborted) return undefined
    this.#againMs = said === this.#said ? Math.min(2 * this.#againMs, AGAIN_MAX_MS) : AGAIN_MS
    if (said !== this.#said) {
      this.#said = said
      const { arbiter, shard } = agreement
      ctx.log.info({ arbiter, shard, said }, 'a dispute before its arbiter')
    }
    return heard
  }

  async #call(
    ctx: PeerContext,
    { arbiter }: Agreement,
    make: MakeEvidence,
    signal: AbortSignal
  ): Promise<{ readonly said: string; readonly heard?: Heard }> {
    try {
      const card = await ctx.arbiters.find(arbiter, signal)
      if (this.#made === undefined || Buffer.compare(this.#made.recipient, card.recipient) !== 0)
        this.#made = { recipient: card.recipient, body: await make(card, signal) }
      const { body } = this.#made
      const to = ctx.adverts.locate({ peer: card.peer, addresses: card.addresses })
      const { state, reason, refusal, handed } = await ctx.network.request(to, 'evidence', body, signal)
      if (refusal !== undefined) return { said: describeRefusal(refusal) }
      return { said: `${state}${reason === undefined ? '' : `: ${reason}`}`, heard: { arbiter: to, handed } }
    } catch (e) {
      ctx.arbiters.forget(arbiter)
      return { said: asShoalError(e, 'PEER_UNREACHABLE').message }
    }
  }
}
