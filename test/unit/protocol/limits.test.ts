import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import { decode, encode } from '../../../src/protocol/codec.ts'
import { UINT128_MAX } from '../../../src/protocol/fields.ts'
import { MiB } from '../../../src/protocol/limits.ts'
import { thrown } from '../../support/failures.ts'
import { addressOf, hashed, provider } from '../../support/records.ts'
import { sampleBook, type Sample } from '../../support/schemas.ts'

type Plain = { [key: string]: unknown }

/** The record of this name with one field replaced, in canonical bytes. */
function withField(sample: Sample, field: string, value: unknown): () => unknown {
  const { name } = sample
  const copy = dagCbor.decode<Plain>(encode(sample.value))
  const keys = field.split('.')
  const last = keys.pop() ?? ''
  const parent = keys.reduce<Plain>((o, key) => o[key] as Plain, copy)
  expect(last in parent || OPTIONAL.has(field), `${name} has a field ${field}`).to.equal(true)
  parent[last] = value
  return () => decode(sample.schema, dagCbor.encode(copy), name, 8 * MiB)
}
/** Fields that a sample leaves out. */
const OPTIONAL = new Set(['reason', 'containers', 'needs.image', 'given'])

const many = <T>(n: number, item: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => item(i))
const text = (n: number): string => 'x'.repeat(n)
const bytes = (n: number): Uint8Array => new Uint8Array(n)
const peerAt = (i: number) => ({ peer: provider.identity.peerId, seq: i })
const engine = { id: 'wasm', version: '1', isolation: 'process', speed: '1' }
const hashedAt = (i: number): string => hashed(`${i}`)
const row = { row: bytes(8), proof: [] }
const block = { block: bytes(4096), path: bytes(0) }
const INT = Number.MAX_SAFE_INTEGER
const UINT32 = 2 ** 32 - 1

/** record, field, the largest value that passes, the next one, which must not. */
const upper: readonly (readonly [string, string, unknown, unknown])[] = [
  ['card', 'addresses', many(16, () => '/x'), many(17, () => '/x')],
  ['card', 'addresses.0', '/' + text(255), '/' + text(256)],
  ['card', 'recipient', bytes(32), bytes(33)],
  ['card', 'peerSignature', bytes(64), bytes(65)],
  ['card', 'operatorSignature', '0x' + 'ab'.repeat(1024), '0x' + 'ab'.repeat(1025)],
  ['card', 'seq', INT, 2 ** 53],
  ['card', 'expires', INT, 2 ** 53],
  ['advert', 'engines', many(8, () => engine), many(9, () => engine)],
  ['advert', 'engines.0.id', text(256), text(257)],
  ['advert', 'engines.0.version', text(256), text(257)],
  ['advert', 'engines.0.speed', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['advert', 'slotsFree', 4096, 4097],
  ['advert', 'slotsTotal', 4096, 4097],
  ['advert', 'memoryBytes', INT, 2 ** 53],
  ['advert', 'ask', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['advert', 'region', text(256), text(257)],
  [
    'advert',
    'containers',
    { images: many(16, hashedAt), uploads: true },
    { images: many(17, hashedAt), uploads: true }
  ],
  ['offer', 'round', UINT32, UINT32 + 1],
  ['offer', 'executions', 1024 * 7, 1024 * 7 + 1],
  ['offer', 'ceiling', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['offer', 'needs.gas', UINT128_MAX.toString(), '9'.repeat(40)],
  ['offer', 'needs.engine', text(256), text(257)],
  ['offer', 'wanted', 128, 129],
  ['offer', 'rule', text(256), text(257)],
  ['offer', 'region', text(256), text(257)],
  ['offer', 'excluded', many(128, i => addressOf(`${i}`)), many(129, i => addressOf(`${i}`))],
  ['offer', 'deliverSeconds', 30 * 86_400, 30 * 86_400 + 1],
  ['offer', 'challengeSeconds', 30 * 86_400, 30 * 86_400 + 1],
  ['bid', 'slots', 4096, 4097],
  ['bid', 'price', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['bid', 'speed', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['bid', 'engineVersion', text(256), text(257)],
  ['bid', 'region', text(256), text(257)],
  ['agreement', 'shard', UINT32, UINT32 + 1],
  ['agreement', 'attempt', UINT32, UINT32 + 1],
  ['agreement', 'price', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['agreement', 'bond', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['agreement', 'challengeWindow', UINT32, UINT32 + 1],
  ['agreement', 'arbitrationWindow', UINT32, UINT32 + 1],
  ['agreement', 'splitBps', 10_000, 10_001],
  ['signed receipt', 'receipt.sequence', UINT32, UINT32 + 1],
  ['signed receipt', 'receipt.amount', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['signed release', 'release.amount', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['checkpoint', 'sequence', UINT32, UINT32 + 1],
  ['checkpoint', 'progress', 10_000, 10_001],
  ['checkpoint', 'wrapped', bytes(256), bytes(257)],
  ['checkpoint', 'signature', bytes(64), bytes(65)],
  ['result', 'gas', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['result', 'object', 'b' + 'a'.repeat(110), 'b' + 'a'.repeat(111)],
  ['object reference', 'key', bytes(32), bytes(33)],
  ['job common', 'args', many(256, () => 'a'), many(257, () => 'a')],
  ['job common', 'args.0', text(4096), text(4097)],
  ['job common', 'env', { [text(128)]: text(4096) }, { [text(129)]: '' }],
  ['job common', 'env.LANG', text(4096), text(4097)],
  ['job common', 'name', text(256), text(257)],
  ['job common', 'shards', 1024, 1025],
  ['job common by tolerance', 'needs.compare.absolute', 1e6, 1e6 + 0.5],
  ['job common by tolerance', 'needs.compare.relative', 0.1, 0.1001],
  ['job common by quantised', 'needs.compare.step', 1e6, 1e6 + 0.5],
  ['job common by pixels', 'needs.compare.difference', 64, 65],
  ['job common by pixels', 'needs.compare.share', 0.1, 0.1001],
  ['shard spec', 'shard', 1024, 1025],
  ['event progress', 'progress', 10_000, 10_001],
  ['event progress', 'note', text(256), text(257)],
  ['event log', 'line', text(8192), text(8193)],
  ['event failed', 'reason', text(256), text(257)],
  ['event failed', 'code', text(256), text(257)],
  ['adverts request', 'known', many(128, peerAt), many(129, peerAt)],
  ['offers request', 'known', many(128, i => hashed(`${i}`)), many(129, i => hashed(`${i}`))],
  ['agree request', 'copy', 16, 17],
  ['start request', 'spec.wrapped', bytes(256), bytes(257)],
  ['start request', 'addresses', many(16, () => '/x'), many(17, () => '/x')],
  ['cancel request', 'reason', text(256), text(257)],
  ['bid response', 'refusal.message', text(256), text(257)],
  ['bid response', 'refusal.code', 'A'.repeat(41), 'A'.repeat(42)],
  ['refusal', 'given', text(256), text(257)],
  ['needs', 'gas', UINT128_MAX.toString(), (UINT128_MAX + 1n).toString()],
  ['agree response', 'refusal.message', text(256), text(257)],
  ['attestation', 'lanes', 4096, 4097],
  ['attestation', 'together', 64, 65],
  ['challenge request', 'size', 4096, 4097],
  ['challenge request', 'steps', 256, 257],
  ['challenge request', 'seed', bytes(32), bytes(33)],
  ['challenge response', 'lanes', 4096, 4097],
  ['reveal response', 'rows', many(32, () => row), many(33, () => row)],
  ['rewrite request', 'seed', bytes(32), bytes(33)],
  ['show response', 'blocks', many(96, () => block), many(97, () => block)],
  ['show response', 'blocks.0.block', bytes(4096), bytes(4097)],
  ['show response', 'blocks.0.path', bytes(640), bytes(641)],
  ['show response', 'again', many(12, () => bytes(64)), many(13, () => bytes(64))],
  ['flow response', 'data', bytes(262_144), bytes(262_145)],
  ['pour request', 'data', bytes(262_144), bytes(262_145)]
]

/** record, field, the smallest value that passes, the next one, which must not. */
const lower: readonly (readonly [string, string, unknown, unknown])[] = [
  ['card', 'recipient', bytes(32), bytes(31)],
  ['card', 'peerSignature', bytes(64), bytes(63)],
  ['card', 'operatorSignature', '0x' + 'ab'.repeat(65), '0x' + 'ab'.repeat(64)],
  ['checkpoint', 'wrapped', bytes(32), bytes(31)],
  ['object reference', 'size', 0, -1],
  ['job common by tolerance', 'needs.compare.absolute', 0, -1e-9],
  ['job common by tolerance', 'needs.compare.relative', 0, -1e-9],
  ['job common by quantised', 'needs.compare.step', 1e-12, 0.9e-12],
  ['job common by pixels', 'needs.compare.difference', 0, -1],
  ['job common by pixels', 'needs.compare.share', 0, -1e-9],
  ['agreement', 'price', '0', '-1'],
  ['checkpoint', 'object', 'b' + 'a'.repeat(20), 'b' + 'a'.repeat(19)],
  ['show response', 'blocks.0.block', bytes(4096), bytes(4095)],
  ['flow response', 'data', bytes(1), bytes(0)],
  ['pour request', 'data', bytes(1), bytes(0)]
]

/** record, field, a value that looks right and is not. */
const odd: readonly (readonly [string, string, unknown])[] = [
  ['card', 'v', 2],
  ['card', 'peer', '12D3KooW' + '0'.repeat(44)],
  ['card', 'operator', '0x' + 'g'.repeat(40)],
  ['card', 'operator', '0x' + 'a'.repeat(40) + '\n'],
  ['card', 'addresses.0', 'ip4/127.0.0.1'],
  ['card', 'profile', 'server'],
  ['card', 'expires', 0.5],
  ['attestation', 'kind', 'bandwidth'],
  ['challenge request', 'kind', 'storage'],
  ['advert', 'class', 'gpu'],

  ['offer', 'needs.image', 'latest'],
  ['offer', 'needs.image', '0x' + 'ab'.repeat(31)],
  ['advert', 'energy', 'any'],
  ['advert', 'ask', '007'],
  ['advert', 'ask', '1e9'],
  ['advert', 'ask', ''],
  ['advert', 'ask', 5],
  ['offer', 'jobId', '0x' + 'AB'.repeat(32)],
  ['offer', 'jobId', '0x' + 'ab'.repeat(31)],
  ['offer', 'tier', 'jury'],
  ['checkpoint', 'object', 'zQmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbd'],
  ['job common by tolerance', 'needs.compare.by', 'bytes'],
  ['job common by tolerance', 'needs.compare.by', 'likeness'],
  ['job common by pixels', 'needs.compare.difference', 0.5],
  ['event log', 'stream', 'both'],
  ['event log', 'kind', 'gossip'],
  ['event task-failed', 'failure.code', 7]
]

describe('limits of record fields', () => {
  const sample = sampleBook()
  for (const [name, field, fits, over] of [...upper, ...lower]) {
    it(`${name}.${field}: the limit passes, one beyond it is refused by name`, () => {
      expect(withField(sample(name), field, fits)).not.to.throw()
      const e = thrown(withField(sample(name), field, over), 'RECORD_INVALID')
      expect(`${String(e.data['field'])}.`.startsWith(field + '.'), e.message).to.equal(true)
    })
  }

  for (const [name, field, wrong] of odd) {
    it(`${name}.${field}: ${JSON.stringify(wrong)} is refused by name`, () => {
      const e = thrown(withField(sample(name), field, wrong), 'RECORD_INVALID')
      expect(e.data['field'], e.message).to.equal(field)
    })
  }
})
