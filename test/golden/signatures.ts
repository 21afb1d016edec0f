/** Signatures under fixed keys: both schemes are deterministic (RFC 6979, RFC 8032), so any implementation gets the same bytes. */
import { toHex } from '../../src/protocol/codec.ts'
import type { TypedName, TypedValues } from '../../src/protocol/eip712.ts'
import { peerSignedBytes } from '../../src/protocol/records/card.ts'
import { bidCore, cardCore, offerCore, signingBytes } from '../../src/protocol/signing.ts'
import { typedDigest, typeString } from '../../src/settlement/keys/typed.ts'
import * as records from '../support/records.ts'

export interface TypedSignature {
  /** Members as text; amounts and times in decimal. */
  readonly value: Record<string, string>
  readonly digest: string
  /** Address of the operator key whose secret is 32 times this byte. */
  readonly secretByte: number
  readonly signer: string
  readonly signature: string
}
export interface IdentitySignature {
  readonly seedByte: number
  readonly peer: string
  readonly bytes: string
  readonly signature: string
}
export interface Signatures {
  readonly domain: Record<string, string>
  /** By the EIP-712 type. */
  readonly typed: Record<string, TypedSignature>
  readonly identity: Record<string, IdentitySignature>
}

const asText = (value: object): Record<string, string> =>
  Object.fromEntries(Object.entries(value).map(([k, v]) => [k, String(v)]))

async function typed<N extends TypedName>(
  name: N,
  value: TypedValues[N],
  secretByte: number
): Promise<[string, TypedSignature]> {
  const { operator } = records.person(secretByte)
  const digest = typedDigest(records.domain, name, value)
  const signature = await operator.sign(name, value)
  return [typeString(name), { value: asText(value), digest, secretByte, signer: operator.address, signature }]
}

async function identity(bytes: Uint8Array, seedByte: number): Promise<IdentitySignature> {
  const key = records.person(seedByte).identity
  return { seedByte, peer: key.peerId, bytes: toHex(bytes), signature: toHex(await key.sign(bytes)) }
}

export async function signatures(): Promise<Signatures> {
  const offer = await records.offer()
  const bid = await records.bid(offer)
  const card = await records.card(records.provider)
  return {
    domain: asText(records.domain),
    typed: Object.fromEntries([
      await typed('Agreement', records.firstAgreement(), 1),
      await typed('Receipt', (await records.receipt()).receipt, 1),
      await typed('Release', (await records.release()).release, 2),
      await typed('Offer', offerCore(await records.offerBody()), 1),
      await typed('Bid', bidCore(records.unsigned(bid)), 2),
      await typed('PeerCard', cardCore(records.cardBody(records.provider)), 2)
    ]),
    identity: {
      advert: await identity(
        signingBytes('advert', records.unsigned(await records.advert(records.provider))),
        2
      ),
      checkpoint: await identity(signingBytes('checkpoint', records.unsigned(await records.checkpoint())), 2),
      result: await identity(signingBytes('result', records.unsigned(await records.result())), 2),
      card: await identity(peerSignedBytes(card), 2)
    }
  }
}
