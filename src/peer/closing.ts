/** How an escrow ended, by what its slot still tells: for when its events cannot be read. */
import type { Agreement } from '../protocol/eip712.ts'
import { moveOf } from '../protocol/machines/execution.ts'
import type { Escrow, EscrowOutcome } from '../protocol/ports/settlement.ts'
import type { Closing } from './journal/entries.ts'

const BPS = 10_000n

/** The provider's part of the price before the fee; undefined where only the events tell it. */
function grossOf(outcome: EscrowOutcome, acknowledged: bigint, a: Agreement): bigint | undefined {
  if (outcome === 'accepted' || outcome === 'released') return a.price
  if (outcome === 'refunded') return acknowledged
  if (outcome !== 'split') return undefined // a consent or a ruling names an amount of its own
  const share = (a.price * BigInt(a.splitBps)) / BPS
  return share > acknowledged ? share : acknowledged
}

/** What a look at a closed escrow means to either side; undefined while it is open. */
export interface BlindEnd {
  readonly move: (typeof moveOf)[EscrowOutcome]
  readonly what: string
  /** Undefined where only its events tell the amounts. */
  readonly closing: Closing | undefined
}

export function blindEnd(escrow: Escrow, a: Agreement, feeBps: number): BlindEnd | undefined {
  const { outcome } = escrow
  if (outcome === undefined) return undefined
  const what = `escrow ${outcome}, seen without its events`
  return { move: moveOf[outcome], what, closing: closingOf(escrow, a, feeBps) }
}

/** The amounts of a closed escrow, as the contract reckons them; undefined where only its events tell them. `feeBps` is the network's. */
export function closingOf(
  { outcome, acknowledged }: Escrow,
  a: Agreement,
  feeBps: number
): Closing | undefined {
  const gross = outcome === undefined ? undefined : grossOf(outcome, acknowledged, a)
  if (outcome === undefined || gross === undefined) return undefined
  const fee = (gross * BigInt(feeBps) + BPS - 1n) / BPS
  return { outcome, paid: gross - fee, fee, refunded: a.price - gross, bondSlashed: 0n }
}
