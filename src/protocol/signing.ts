/**
 * What exactly is signed. Ed25519 signatures cover a domain text and the canonical record without its signatures, so a signature
 * for one kind of record can never pass for another's.
 */
import { digestOf, encode, fromHex } from './codec.ts'
import type { BidCore, CardCore, OfferCore } from './eip712.ts'
import type { Hex32 } from './ids.ts'
import type { AdvertBody } from './records/advert.ts'
import type { AttestationBody } from './records/attestation.ts'
import type { BidBody } from './records/bid.ts'
import type { PeerCardBody } from './records/card.ts'
import type { CheckpointBody, FailureBody, ResultBody } from './records/delivery.ts'
import type { OfferBody } from './records/offer.ts'

const encoder = new TextEncoder()

/** Removes the signature fields of any record. */
export function bodyOf<T extends object>(
  record: T
): Omit<T, 'signature' | 'operatorSignature' | 'peerSignature'> {
  const {
    signature: _s,
    operatorSignature: _o,
    peerSignature: _p,
    ...body
  } = record as T & Record<string, unknown>
  return body
}

/** sha-256 of the canonical record without its signatures. */
export const bodyDigest = (record: object): Hex32 => digestOf(encode(bodyOf(record)))

export type SignedKind = 'advert' | 'attestation' | 'checkpoint' | 'result' | 'failure'

/** The bytes that the Ed25519 key signs for a record of this kind. */
export const signingBytes = (
  kind: SignedKind,
  record: AdvertBody | AttestationBody | CheckpointBody | ResultBody | FailureBody
): Uint8Array => new Uint8Array([...encoder.encode(`shoal/${kind}/1\n`), ...fromHex(bodyDigest(record))])

const seconds = (ms: number): bigint => BigInt(Math.floor(ms / 1000))

export const cardCore = (c: PeerCardBody): CardCore => ({
  peer: c.peer,
  beneficiary: c.beneficiary,
  seq: BigInt(c.seq),
  body: bodyDigest(c)
})
export const offerCore = (o: OfferBody): OfferCore => ({
  jobId: o.jobId,
  round: o.round,
  ceiling: o.ceiling,
  expires: seconds(o.issued + o.windowMs),
  body: bodyDigest(o)
})
export const bidCore = (b: BidBody): BidCore => ({
  offer: b.offer,
  price: b.price,
  slots: b.slots,
  expires: seconds(b.issued + b.validMs),
  body: bodyDigest(b)
})
