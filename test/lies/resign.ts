/** A liar signs its lies: what it has changed is signed anew with its own keys, and every hash that follows from it is told consistently. */
import { digestOf, encode, toHex } from '../../src/protocol/codec.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Agreement } from '../../src/protocol/eip712.ts'
import type { AgreementId, HexBytes } from '../../src/protocol/ids.ts'
import { failureDigest, type FailureBody } from '../../src/protocol/records/delivery.ts'
import { peerSignedBytes, type PeerCard, type PeerCardBody } from '../../src/protocol/records/card.ts'
import type { BidBody } from '../../src/protocol/records/bid.ts'
import type { OfferBody } from '../../src/protocol/records/offer.ts'
import {
  bidCore,
  bodyDigest,
  bodyOf,
  cardCore,
  offerCore,
  signingBytes,
  type SignedKind
} from '../../src/protocol/signing.ts'
import { typedDigestOf, type Notary } from '../support/world/notary.ts'
import { equal } from './mutate.ts'

type Box = Record<string, unknown>
const isBox = (v: unknown): v is Box =>
  v !== null && typeof v === 'object' && !Array.isArray(v) && !(v instanceof Uint8Array)

const KINDS: readonly SignedKind[] = ['advert', 'attestation', 'checkpoint', 'result', 'failure']
const bytesDeed = (bytes: Uint8Array): string => `bytes ${toHex(sha256(bytes))}`

/** A kind of signed record that this suite cannot sign anew: it must learn to, or its lies would all be forgeries. */
export class UnknownSignature extends Error {}

export class Resigner {
  readonly #notary: Notary
  readonly #owner: string
  /** What followed from the truth, to what follows from the lie. */
  readonly aliases = new Map<string, string>()

  constructor(notary: Notary, owner: string) {
    this.#notary = notary
    this.#owner = owner
  }

  idOf(a: Agreement): AgreementId {
    return typedDigestOf('Agreement', a)
  }

  /** Notes the hashes of a record and of what became of it. */
  #alias(before: Box, after: Box): void {
    const note = (hash: (v: never) => string): void => {
      try {
        const [a, b] = [hash(before as never), hash(after as never)]
        if (a !== b) this.aliases.set(a, b)
      } catch {
        return // it is not hashed like this
      }
    }
    note((v: object) => bodyDigest(v))
    note((v: object) => digestOf(encode(v)))
    if ('salt' in before) note((v: Agreement) => typedDigestOf('Agreement', v))
    if ('code' in before && 'gas' in before) note((v: FailureBody) => failureDigest(v))
  }

  /** Signs anew, in place, all that differs from the truth and that this liar has signed. */
  resign(before: unknown, after: unknown): void {
    if (Array.isArray(before) && Array.isArray(after))
      return after.forEach((item, i) => this.resign(before[i] as unknown, item))
    if (!isBox(before) || !isBox(after) || equal(before, after)) return
    for (const key of Object.keys(after)) this.resign(before[key], after[key])
    this.#record(before, after)
    this.#alias(before, after)
  }

  #record(before: Box, after: Box): void {
    for (const field of ['operatorSignature', 'signature', 'peerSignature']) {
      const old = before[field]
      // a signature that was itself replaced is the lie
      if (old === undefined || !equal(old, after[field])) continue
      const deed = this.#notary.deed(old as HexBytes | Uint8Array)
      if (deed?.owner !== this.#owner) continue
      after[field] = field === 'peerSignature' ? this.#peer(after) : this.#one(deed, before, after)
    }
  }

  #peer(card: Box): Uint8Array {
    return this.#notary.signBytes(this.#owner, peerSignedBytes(card as unknown as PeerCard))
  }

  #one(deed: { name?: string; what: string }, before: Box, after: Box): HexBytes | Uint8Array {
    const typed = (name: never, value: unknown): HexBytes =>
      this.#notary.signTyped(this.#owner, name, value as never)
    const body = bodyOf(after)
    switch (deed.name) {
      case 'Offer':
        return typed('Offer' as never, offerCore(body as unknown as OfferBody))
      case 'Bid':
        return typed('Bid' as never, bidCore(body as unknown as BidBody))
      case 'PeerCard':
        return typed('PeerCard' as never, cardCore(body as unknown as PeerCardBody))
      case 'Receipt':
      case 'Release':
      case 'Handover':
        return typed(deed.name as never, after[deed.name.toLowerCase()])
      case 'Agreement':
        return before['signature'] as HexBytes // over what stands in the request, which the other side made
      case undefined:
        break
      default:
        throw new UnknownSignature(`typed data ${deed.name}`)
    }
    const kind = KINDS.find(k => bytesDeed(signingBytes(k, bodyOf(before) as never)) === deed.what)
    if (kind === undefined)
      throw new UnknownSignature(`a record with the fields ${Object.keys(before).join(', ')}`)
    return this.#notary.signBytes(this.#owner, signingBytes(kind, body as never))
  }

  /** Replaces hashes, in a copy; the same value when none is in it. */
  #translate<T>(value: T, map: ReadonlyMap<string, string>): T {
    if (map.size === 0) return value
    const walk = (v: unknown): unknown => {
      if (typeof v === 'string') return map.get(v) ?? v
      if (Array.isArray(v)) return v.map(walk)
      if (!isBox(v)) return v
      return Object.fromEntries(Object.entries(v).map(([k, x]) => [map.get(k) ?? k, walk(x)]))
    }
    const out = walk(value) as T
    return equal(out, value) ? value : out
  }

  /** As others are told it. */
  outward<T>(value: T): T {
    const out = this.#translate(value, this.aliases)
    if (out !== value) this.resign(value, out)
    return out
  }

  /** As the liar's own flows remember it. */
  inward<T>(value: T): T {
    const own = this.#translate(value, new Map([...this.aliases].map(([a, b]) => [b, a])))
    if (own !== value) this.#hashes(own, value)
    return own
  }

  /** Records that others made about what they were told have other hashes in the liar's own words. */
  #hashes(own: unknown, others: unknown): void {
    if (Array.isArray(own) && Array.isArray(others))
      return own.forEach((item, i) => this.#hashes(item, others[i] as unknown))
    if (!isBox(own) || !isBox(others) || equal(own, others)) return
    for (const key of Object.keys(own)) this.#hashes(own[key], others[key])
    this.#alias(own, others)
  }
}
