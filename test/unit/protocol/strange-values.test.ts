import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import { z } from 'zod'
import { decode, parseJson } from '../../../src/protocol/codec.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import { bytes, record } from '../../../src/protocol/fields.ts'
import { interfaceOf } from '../../../src/settlement/contracts.ts'
import { typedDigest } from '../../../src/settlement/keys/typed.ts'
import { chainError } from '../../../src/settlement/revert.ts'
import { decodeLog } from '../../../src/settlement/watch/decode.ts'
import { parseEntry } from '../../../src/settlement/chain/wal.ts'
import { pruneBlocks } from '../../../src/settlement/chain/prune.ts'
import * as records from '../../support/records.ts'

const refused = (run: () => unknown, code: Parameters<typeof isShoalError>[1]): void => {
  try {
    run()
  } catch (e) {
    expect(isShoalError(e, code), String(e)).to.equal(true)
    return
  }
  expect.fail('was taken')
}

describe('values that the fuzzer found', () => {
  it('a map whose key __proto__ holds bytes does not pass for bytes', () => {
    // {"a": {"__proto__": h'00'}}: assigned to a JS object, the key changes its prototype
    const key = [0x69, ...new TextEncoder().encode('__proto__')]
    const evil = Uint8Array.from([0xa1, 0x61, 0x61, 0xa1, ...key, 0x41, 0])
    for (const schema of [record({ a: bytes(1) }), record({ a: z.unknown() })])
      refused(() => decode(schema as z.ZodType<unknown>, evil, 'x', 100), 'RECORD_INVALID')
  })

  it('a link is no value of ours', () => {
    const link = CID.parse('bafyreicwtrit6nwgetwtbgyxsmy7blj6idxt4lpoyhmybkkbiqf7uz6vwe')
    const schema = record({ a: z.unknown() }) as z.ZodType<unknown>
    refused(() => decode(schema, dagCbor.encode({ a: link }), 'x', 100), 'RECORD_INVALID')
  })

  it('an address with a wrong checksum, and a time beyond 64 bits, are wrong records and no mistake of ours', () => {
    const a = records.agreement()
    const swapped = (s: string): string =>
      '0x' + s.slice(2).replace(/[a-fA-F]/g, c => (c < 'a' ? c.toLowerCase() : c.toUpperCase()))
    const provider = swapped(a.provider) as typeof a.provider
    refused(() => typedDigest(records.domain, 'Agreement', { ...a, provider }), 'RECORD_INVALID')
    refused(() => typedDigest(records.domain, 'Agreement', { ...a, openBy: 1n << 64n }), 'RECORD_INVALID')
    refused(
      () => records.typed.signer('Agreement', { ...a, provider }, ('0x' + '11'.repeat(65)) as never),
      'RECORD_INVALID'
    )
  })

  it('logs and reverts that are no hex, odd, or too short are malformed, not a TypeError', () => {
    const topic = interfaceOf('Escrow').getEvent('Acknowledged')?.topicHash ?? ''
    const at = { blockNumber: '0x1', logIndex: '0x1', transactionHash: records.hex(1) }
    for (const data of ['0x[', '0x1', '0x', 'zz'])
      for (const id of [records.hex(1), '0x[', 'zz', '0x12'])
        refused(() => decodeLog({ ...at, topics: [topic, id], data }), 'CHAIN_UNREACHABLE')
    for (const data of ['0x986f4620010', '0xzzzzzzzzzzzz', '0x986f462001'])
      expect(chainError({ contract: 'Escrow', method: 'open' }, { message: 'm', data }).code).to.equal(
        'CHAIN_REVERTED'
      )
  })

  it('a damaged line or state of the embedded chain is RECORD_INVALID', () => {
    refused(() => parseEntry('{"at":1,"ti'), 'RECORD_INVALID')
    refused(() => pruneBlocks('{"blocks":['), 'RECORD_INVALID')
    refused(() => parseJson('', 'x'), 'RECORD_INVALID')
  })
})
