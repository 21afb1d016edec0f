/**
 * Keys of a small world in memory: a signature is a name under which the notary keeps who signed what. Nobody can make one for another, and
 * checking one costs a look into a map. Whoever is `lenient` sees every signature as good: its own checks are no concern of others.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { encode, toHex } from '../../../src/protocol/codec.ts'
import type { TypedName, TypedValues } from '../../../src/protocol/eip712.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Address, Hex32, HexBytes, PeerIdString } from '../../../src/protocol/ids.ts'
import type {
  IdentityKey,
  IdentityVerifier,
  OperatorKey,
  RecipientKey,
  TypedDataVerifier,
  WrapKey
} from '../../../src/protocol/ports/keys.ts'

const encoder = new TextEncoder()
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const hashOf = (text: string): Uint8Array => sha256(encoder.encode(text))

/** What a signature stands for. */
export interface Deed {
  readonly owner: string
  /** The kind of key, and a digest of what was signed. */
  readonly what: string
  /** Of typed data: its name, so that it can be signed anew when the value is changed. */
  readonly name?: TypedName
}

/** The keys of one member of the world. */
export interface Keys {
  readonly owner: string
  readonly operator: OperatorKey
  readonly identity: IdentityKey
  readonly recipient: RecipientKey
}

export const addressOf = (owner: string): Address =>
  toHex(hashOf(`operator ${owner}`)).slice(0, 42) as Address
export const peerIdOf = (owner: string): PeerIdString => {
  const bytes = [...hashOf(`peer ${owner}`), ...hashOf(`peer again ${owner}`)].slice(0, 44)
  return ('12D3KooW' + bytes.map(b => BASE58[b % 58]).join('')) as PeerIdString
}

export const typedDigestOf = <N extends TypedName>(name: N, value: TypedValues[N]): Hex32 =>
  toHex(sha256(new Uint8Array([...encoder.encode(`${name}\n`), ...encode(value)]))) as Hex32

export class Notary {
  readonly #deeds = new Map<string, Deed>()
  readonly #wraps = new Map<
    string,
    { readonly recipient: string; readonly context: string; readonly key: Uint8Array }
  >()
  #wrapped = 0

  /** Who made a signature, and of what; undefined for one that nobody made. */
  deed(signature: HexBytes | Uint8Array): Deed | undefined {
    return this.#deeds.get(typeof signature === 'string' ? signature : toHex(signature))
  }

  #sign(deed: Deed, length: number): Uint8Array {
    const seed = hashOf(`${deed.owner}\n${deed.what}`)
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i += 32) bytes.set(seed.subarray(0, Math.min(32, length - i)), i)
    this.#deeds.set(toHex(bytes), deed)
    return bytes
  }

  signTyped<N extends TypedName>(owner: string, name: N, value: TypedValues[N]): HexBytes {
    return toHex(this.#sign({ owner, what: `typed ${typedDigestOf(name, value)}`, name }, 65)) as HexBytes
  }

  signBytes(owner: string, bytes: Uint8Array): Uint8Array {
    return this.#sign({ owner, what: `bytes ${toHex(sha256(bytes))}` }, 64)
  }

  keys(owner: string): Keys {
    const address = addressOf(owner)
    const peerId = peerIdOf(owner)
    const publicKey = hashOf(`recipient ${owner}`)
    return {
      owner,
      operator: { address, sign: async (name, value) => this.signTyped(owner, name, value) },
      identity: { peerId, sign: async bytes => this.signBytes(owner, bytes) },
      recipient: { publicKey, unwrap: async (wrapped, context) => this.#unwrap(publicKey, wrapped, context) }
    }
  }

  typed(lenient = false): TypedDataVerifier {
    return {
      digest: typedDigestOf,
      signer: (name, value, signature) => {
        const deed = this.deed(signature)
        if (deed === undefined) return undefined
        return lenient || deed.what === `typed ${typedDigestOf(name, value)}`
          ? addressOf(deed.owner)
          : undefined
      }
    }
  }

  identities(lenient = false): IdentityVerifier {
    return {
      verify: async (peer, bytes, signature) => {
        const deed = this.deed(signature)
        if (deed === undefined || peerIdOf(deed.owner) !== peer) return false
        return lenient || deed.what === `bytes ${toHex(sha256(bytes))}`
      }
    }
  }

  /** `anyContext`: a liar's seals open in every context, so that its lies about ids are not found out by its own seals. */
  wrap(anyContext = false): WrapKey {
    return async (key, recipient, context) => {
      const wrapped = new Uint8Array(80)
      new DataView(wrapped.buffer).setUint32(0, ++this.#wrapped)
      wrapped.set(hashOf(`wrapped ${this.#wrapped}`), 8)
      const deed = { recipient: toHex(recipient), context: anyContext ? '*' : toHex(context), key }
      this.#wraps.set(toHex(wrapped), deed)
      return wrapped
    }
  }

  #unwrap(publicKey: Uint8Array, wrapped: Uint8Array, context: Uint8Array, anyContext = false): Uint8Array {
    const found = this.#wraps.get(toHex(wrapped))
    const fits = found?.context === '*' || anyContext || found?.context === toHex(context)
    if (found === undefined || found.recipient !== toHex(publicKey) || !fits)
      throw new ShoalError('CONTENT_CORRUPT', 'The content key cannot be opened.')
    return found.key
  }

  /** A recipient key that opens whatever is wrapped to it, in any context: a liar's. */
  lenientRecipient(owner: string): RecipientKey {
    const publicKey = hashOf(`recipient ${owner}`)
    return { publicKey, unwrap: async (wrapped, context) => this.#unwrap(publicKey, wrapped, context, true) }
  }
}
