/** How an escrow ended, by what its slot still tells: for when its events cannot be read. */
import type { Agreement } from '../protocol/eip712.ts'
import { claimOf, isFirstGeneration } from '../protocol/machines/escrow.ts'
import { feeOf } from '../protocol/machines/escrow-rules.ts'
import { moveOf } from '../protocol/machines/execution.ts'
import type { Escrow, EscrowOutcome } from '../protocol/ports/settlement.ts'
import type { Closing } from './journal/entries.ts'

const BPS = 10_000n

const max = (x: bigint, y: bigint): bigint => (x > y ? x : y)

/** The provider's part of the price before the fee; undefined where only the events tell it. */
function grossOf(outcome: EscrowOutcome, e: Escrow, a: Agreement): bigint | undefined {
  const old = isFirstGeneration(a)
  if (outcome === 'accepted') return old ? a.price : e.acknowledged
  if (outcome === 'released') return old ? a.price : max(e.acknowledged, claimOf(e, a))
  if (outcome === 'refunded') return e.acknowledged
  if (outcome !== 'split') return undefined // a consent or a ruling names an amount of its own
  return old ? max((a.price * BigInt(a.splitBps)) / BPS, e.acknowledged) : e.acknowledged
}

/** What of the price nobody got: a silent arbiter left it undecided. */
const burnedOf = (outcome: EscrowOutcome, e: Escrow, a: Agreement): bigint =>
  outcome === 'split' && !isFirstGeneration(a) ? max(0n, claimOf(e, a) - e.acknowledged) : 0n

/** The fee of contracts of generation 1 was rounded up. */
const feeBy = (gross: bigint, feeBps: bigint, a: Agreement): bigint =>
  isFirstGeneration(a) ? (gross * feeBps + BPS - 1n) / BPS : feeOf(gross, feeBps)

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
export function closingOf(e: Escrow, a: Agreement, feeBps: number): Closing | undefined {
  const { outcome } = e
  const gross = outcome === undefined ? undefined : grossOf(outcome, e, a)
  if (outcome === undefined || gross === undefined) return undefined
  const fee = feeBy(gross, BigInt(feeBps), a)
  const refunded = a.price - gross - burnedOf(outcome, e, a)
  return { outcome, paid: gross - fee, fee, refunded, bondSlashed: 0n }
}
