/** Why none of the providers bids on an offer, for the person who waits: everything that this peer knows of it, the likeliest first. */
import { ruleIds } from '../../market/award.ts'
import type { Refusal } from '../../market/eligibility.ts'
import { reasonsAgainst } from '../../market/expected.ts'
import { weighed } from '../../market/weighed.ts'
import type { BanView, NetworkHealth } from '../../protocol/ports/network-health.ts'
import type { CapacityAdvert } from '../../protocol/records/advert.ts'
import type { OfferBody } from '../../protocol/records/offer.ts'
import type { PeerContext } from '../context.ts'

const WORDS: Partial<Readonly<Record<Refusal, string>>> = {
  'engine-missing': 'without its engine',
  'engine-version': 'with another version of its engine',
  'image-missing': 'not running its image',
  'uploads-refused': 'taking no image that comes with a job',
  'no-free-slot': 'without a free slot',
  'class-too-low': 'of too low a class',
  'memory-short': 'with too little memory that is free and proven',
  'disk-short': 'with too little disk that is free and proven',
  'gpu-missing': 'without such a GPU',
  'gpu-busy': 'with their GPUs in use',
  'price-below-ask': 'asking more than the job pays'
}
/** Bans that are told one by one; of more only their number. */
const BANS_SAID = 3

/** What a requester can do about it: only where the answer is not plain from the words. */
const hintFor = (image: OfferBody['needs']['image']): string => {
  if (image === undefined) return ''
  const what =
    image === 'upload'
      ? 'its owner sets provider.containers.uploads'
      : `its owner allows sha256:${image.slice(2)}`
  return `; a provider runs it when ${what}; shoal offers --json shows what each runs`
}

type Ports = Pick<PeerContext, 'adverts' | 'clock' | 'network' | 'clockOff'>

/** The end of a peer id: the beginning is the same for all. */
const short = (peer: string): string => `…${peer.slice(-8)}`

const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** As in `2 peers ban this one: …aBcDeFgH says that it sent a flood of gossip`. */
function bansSaid(bans: readonly BanView[]): string {
  const said = bans.slice(0, BANS_SAID).map(b => `${short(b.peer)} says that it sent ${b.words}`)
  const more = bans.length > BANS_SAID ? [`and ${bans.length - BANS_SAID} more`] : []
  return `${count(bans.length, 'peer bans', 'peers ban')} this one: ${[...said, ...more].join(', ')}`
}

/** Whether there is anybody to ask at all. */
function connectivity({ bootstrap, bannedBy }: NetworkHealth, connected: number): string {
  if (connected > 0)
    return `${count(connected, 'peer is', 'peers are')} connected, and none that sells is known here`
  if (bannedBy.length > 0) return 'no peer is connected'
  if (bootstrap.known === 0)
    return 'no peer is connected, and none to begin with is configured (p2p.bootstrap)'
  if (bootstrap.answered === 0)
    return `no peer is connected: of ${count(bootstrap.known, 'bootstrap peer')} none has answered`
  return `no peer is connected any more; ${bootstrap.answered} of ${count(bootstrap.known, 'bootstrap peer')} answered before`
}

/** What lies between us and the others, whatever they sell. */
function between(
  { bans, bannedBy, otherVersions, troubles }: NetworkHealth,
  clockOff: string | undefined
): string[] {
  return [
    ...(bannedBy.length > 0 ? [bansSaid(bannedBy)] : []),
    ...(bans.length > 0 ? [`this peer bans ${count(bans.length, 'peer')} (shoal peers)`] : []),
    ...(otherVersions > 0 ? [`${count(otherVersions, 'connected peer')} of another version`] : []),
    ...(clockOff === undefined ? [] : [clockOff]),
    ...troubles.slice(0, 1)
  ]
}

/** What keeps providers from being known here, when none is. */
export function whyNoneKnown(ctx: Pick<PeerContext, 'network' | 'clockOff'>): string {
  const health = ctx.network.health()
  const apart = between(health, ctx.clockOff?.())
  return [connectivity(health, ctx.network.peers().length), ...apart].join('; ')
}

/** As in `of 3 known providers 2 not running its image, 1 without a free slot`, with what may keep others from being known. */
export function whyNobody(ctx: Ports, offer: OfferBody): string {
  const health = ctx.network.health()
  const adverts = ctx.adverts.list()
  const apart = between(health, ctx.clockOff?.())
  if (adverts.every(a => a.card.operator.toLowerCase() === offer.card.operator.toLowerCase()))
    return whyNoneKnown(ctx)
  return [knownSaid(ctx, offer, adverts, health), ...apart].join('; ')
}

/** Of the providers that are known: who bans us and whom we ban, and of the others the first reason that each has. */
function knownSaid(
  ctx: Ports,
  offer: OfferBody,
  adverts: readonly CapacityAdvert[],
  { bans, bannedBy }: NetworkHealth
): string {
  const against = (list: readonly BanView[]) => (a: CapacityAdvert) => list.some(b => b.peer === a.card.peer)
  const [theirs, ours] = [adverts.filter(against(bannedBy)), adverts.filter(against(bans))]
  const banned = adverts.filter(a => theirs.includes(a) || ours.includes(a))
  const mine = offer.card.operator.toLowerCase()
  const others = adverts.filter(a => !banned.includes(a) && a.card.operator.toLowerCase() !== mine)
  // claims count up to what others have proven: a requester takes no bid on more
  const unproven = others.filter(a => !ctx.adverts.serves(a, offer.class))
  const able = others.filter(a => !unproven.includes(a)).map(a => weighed(a, ctx.adverts.proven(a)))
  const reasons = reasonsAgainst(offer, able, ruleIds)
  const known = [...reasons.values()].reduce((n, c) => n + c, banned.length + unproven.length)
  const said = [
    ...(theirs.length > 0 ? [`${theirs.length} that ban this peer`] : []),
    ...(ours.length > 0 ? [`${ours.length} that this peer bans`] : []),
    ...(unproven.length > 0 ? [`${unproven.length} of whom class ${offer.class} is not proven`] : []),
    ...[...reasons].map(([reason, n]) => `${n} ${reason === 'none' ? 'silent' : (WORDS[reason] ?? reason)}`)
  ]
  return `of ${known} known providers ${said.join(', ')}${reasons.has('none') ? '' : hintFor(offer.needs.image)}`
}
