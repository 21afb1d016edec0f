/** A PeerCard binds a peer's three keys: signed by the operator key (EIP-712) and by the network identity (Ed25519). */
import { z } from 'zod'
import { concatBytes } from '../byte-source.ts'
import { encode } from '../codec.ts'
import { addresses, address, bytes, peerId, record, signature, timestamp, uint } from '../fields.ts'

export const peerCardBody = record({
  v: z.literal(1),
  peer: peerId,
  operator: address,
  beneficiary: address,
  /** X25519 public key that content keys are wrapped to. */
  recipient: bytes(32),
  profile: z.enum(['full', 'light']),
  /** Where the peer can be dialled; empty for a light peer. */
  addresses,
  /** Higher replaces lower. */
  seq: uint(),
  expires: timestamp
})
export type PeerCardBody = z.output<typeof peerCardBody>

export const peerCard = peerCardBody.extend({ operatorSignature: signature, peerSignature: bytes(64) })
export type PeerCard = z.output<typeof peerCard>

/** What the network identity signs: a domain, then the card as it stands with the operator's signature, in canonical dag-cbor. */
export function peerSignedBytes(card: Omit<PeerCard, 'peerSignature'>): Uint8Array {
  const { peer, operator, beneficiary, recipient, profile, addresses, seq, expires, operatorSignature } = card
  const signed = {
    ...{ v: card.v, peer, operator, beneficiary, recipient, profile, addresses, seq, expires },
    operatorSignature
  }
  return concatBytes([new TextEncoder().encode('shoal-peer-card-1:'), encode(signed)])
}
