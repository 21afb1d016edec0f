/** Making and checking signed records. A record that passes here is what its signers said, and not yet too old. */
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import { UINT128_MAX } from '../protocol/fields.ts'
import { decode, digestOf, encode, isGarbage, toHex, type Schema } from '../protocol/codec.ts'
import type { Address, Hex32, PeerIdString } from '../protocol/ids.ts'
import {
  ADVERT_TTL_MAX,
  ATTESTATION_TTL_MAX,
  CARD_TTL_MAX,
  CLOCK_SKEW,
  MiB,
  OFFER_TTL_MAX
} from '../protocol/limits.ts'
import type { BoundedMap } from '../protocol/bounded-map.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { IdentityKey, IdentityVerifier, OperatorKey, TypedDataVerifier } from '../protocol/ports/keys.ts'
import { advertBody, type AdvertBody, type CapacityAdvert } from '../protocol/records/advert.ts'
import type { Attestation } from '../protocol/records/attestation.ts'
import { bidBody, type Bid, type BidBody } from '../protocol/records/bid.ts'
import { peerSignedBytes, type PeerCard, type PeerCardBody } from '../protocol/records/card.ts'
import {
  checkpointBody,
  failureBody,
  resultBody,
  type CheckpointBody,
  type FailureBody,
  type ResultBody
} from '../protocol/records/delivery.ts'
import { offerBody, type OfferBody, type TaskOffer } from '../protocol/records/offer.ts'
import { bidCore, bodyDigest, bodyOf, cardCore, offerCore, signingBytes } from '../protocol/signing.ts'

const refuse = (message: string): never => {
  throw new ShoalError('SIGNATURE_INVALID', message)
}

/**
 * Whether a record was refused for what only a forger sends: bytes that are no record of any version, too many of them, or a signature
 * that is not its signer's. Whoever passes such a record on has not checked it. What is too old or too new, or of a shape that is
 * not known here, may be honest.
 */
export const isForged = (e: unknown): boolean =>
  isShoalError(e, 'SIGNATURE_INVALID', 'FRAME_TOO_LARGE') || isGarbage(e)

/** Lower-case comparison: EIP-55 spelling carries no meaning. */
export const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

export async function signCard(
  body: PeerCardBody,
  operator: OperatorKey,
  identity: IdentityKey
): Promise<PeerCard> {
  const half = { ...body, operatorSignature: await operator.sign('PeerCard', cardCore(body)) }
  return { ...half, peerSignature: await identity.sign(peerSignedBytes(half)) }
}

/** A record's own time, by its author's clock. */
interface Span {
  readonly issued: number
  readonly lengthMs: number
}

/**
 * A record that was made at `issued` and is good for `lengthMs`: neither over nor from the future by more than clocks may differ, and not
 * claiming longer than it may. How long it is good here is counted from when it came, on our clock. RECORD_INVALID tells by how much.
 */
function checkSpan(what: string, now: number, { issued, lengthMs }: Span, ttl: number): void {
  const [early, late] = [issued - now, now - issued - lengthMs]
  const off = { offMs: issued - now }
  if (lengthMs > ttl) throw new ShoalError('RECORD_INVALID', `${what} is good for longer than it may be`)
  if (early > CLOCK_SKEW)
    throw new ShoalError('RECORD_INVALID', `${what} is from the future, by ${Math.round(early / 1000)} s`, {
      data: off
    })
  if (late > CLOCK_SKEW)
    throw new ShoalError('RECORD_INVALID', `${what} is over, since ${Math.round(late / 1000)} s`, {
      data: off
    })
}

/** Clocks may differ at both ends of a life of hours. */
function checkExpiry(what: string, now: number, expires: number, ttl: number): void {
  if (expires + CLOCK_SKEW <= now) throw new ShoalError('RECORD_INVALID', `${what} has expired`)
  if (expires > now + ttl + CLOCK_SKEW)
    throw new ShoalError('RECORD_INVALID', `${what} expires too far ahead`)
}

export interface Verifiers {
  readonly typed: TypedDataVerifier
  readonly identities: IdentityVerifier
  readonly clock: Clock
  /** Cards whose signatures were found good, by the digest of all their bytes: the same one stands in every offer and bid of a peer. */
  readonly seenCards?: BoundedMap<string, true>
}

/** Both signatures of a card. SIGNATURE_INVALID or RECORD_INVALID. */
export async function verifyCard(card: PeerCard, v: Verifiers): Promise<void> {
  checkExpiry('card', v.clock.now(), card.expires, CARD_TTL_MAX)
  const digest = digestOf(encode(card))
  if (v.seenCards?.has(digest) === true) return
  const signer = v.typed.signer('PeerCard', cardCore(bodyOf(card) as PeerCardBody), card.operatorSignature)
  if (signer === undefined || !sameAddress(signer, card.operator))
    refuse('card: the operator key did not sign it')
  if (!(await v.identities.verify(card.peer, peerSignedBytes(card), card.peerSignature)))
    refuse('card: the peer did not sign it')
  v.seenCards?.set(digest, true)
}

/** What nobody could read is not signed (RECORD_INVALID): others would take us for a broken machine, or an attacker. */
const readable = (schema: Schema<unknown>, body: object, what: string): void =>
  void decode(schema, encode(bodyOf(body)), what, MiB)

export async function signAdvert(body: AdvertBody, identity: IdentityKey): Promise<CapacityAdvert> {
  readable(advertBody, body, 'advert')
  return { ...body, signature: await identity.sign(signingBytes('advert', body)) }
}

/** Of this subject, signed by its challenger, claiming no longer than it may; it may have expired. SIGNATURE_INVALID or RECORD_INVALID. */
export async function verifyAttestation(
  a: Attestation,
  subject: PeerIdString,
  v: Pick<Verifiers, 'identities' | 'clock'>
): Promise<void> {
  if (a.subject !== subject) throw new ShoalError('RECORD_INVALID', 'attestation: of another peer')
  if (a.at > v.clock.now() + CLOCK_SKEW)
    throw new ShoalError('RECORD_INVALID', 'attestation is from the future')
  if (a.expires > a.at + ATTESTATION_TTL_MAX)
    throw new ShoalError('RECORD_INVALID', 'attestation expires too far ahead')
  const bytes = signingBytes('attestation', bodyOf(a))
  if (!(await v.identities.verify(a.challenger, bytes, a.signature)))
    refuse('attestation: the challenger did not sign it')
}

/** Whether the peer of its card has signed it; what it says may be wrong, and it may be over. */
export const isAdvertSigned = (
  advert: CapacityAdvert,
  { identities }: Pick<Verifiers, 'identities'>
): Promise<boolean> =>
  identities.verify(advert.card.peer, signingBytes('advert', bodyOf(advert)), advert.signature)

/** `seen`: signatures of attestations that were found good, so that each is checked once and not with every beat of an advert. */
export async function verifyAdvert(
  advert: CapacityAdvert,
  v: Verifiers,
  seen?: BoundedMap<string, true>
): Promise<void> {
  const { issued, expires } = advert
  checkSpan('advert', v.clock.now(), { issued, lengthMs: expires - issued }, ADVERT_TTL_MAX)
  await verifyCard(advert.card, v)
  if (!(await isAdvertSigned(advert, v))) refuse('advert: the peer did not sign it')
  for (const a of advert.attestations ?? []) {
    const key = bodyDigest(a) + toHex(a.signature)
    if (seen?.has(key) === true && a.subject === advert.card.peer) continue
    await verifyAttestation(a, advert.card.peer, v)
    seen?.set(key, true)
  }
}

/** A provider's checkpoint, result or failure, signed by its network identity. */
const DELIVERIES: Readonly<Record<'checkpoint' | 'result' | 'failure', Schema<unknown>>> = {
  checkpoint: checkpointBody,
  result: resultBody,
  failure: failureBody
}

export async function signDelivery<B extends CheckpointBody | ResultBody | FailureBody>(
  kind: 'checkpoint' | 'result' | 'failure',
  body: B,
  identity: IdentityKey
): Promise<B & { signature: Uint8Array }> {
  readable(DELIVERIES[kind], body, kind)
  return { ...body, signature: await identity.sign(signingBytes(kind, body)) }
}

export async function signOffer(body: OfferBody, operator: OperatorKey): Promise<TaskOffer> {
  readable(offerBody, body, 'offer')
  return { ...body, signature: await operator.sign('Offer', offerCore(body)) }
}

/** The digest by which bids refer to an offer, and the one by which agreements refer to a bid; of records of any version. */
export const offerDigest = (offer: TaskOffer | OfferBody): Hex32 => bodyDigest(offer)
export const bidDigest = (bid: object): Hex32 => bodyDigest(bid)

export async function verifyOffer(offer: TaskOffer, v: Verifiers): Promise<void> {
  checkSpan('offer', v.clock.now(), { issued: offer.issued, lengthMs: offer.windowMs }, OFFER_TTL_MAX)
  if (offer.ceiling > UINT128_MAX) throw new ShoalError('RECORD_INVALID', 'offer: ceiling too high')
  await verifyCard(offer.card, v)
  const signer = v.typed.signer('Offer', offerCore(bodyOf(offer) as OfferBody), offer.signature)
  if (signer === undefined || !sameAddress(signer, offer.card.operator))
    refuse('offer: not signed by its operator')
}

export async function signBid(body: BidBody, operator: OperatorKey): Promise<Bid> {
  readable(bidBody, body, 'bid')
  return { ...body, signature: await operator.sign('Bid', bidCore(body)) }
}

/** A bid on this very offer, within its ceiling, signed by the operator in its card. */
export async function verifyBid(bid: Bid, offer: TaskOffer, v: Verifiers): Promise<void> {
  checkSpan('bid', v.clock.now(), { issued: bid.issued, lengthMs: bid.validMs }, OFFER_TTL_MAX)
  if (bid.offer !== offerDigest(offer)) throw new ShoalError('RECORD_INVALID', 'bid: for another offer')
  if (bid.price > offer.ceiling) throw new ShoalError('RECORD_INVALID', 'bid: above the ceiling')
  if (bid.slots === 0 || bid.speed === 0n) throw new ShoalError('RECORD_INVALID', 'bid: offers nothing')
  if (offer.excluded.some(a => sameAddress(a, bid.card.operator)))
    throw new ShoalError('RECORD_INVALID', 'bid: this operator is excluded')
  await verifyCard(bid.card, v)
  const signer = v.typed.signer('Bid', bidCore(bodyOf(bid) as BidBody), bid.signature)
  if (signer === undefined || !sameAddress(signer, bid.card.operator))
    refuse('bid: not signed by its operator')
}

/** The provider's signature under a checkpoint, result or failure of one agreement. */
export async function verifyDelivery(
  kind: 'checkpoint' | 'result' | 'failure',
  record: (CheckpointBody | ResultBody | FailureBody) & { readonly signature: Uint8Array },
  expected: { readonly agreement: Hex32; readonly peer: PeerCard['peer'] },
  v: Verifiers
): Promise<void> {
  if (record.agreement !== expected.agreement)
    throw new ShoalError('RECORD_INVALID', `${kind}: for another agreement`)
  const bytes = signingBytes(kind, bodyOf(record) as CheckpointBody | ResultBody | FailureBody)
  if (!(await v.identities.verify(expected.peer, bytes, record.signature)))
    refuse(`${kind}: the provider did not sign it`)
}

export type { Address }
