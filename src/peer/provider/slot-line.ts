/**
 * Which offers the free slots are meant for. A bid that a requester may take within moments stands for a slot; as many bids are out as the
 * slots can bear, the other offers wait in line. So a slot that comes free is not promised to everybody who waits for it.
 */
import type { Hex32 } from '../../protocol/ids.ts'
import type { Cancel, Clock } from '../../protocol/ports/index.ts'

/** How long a bid counts, ms: a requester that wants it agrees within moments, others collect bids for a second or two. */
export const MEANT_MS = 1_500
/** Bids on new offers for each free slot: most requesters hear of several providers and take one. */
export const NEW_FOR_SLOT = 2

export interface SlotLineParts {
  readonly clock: Pick<Clock, 'timer'>
  /** Slots that are free now. */
  readonly free: () => number
  /** There may be room for another bid. */
  readonly onRoom: () => void
}

export class SlotLine {
  readonly #parts: SlotLineParts
  readonly #meant = new Map<Hex32, Cancel>()

  constructor(parts: SlotLineParts) {
    this.#parts = parts
  }

  /** Bids that may still be made on offers that have waited: one for each slot. */
  get room(): number {
    return Math.max(0, this.#parts.free() - this.#meant.size)
  }

  /** Whether a new offer gets a bid at once, or waits in line. */
  get open(): boolean {
    return this.#meant.size < NEW_FOR_SLOT * this.#parts.free()
  }

  /** A bid is about to be made. */
  mean(offer: Hex32): void {
    this.#meant.get(offer)?.()
    this.#meant.set(
      offer,
      this.#parts.clock.timer(MEANT_MS, () => this.over(offer))
    )
  }

  /** The bid was taken, refused, or left lying. */
  over(offer: Hex32): void {
    const cancel = this.#meant.get(offer)
    if (cancel === undefined) return
    cancel()
    this.#meant.delete(offer)
    this.#parts.onRoom()
  }

  clear(): void {
    for (const cancel of this.#meant.values()) cancel()
    this.#meant.clear()
  }
}
