/** Whether a provider may and should bid on an offer: the first reason against it, or none. Pure; the provider can show the reason. */
import type { Address } from '../protocol/ids.ts'
import { serves } from './classes.ts'
import type { AdvertBody, NodeClass } from '../protocol/records/advert.ts'
import type { ImageNeed } from '../protocol/records/container.ts'
import type { OfferBody } from '../protocol/records/offer.ts'

/** Why a provider does not bid. */
export type Refusal =
  | 'expired'
  | 'own-offer'
  | 'excluded'
  | 'class-too-low'
  | 'engine-missing'
  | 'engine-version'
  | 'no-free-slot'
  | 'memory-short'
  | 'disk-short'
  | 'gpu-missing'
  | 'gpu-busy'
  | 'image-missing'
  | 'uploads-refused'
  | 'policy'
  | 'terms'
  | 'lied-before'
  | 'region-differs'
  | 'energy-differs'
  | 'rule-unknown'
  | 'too-slow'
  | 'price-below-ask'
  | 'not-selected'
  | 'not-wanted'

export interface BidderState {
  readonly operator: Address
  readonly advert: Pick<
    AdvertBody,
    | 'class'
    | 'engines'
    | 'slotsFree'
    | 'memoryBytes'
    | 'diskBytes'
    | 'ask'
    | 'gpus'
    | 'containers'
    | 'region'
    | 'energy'
  >
  /** That are proven; where they are not known, what the advert says. */
  readonly classes?: readonly NodeClass[]
  readonly rules: readonly string[]
  /** Bidding is over, by the clock of whoever asks. */
  readonly over?: boolean
}

const GIGA = 1_000_000_000n

/** What one execution costs at this ask: the whole gas limit is covered, rounded up. */
export const priceOf = (gas: bigint, askPerGiga: bigint): bigint => (gas * askPerGiga + GIGA - 1n) / GIGA

/** What this provider asks for one execution on an engine. */
export const askOf = (advert: Pick<AdvertBody, 'engines' | 'ask'>, engine: string): bigint =>
  advert.engines.find(e => e.id === engine)?.ask ?? advert.ask

function gpuRefusal(wanted: number | undefined, gpus: AdvertBody['gpus']): Refusal | undefined {
  if (wanted === undefined) return undefined
  const large = (gpus ?? []).filter(g => g.count > 0 && g.memoryBytes >= wanted)
  if (large.length === 0) return 'gpu-missing'
  return large.some(g => g.free > 0) ? undefined : 'gpu-busy'
}

/** Whether a provider runs a container's image: one that it names, or any that comes along when it says so. */
export function imageRefusal(
  wanted: ImageNeed | undefined,
  containers: AdvertBody['containers']
): Refusal | undefined {
  if (wanted === undefined) return undefined
  if (wanted === 'upload') return containers?.uploads === true ? undefined : 'uploads-refused'
  return containers?.images.includes(wanted) === true ? undefined : 'image-missing'
}

/** `wanted` is a whole version or its first parts: `3.4` takes 3.4.1 and not 3.41. */
export const versionFits = (wanted: string | undefined, version: string): boolean =>
  wanted === undefined || version === wanted || version.startsWith(`${wanted}.`)

/** The first reason not to bid, or undefined. Self-selection is a separate step (selection.ts). */
export function refusal(offer: OfferBody, me: BidderState): Refusal | undefined {
  const engine = me.advert.engines.find(e => e.id === offer.needs.engine)
  if (me.over === true) return 'expired'
  if (offer.card.operator.toLowerCase() === me.operator.toLowerCase()) return 'own-offer'
  if (offer.excluded.some(a => a.toLowerCase() === me.operator.toLowerCase())) return 'excluded'
  if (!me.rules.includes(offer.rule)) return 'rule-unknown'
  if (!serves(me.advert.class, offer.class) || me.classes?.includes(offer.class) === false)
    return 'class-too-low'
  if (engine === undefined) return 'engine-missing'
  if (!versionFits(offer.needs.engineVersion, engine.version)) return 'engine-version'
  const image = imageRefusal(offer.needs.image, me.advert.containers)
  if (image !== undefined) return image
  if (me.advert.slotsFree === 0) return 'no-free-slot'
  if (me.advert.memoryBytes < offer.needs.memoryBytes) return 'memory-short'
  if (me.advert.diskBytes < offer.needs.diskBytes) return 'disk-short'
  const gpu = gpuRefusal(offer.needs.gpuMemoryBytes, me.advert.gpus)
  if (gpu !== undefined) return gpu
  if (offer.region !== 'any' && offer.region !== me.advert.region) return 'region-differs'
  if (offer.energy === 'renewable' && me.advert.energy !== 'renewable') return 'energy-differs'
  if (engine.speed === 0n) return 'too-slow'
  if (priceOf(offer.needs.gas, askOf(me.advert, offer.needs.engine)) > offer.ceiling) return 'price-below-ask'
  return undefined
}
