/**
 * Slots that our own jobs have just taken, as long as the provider's advert does not show it yet: without this each job would see the same
 * slot free and propose an agreement for it. No clocks are compared: a newer advert than the one known at the agreement counts as knowing.
 */
import type { PeerIdString } from '../../protocol/ids.ts'
import type { CapacityAdvert } from '../../protocol/records/advert.ts'
import type { Clock } from '../../protocol/ports/index.ts'
import type { ExecutionEntry } from '../journal/entries.ts'

interface Claim {
  readonly peer: PeerIdString
  /** When the provider agreed (monotonic), with the newest advert of it that was known then; absent while it has not. */
  readonly agreed?: { readonly at: number; readonly seq: number }
}

/** States in which the provider holds a slot for it. */
const HOLDING: ReadonlySet<ExecutionEntry['state']> = new Set(['awarded', 'agreed', 'open', 'started'])

type Named = Pick<ExecutionEntry, 'jobId' | 'shard' | 'attempt' | 'copy'>
const nameOf = (e: Named): string => `${e.jobId} ${e.shard}/${e.attempt}/${e.copy}`

export interface ClaimsParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly seqOf: (peer: PeerIdString) => number
  /** A slot may be free again. */
  readonly changed: () => void
}

export class Claims {
  readonly #parts: ClaimsParts
  /** One for each execution of a live job that waits for its provider's advert. */
  readonly #claims = new Map<string, Claim>()
  /** Providers that have just declined: the advert in which they had a slot is not believed any more. */
  readonly #full = new Map<PeerIdString, number>()

  constructor(parts: ClaimsParts) {
    this.#parts = parts
  }

  /** A seat was given to a provider, which does not know it yet. */
  claim(seat: Named, peer: PeerIdString): void {
    this.#claims.set(nameOf(seat), { peer })
  }

  /** Nothing came of it. */
  release(seat: Named): void {
    if (this.#claims.delete(nameOf(seat))) this.#parts.changed()
  }

  /** An execution has moved. */
  saw(entry: Named & Pick<ExecutionEntry, 'state' | 'provider'>): void {
    const { clock, seqOf } = this.#parts
    const { peer } = entry.provider
    const claim = this.#claims.get(nameOf(entry))
    if (entry.state === 'declined') this.#full.set(peer, seqOf(peer))
    if (claim === undefined) return
    if (!HOLDING.has(entry.state)) return this.release(entry)
    if (entry.state === 'awarded' || claim.agreed !== undefined) return
    this.#claims.set(nameOf(entry), { peer, agreed: { at: clock.monotonic(), seq: seqOf(peer) } })
  }

  /** Slots of a provider that are still there for us, by its advert and by what we have taken since. */
  free({ card, seq, slotsFree }: Pick<CapacityAdvert, 'card' | 'seq' | 'slotsFree'>): number {
    const full = this.#full.get(card.peer)
    if (full === seq) return 0
    if (full !== undefined) this.#full.delete(card.peer)
    let taken = 0
    for (const [name, { peer, agreed }] of this.#claims) {
      if (peer !== card.peer) continue
      if (agreed === undefined || seq <= agreed.seq) taken++
      else this.#claims.delete(name) // the advert knows it
    }
    return Math.max(0, slotsFree - taken)
  }

  /** Slots of a provider that we have taken and that it may not have known of when it made a bid after `since` (monotonic). */
  taken(provider: PeerIdString, since: number): number {
    let taken = 0
    for (const { peer, agreed } of this.#claims.values())
      if (peer === provider && (agreed === undefined || agreed.at >= since)) taken++
    return taken
  }
}
