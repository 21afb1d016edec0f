/** What must be refused, with the code: bytes that a lenient implementation would take. */
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { encode, toHex } from '../../src/protocol/codec.ts'
import type { ErrorCode } from '../../src/protocol/errors.ts'
import * as records from '../support/records.ts'

export interface Invalid {
  /** Which decoder: a record's name as in records.json, `frame` (at most 500 bytes), `bundle`, `sealed` (key and context as in sealed.json). */
  readonly decoder: string
  readonly why: string
  readonly bytes: string
  readonly code: ErrorCode
}

const cborText = (s: string): number[] => [0x60 + s.length, ...new TextEncoder().encode(s)]
const frame = (why: string, code: ErrorCode, ...bytes: number[]): Invalid => ({
  decoder: 'frame',
  why,
  bytes: toHex(Uint8Array.from(bytes)),
  code
})
const bundleOf = (why: string, code: ErrorCode, ...bytes: number[]): Invalid => ({
  decoder: 'bundle',
  why,
  bytes: toHex(Uint8Array.from([0x53, 0x48, 0x42, 0x4e, ...bytes])),
  code
})
const file = (path: string, data: number[] = []): number[] => {
  const name = [...new TextEncoder().encode(path)]
  return [1, name.length >> 8, name.length & 255, ...name, 0, 0, 0, 0, 0, 0, 0, data.length, ...data]
}

/** Changes of one honest record. */
async function recordsThatLie(): Promise<Invalid[]> {
  const receipt = await records.receipt()
  const bytes = encode(receipt)
  const release = records.unsigned({ ...(await records.release()).release, signature: '' })
  const of = (why: string, value: unknown, code: ErrorCode = 'RECORD_INVALID'): Invalid => ({
    decoder: 'signed receipt',
    why,
    bytes: toHex(value instanceof Uint8Array ? value : dagCbor.encode(value)),
    code
  })
  const plain = dagCbor.decode<{ receipt: Record<string, unknown>; signature: string }>(bytes)
  const inner = (changes: Record<string, unknown>): object => ({
    ...plain,
    receipt: { ...plain.receipt, ...changes }
  })
  let deep: unknown = []
  for (let i = 0; i < 20; i++) deep = [deep]
  const reversed = Uint8Array.from([
    0xa2,
    ...cborText('signature'),
    ...dagCbor.encode(plain.signature),
    ...cborText('receipt'),
    ...dagCbor.encode(plain.receipt)
  ])
  return [
    of('bytes follow the record', Uint8Array.from([...bytes, 0])),
    of('the last byte is missing', bytes.subarray(0, -1)),
    of('no bytes', new Uint8Array(0)),
    of('keys in another order', reversed),
    of('an unknown key', { ...plain, more: 1 }),
    of('a key is missing', { receipt: plain.receipt }),
    of('an amount with a leading zero', inner({ amount: '01' })),
    of('an amount as a number', inner({ amount: 1_000 })),
    of('an amount of 2^128', inner({ amount: (1n << 128n).toString() })),
    of('a sequence of 2^32', inner({ sequence: 2 ** 32 })),
    of('a sequence with a fraction', inner({ sequence: 1.5 })),
    of('a hash in capitals', inner({ digest: '0x' + 'AB'.repeat(32) })),
    of('nested deeper than 12', { ...plain, receipt: deep }),
    of('a link instead of text', {
      ...plain,
      signature: CID.parse('bafyreicwtrit6nwgetwtbgyxsmy7blj6idxt4lpoyhmybkkbiqf7uz6vwe')
    }),
    of('a key __proto__', Uint8Array.from([0xa1, ...cborText('__proto__'), 0x41, 0])),
    of('more than 16 KiB', new Uint8Array(16 * 1024 + 1), 'FRAME_TOO_LARGE'),
    {
      decoder: 'signed release',
      why: 'the release without its signature',
      bytes: toHex(encode(release)),
      code: 'RECORD_INVALID'
    }
  ]
}

export async function invalid(): Promise<Invalid[]> {
  const crossed = [1, ...file('b'), ...file('a'), 0]
  return [
    ...(await recordsThatLie()),
    frame('a length that is not the shortest', 'RECORD_INVALID', 0x81, 0x80, 0x00),
    frame('a length of five bytes', 'FRAME_TOO_LARGE', 0x80, 0x80, 0x80, 0x80, 0x01),
    frame('501 bytes', 'FRAME_TOO_LARGE', 0xf5, 0x03),
    bundleOf('version 2', 'RECORD_INVALID', 2, 0),
    bundleOf('no end', 'RECORD_INVALID', 1),
    bundleOf('bytes after the end', 'RECORD_INVALID', 1, 0, 0),
    bundleOf('paths out of order', 'RECORD_INVALID', ...crossed),
    bundleOf('a path that climbs', 'RECORD_INVALID', 1, ...file('../x'), 0),
    bundleOf('a path twice', 'RECORD_INVALID', 1, ...file('a'), ...file('a'), 0),
    bundleOf('a file that is a folder, too', 'RECORD_INVALID', 1, ...file('a'), ...file('a/b'), 0),
    bundleOf('a path in normal form D', 'RECORD_INVALID', 1, ...file('e\u0301'), 0),
    {
      decoder: 'sealed',
      why: 'a header alone',
      bytes: toHex(Uint8Array.from([0x53, 0x48, 0x53, 0x4c, 1, 18])),
      code: 'CONTENT_CORRUPT'
    }
  ]
}
