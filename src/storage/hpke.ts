/** Content keys wrapped to recipients: HPKE (RFC 9180) in base mode with X25519, HKDF-SHA256 and AES-256-GCM. */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { concatBytes } from '../protocol/byte-source.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { RecipientKey, WrapKey } from '../protocol/ports/index.ts'

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm()
})
const INFO = new TextEncoder().encode('shoal/wrap/1')
/** X25519 public keys and encapsulated keys. */
const POINT_BYTES = 32
/** Encapsulated key and tag around the wrapped bytes. */
const OVERHEAD_BYTES = POINT_BYTES + 16
/** Seeds and content keys. */
const SEED_BYTES = 32

/** A view's own bytes as an ArrayBuffer, which WebCrypto wants. */
const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/** Wraps a content key to a recipient: 80 bytes for a key of 32. RECORD_INVALID when the recipient is no X25519 key. */
export const wrapKey: WrapKey = async (key, recipient, context) => {
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(recipient))
    const sender = await suite.createSenderContext({ recipientPublicKey, info: buffer(INFO) })
    const sealed = await sender.seal(buffer(key), buffer(context))
    return concatBytes([new Uint8Array(sender.enc), new Uint8Array(sealed)])
  } catch (cause) {
    throw new ShoalError('RECORD_INVALID', 'The recipient key is no X25519 key.', { cause })
  }
}

/** The recipient key of a 32-byte seed: equal seeds give equal keys. CONFIG_INVALID for a seed of another size. */
export async function createRecipientKey(seed: Uint8Array): Promise<RecipientKey> {
  if (seed.byteLength !== SEED_BYTES) {
    throw new ShoalError('CONFIG_INVALID', `A recipient key needs a seed of ${SEED_BYTES} bytes.`)
  }
  const pair = await suite.kem.deriveKeyPair(buffer(seed))
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))
  return {
    publicKey,
    async unwrap(wrapped, context) {
      const corrupt = 'The wrapped key does not open: altered, or made for another key or context.'
      if (wrapped.byteLength <= OVERHEAD_BYTES) throw new ShoalError('CONTENT_CORRUPT', corrupt)
      try {
        const enc = buffer(wrapped.subarray(0, POINT_BYTES))
        const recipient = await suite.createRecipientContext({
          recipientKey: pair.privateKey,
          enc,
          info: buffer(INFO)
        })
        return new Uint8Array(await recipient.open(buffer(wrapped.subarray(POINT_BYTES)), buffer(context)))
      } catch (cause) {
        throw new ShoalError('CONTENT_CORRUPT', corrupt, { cause })
      }
    }
  }
}
