/**
 * The network identity: an Ed25519 key made from a 32-byte seed, named by its libp2p peer id. This module needs no libp2p,
 * so that keys can be made and signatures checked without loading the network.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { ShoalError } from '../protocol/errors.ts'
import type { PeerIdString } from '../protocol/ids.ts'
import type { IdentityKey, IdentityVerifier } from '../protocol/ports/index.ts'

/** Bytes of a seed. */
export const SEED_BYTES = 32
/** PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
/** SPKI wrapping of a raw Ed25519 public key (RFC 8410, section 4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
/** Identity multihash (0x00, 36 bytes) of libp2p's protobuf of an Ed25519 public key (libp2p peer id specification). */
const PEER_ID_HEAD = Uint8Array.from([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])
const SIGNATURE_BYTES = 64

/** The seed's private key as Node's crypto sees it. CONFIG_INVALID for a seed of another size. */
function privateKey(seed: Uint8Array): KeyObject {
  if (seed.byteLength !== SEED_BYTES) {
    throw new ShoalError('CONFIG_INVALID', `A network identity needs a seed of ${SEED_BYTES} bytes.`)
  }
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
}

/** The raw public key of a seed: 32 bytes. */
export function publicKeyOfSeed(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(SPKI_HEAD.length))
}

/** The peer id of a raw Ed25519 public key. */
export function peerIdOfPublicKey(publicKey: Uint8Array): PeerIdString {
  const bytes = Uint8Array.from([...PEER_ID_HEAD, ...publicKey])
  return base58btc.encode(bytes).slice(1) as PeerIdString
}

/** The raw Ed25519 public key inside a peer id, or undefined when it holds none. */
export function publicKeyOfPeerId(peerId: string): Uint8Array | undefined {
  try {
    const bytes = base58btc.decode(`z${peerId}`)
    const wellFormed =
      bytes.length === PEER_ID_HEAD.length + 32 && PEER_ID_HEAD.every((b, i) => bytes[i] === b)
    return wellFormed ? bytes.subarray(PEER_ID_HEAD.length) : undefined
  } catch {
    return undefined // not base58: no key in it
  }
}

/** The identity of a 32-byte seed: equal seeds give equal peers. */
export function identityFromSeed(seed: Uint8Array): IdentityKey {
  const key = privateKey(seed)
  return {
    peerId: peerIdOfPublicKey(publicKeyOfSeed(seed)),
    sign: bytes => Promise.resolve(new Uint8Array(sign(null, bytes, key)))
  }
}

/** Checks Ed25519 signatures against the key inside a peer id; anything malformed is false. */
export const identityVerifier: IdentityVerifier = {
  verify(peerId, bytes, signature) {
    const publicKey = publicKeyOfPeerId(peerId)
    if (publicKey === undefined || signature.byteLength !== SIGNATURE_BYTES) return Promise.resolve(false)
    const key = createPublicKey({
      key: Buffer.concat([SPKI_HEAD, publicKey]),
      format: 'der',
      type: 'spki'
    })
    return Promise.resolve(verify(null, bytes, key, signature))
  }
}
