/** What must hold when an escrow closes, for each honest side. */
import type { Config } from './config.ts'
import type { Ending } from './chain.ts'
import { base, D, G, secondsAt } from './layout.ts'
import { disputeBondOf, graceEnds } from '../../../src/protocol/machines/escrow.ts'
import { amountAt, BOND, type DuelTerms } from './terms.ts'

export type Side = 'requester' | 'provider'

/** `s`: the state just before. The broken promise in words, or undefined. `alone`: the only side that acts as it should. */
export function broken(
  s: Uint8Array,
  duel: number,
  e: Ending,
  t: DuelTerms,
  c: Config,
  alone: Side | undefined
): string | undefined {
  const asks = (side: Side): boolean => alone === undefined || alone === side
  return (
    (c.requester === 'honest' && asks('requester') ? requesterLoss(s, duel, e, t) : undefined) ??
    (c.providers[duel] === 'honest' && asks('provider') ? providerLoss(s, duel, e, t) : undefined)
  )
}

function requesterLoss(s: Uint8Array, duel: number, e: Ending, t: DuelTerms): string | undefined {
  const signed = amountAt(t, s[base(duel) + D.signed] ?? 0)
  if (e.requesterLoss > t.price && e.outcome !== 'ruled') return 'the requester lost more than the price'
  if (e.requesterLoss > t.price + disputeBondOf(t))
    return 'the requester lost more than price and dispute bond'
  if (s[G.requesterWasOut] === 1) return undefined
  if (e.outcome === 'ruled') return undefined
  if (e.gross > signed)
    return `the requester paid ${e.gross}, but acknowledged ${signed} (${e.outcome ?? 'no outcome'})`
  return undefined
}

function providerLoss(s: Uint8Array, duel: number, e: Ending, t: DuelTerms): string | undefined {
  const b = base(duel)
  if (e.bonds < 0n && e.outcome !== 'ruled')
    return `the provider lost ${-e.bonds} of its bond without a ruling`
  if (e.bonds < -BOND) return 'the provider lost more than its bond'
  if (e.outcome === 'refunded' && secondsAt(s[G.tick] ?? 0) <= graceEnds(t))
    return 'the money went back while the provider could still deliver, or bring receipts'
  if (s[G.providerWasOut] === 1) return undefined
  const secured = amountAt(t, floor(s, b, e))
  if (e.gross < secured)
    return `the provider got ${e.gross}, but ${secured} was acknowledged to it (${e.outcome ?? 'no outcome'})`
  if ((s[b + D.deliveredAt] ?? 0) === 0 || e.outcome === 'ruled' || e.outcome === 'split') return undefined
  return e.gross < t.price
    ? `the provider committed a right result in time and got ${e.gross} of ${t.price} (${e.outcome ?? 'no outcome'})`
    : undefined
}

/** The amount (as an index) that the provider cannot get less than: what it had, or what it consented to. */
function floor(s: Uint8Array, b: number, e: Ending): number {
  const secured = s[b + (e.outcome === 'ruled' ? D.securedEarly : D.secured)] ?? 0
  if (e.outcome !== 'cancelled') return secured
  const released = s[b + D.release] ?? 0
  const lowest = [0, 1, 2].find(amount => (released & (1 << amount)) !== 0)
  return lowest === undefined ? secured : Math.min(secured, lowest)
}
