/**
 * Golden vectors: canonical bytes, CIDs, signed digests of one record of each kind under fixed keys. When one changes, peers of
 * different versions no longer understand each other: then the record needs a new version, not a new vector.
 * SHOAL_WRITE_GOLDEN=1 writes the file anew.
 */
import { expect } from 'chai'
import { readFile, writeFile } from 'node:fs/promises'
import { cidOf, decode, digestOf, encode, fromHex, toHex } from '../../../src/protocol/codec.ts'
import type { TypedName, TypedValues } from '../../../src/protocol/eip712.ts'
import { MiB } from '../../../src/protocol/limits.ts'
import { bidCore, bodyDigest, cardCore, offerCore, signingBytes } from '../../../src/protocol/signing.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { typedDigest, typeString } from '../../../src/settlement/keys/typed.ts'
import * as records from '../../support/records.ts'
import { samples } from '../../support/schemas.ts'

const FILE = new URL('../../fixtures/golden/records.json', import.meta.url)

interface Vector {
  readonly bytes: string
  readonly cid: string
  readonly digest: string
}
interface Golden {
  readonly records: Record<string, Vector>
  readonly typed: Record<string, { readonly type: string; readonly digest: string }>
  readonly signed: Record<string, string>
}

const typedVector = <N extends TypedName>(name: N, value: TypedValues[N]) => ({
  type: typeString(name),
  digest: typedDigest(records.domain, name, value)
})

async function compute(): Promise<Golden> {
  const offer = await records.offer()
  const bid = await records.bid(offer)
  const advert = await records.advert(records.provider)
  const checkpoint = await records.checkpoint()
  const result = await records.result()
  return {
    records: Object.fromEntries(
      (await samples()).map(s => {
        const bytes = encode(s.value)
        return [s.name, { bytes: toHex(bytes), cid: cidOf(bytes), digest: digestOf(bytes) }]
      })
    ),
    typed: {
      Agreement: typedVector('Agreement', records.agreement()),
      Receipt: typedVector('Receipt', (await records.receipt()).receipt),
      Release: typedVector('Release', (await records.release()).release),
      Offer: typedVector('Offer', offerCore(await records.offerBody())),
      Bid: typedVector('Bid', bidCore(bid)),
      PeerCard: typedVector('PeerCard', cardCore(records.cardBody(records.provider)))
    },
    signed: {
      'advert body': bodyDigest(advert),
      'offer body': bodyDigest(offer),
      'bid body': bodyDigest(bid),
      'card body': bodyDigest(bid.card),
      'advert signing bytes': toHex(signingBytes('advert', records.unsigned(advert))),
      'checkpoint signing bytes': toHex(signingBytes('checkpoint', records.unsigned(checkpoint))),
      'result signing bytes': toHex(signingBytes('result', records.unsigned(result))),
      'job common': specDigestOf(records.common)
    }
  }
}

describe('golden vectors of records', () => {
  let golden: Golden
  before(async () => {
    if (process.env['SHOAL_WRITE_GOLDEN'] === '1')
      await writeFile(FILE, JSON.stringify(await compute(), null, 2) + '\n')
    golden = JSON.parse(await readFile(FILE, 'utf8')) as Golden
  })

  it('every record still has the bytes, CID and digest of the golden file', async () => {
    const now = await compute()
    expect(Object.keys(now.records)).to.deep.equal(Object.keys(golden.records))
    for (const [name, vector] of Object.entries(golden.records))
      expect(now.records[name], name).to.deep.equal(vector)
  })

  it('the typed data that carries money still has its EIP-712 types and digests', async () => {
    expect((await compute()).typed).to.deep.equal(golden.typed)
  })

  it('what the Ed25519 keys sign is still the same', async () => {
    expect((await compute()).signed).to.deep.equal(golden.signed)
  })

  it('the golden bytes are still readable', async () => {
    for (const s of await samples()) {
      const bytes = fromHex(golden.records[s.name]?.bytes ?? '0x')
      expect(decode(s.schema, bytes, s.name, MiB), s.name).to.deep.equal(s.value)
    }
  })
})
