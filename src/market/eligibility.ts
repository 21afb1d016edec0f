/** Whether a provider may and should bid on an offer: the first reason against it, or none. Pure; the provider can show the reason. */
import type { Address } from '../protocol/ids.ts'
import type { AdvertBody } from '../protocol/records/advert.ts'
import type { OfferBody } from '../protocol/records/offer.ts'

/** Why a provider does not bid. */
export type Refusal =
  | 'expired'
  | 'own-offer'
  | 'excluded'
  | 'engine-missing'
  | 'engine-version'
  | 'no-free-slot'
  | 'memory-short'
  | 'disk-short'
  | 'region-differs'
  | 'energy-differs'
  | 'rule-unknown'
  | 'too-slow'
  | 'price-below-ask'
  | 'not-selected'

export interface BidderState {
  readonly operator: Address
  readonly advert: Pick<
    AdvertBody,
    'engines' | 'slotsFree' | 'memoryBytes' | 'diskBytes' | 'ask' | 'region' | 'energy'
  >
  readonly rules: readonly string[]
  readonly now: number
}

const GIGA = 1_000_000_000n

/** What one execution costs at this ask: the whole gas limit is covered, rounded up. */
export const priceOf = (gas: bigint, askPerGiga: bigint): bigint => (gas * askPerGiga + GIGA - 1n) / GIGA

/** `wanted` is a whole version or its first parts: `3.4` takes 3.4.1 and not 3.41. */
export const versionFits = (wanted: string | undefined, version: string): boolean =>
  wanted === undefined || version === wanted || version.startsWith(`${wanted}.`)

/** The first reason not to bid, or undefined. Self-selection is a separate step (selection.ts). */
export function refusal(offer: OfferBody, me: BidderState): Refusal | undefined {
  const engine = me.advert.engines.find(e => e.id === offer.needs.engine)
  if (me.now >= offer.expires) return 'expired'
  if (offer.card.operator.toLowerCase() === me.operator.toLowerCase()) return 'own-offer'
  if (offer.excluded.some(a => a.toLowerCase() === me.operator.toLowerCase())) return 'excluded'
  if (!me.rules.includes(offer.rule)) return 'rule-unknown'
  if (engine === undefined) return 'engine-missing'
  if (!versionFits(offer.needs.engineVersion, engine.version)) return 'engine-version'
  if (me.advert.slotsFree === 0) return 'no-free-slot'
  if (me.advert.memoryBytes < offer.needs.memoryBytes) return 'memory-short'
  if (me.advert.diskBytes < offer.needs.diskBytes) return 'disk-short'
  if (offer.region !== 'any' && offer.region !== me.advert.region) return 'region-differs'
  if (offer.energy === 'renewable' && me.advert.energy !== 'renewable') return 'energy-differs'
  if (engine.speed === 0n) return 'too-slow'
  if (priceOf(offer.needs.gas, me.advert.ask) > offer.ceiling) return 'price-below-ask'
  return undefined
}
