/** A peer's three keys, as the code that uses them sees them. */
import type { TypedName, TypedValues } from '../eip712.ts'
import type { Address, HexBytes, PeerIdString } from '../ids.ts'

/** The operator key (secp256k1): signs what carries money. */
export interface OperatorKey {
  readonly address: Address
  /** EIP-712 signature under the network's domain: 65 bytes r, s, v. */
  sign<N extends TypedName>(name: N, value: TypedValues[N]): Promise<HexBytes>
}

/** Checks of typed data under the network's domain. */
export interface TypedDataVerifier {
  /** The EIP-712 digest of the value. */
  digest<N extends TypedName>(name: N, value: TypedValues[N]): string
  /** The address that signed, or undefined when the signature is malformed. */
  signer<N extends TypedName>(name: N, value: TypedValues[N], signature: HexBytes): Address | undefined
}

/** The network identity (Ed25519). */
export interface IdentityKey {
  readonly peerId: PeerIdString
  sign(bytes: Uint8Array): Promise<Uint8Array>
}

/** Checks Ed25519 signatures against the key inside a peer id. */
export interface IdentityVerifier {
  verify(peerId: PeerIdString, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/** The key that receives sealed content keys (X25519, HPKE). */
export interface RecipientKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Opens what was wrapped to this key with the same `context`; CONTENT_CORRUPT otherwise. */
  unwrap(wrapped: Uint8Array, context: Uint8Array): Promise<Uint8Array>
}

/** Wraps a content key to a recipient (HPKE base mode): 80 bytes for a 32-byte key. */
export type WrapKey = (key: Uint8Array, recipient: Uint8Array, context: Uint8Array) => Promise<Uint8Array>
