/** Why none of the known providers bids on an offer, for the person who waits. */
import { ruleIds } from '../../market/award.ts'
import type { Refusal } from '../../market/eligibility.ts'
import { reasonsAgainst } from '../../market/expected.ts'
import type { OfferBody } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'

const WORDS: Partial<Readonly<Record<Refusal, string>>> = {
  'engine-missing': 'without its engine',
  'engine-version': 'with another version of its engine',
  'image-missing': 'not running its image',
  'uploads-refused': 'taking no image that comes with a job',
  'no-free-slot': 'without a free slot',
  'class-too-low': 'of too low a class',
  'memory-short': 'with too little memory',
  'disk-short': 'with too little disk',
  'gpu-missing': 'without such a GPU',
  'gpu-busy': 'with their GPUs in use',
  'price-below-ask': 'asking more than the job pays'
}

/** What a requester can do about it: only where the answer is not plain from the words. */
const hintFor = (image: OfferBody['needs']['image']): string => {
  if (image === undefined) return ''
  const what =
    image === 'upload'
      ? 'its owner sets provider.containers.uploads'
      : `its owner allows sha256:${image.slice(2)}`
  return `; a provider runs it when ${what}; shoal offers --json shows what each runs`
}

/** As in `of 3 known providers 2 not running its image, 1 without a free slot`. */
export function whyNobody(ctx: Pick<PeerContext, 'adverts' | 'clock'>, offer: OfferBody): string {
  const reasons = reasonsAgainst(offer, ctx.adverts.list(), ruleIds)
  const known = [...reasons.values()].reduce((n, count) => n + count, 0)
  if (known === 0) return 'no provider is known here'
  const said = [...reasons].map(
    ([reason, count]) => `${count} ${reason === 'none' ? 'silent' : (WORDS[reason] ?? reason)}`
  )
  const able = reasons.has('none')
  return `of ${known} known providers ${said.join(', ')}${able ? '' : hintFor(offer.needs.image)}`
}
