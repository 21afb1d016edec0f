/** Every schema that decodes bytes from outside, with honest values for each. */
import type { Schema } from '../../src/protocol/codec.ts'
import { RECORD_MAX, SPEC_MAX } from '../../src/protocol/limits.ts'
import { methods } from '../../src/protocol/methods.ts'
import { capacityAdvert } from '../../src/protocol/records/advert.ts'
import {
  agreement as agreementSchema,
  signedHandover,
  signedReceipt,
  signedRelease
} from '../../src/protocol/records/agreement.ts'
import { attestation } from '../../src/protocol/records/attestation.ts'
import { bid as bidSchema } from '../../src/protocol/records/bid.ts'
import { peerCard } from '../../src/protocol/records/card.ts'
import type { CompareRule } from '../../src/protocol/records/compare.ts'
import {
  checkpoint as checkpointSchema,
  failure as failureSchema,
  result as resultSchema
} from '../../src/protocol/records/delivery.ts'
import { evidence as evidenceSchema } from '../../src/protocol/records/evidence.ts'
import { executionEvent } from '../../src/protocol/records/events.ts'
import { needs as needsSchema } from '../../src/protocol/records/needs.ts'
import { taskOffer } from '../../src/protocol/records/offer.ts'
import { refusal as refusalSchema, refuse } from '../../src/protocol/records/refusal.ts'
import { jobCommon, objectRef, shardSpec } from '../../src/protocol/records/spec.ts'
import * as records from './records.ts'

const withRule = (compare: CompareRule): object => ({
  ...records.common,
  needs: { ...records.needs, compare }
})

export interface Sample {
  readonly name: string
  readonly schema: Schema<unknown>
  readonly value: object
  readonly max: number
}

async function requests(): Promise<Sample[]> {
  const bid = await records.bid(await records.offer())
  const receipt = await records.receipt()
  const { signature } = bid
  const id = records.agreementId()
  const task = { cid: records.object.cid, wrapped: records.filled(6, 80) }
  const resume = {
    checkpoint: await records.checkpoint(),
    wrapped: task.wrapped,
    context: id
  }
  const rows: [keyof typeof methods, object, object][] = [
    ['farewell', { kind: 'dht-flood', seen: 'more than 600 in 10 s', left: 1_800_000, times: 1 }, {}],
    ['card', {}, { card: await records.card(records.provider) }],
    [
      'adverts',
      { known: [{ peer: records.provider.identity.peerId, seq: 3 }] },
      {
        adverts: [
          await records.advert(records.provider, {
            attestations: [await records.attestation()],
            gpus: [records.gpu],
            containers: records.containers,
            engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: 1n, ask: 2n }]
          })
        ]
      }
    ],
    [
      'offers',
      { known: [records.hex(1)] },
      {
        offers: [
          await records.offer(),
          await records.gpuOffer(),
          await records.containerOffer(),
          await records.comparedOffer()
        ]
      }
    ],
    ['bid', { bid }, { accepted: false, refusal: refuse('NOT_NOW', 'enough bids') }],
    ['bids', { offer: records.hex(1) }, { bids: [bid] }],
    [
      'agree',
      {
        offer: bid.offer,
        bid: records.hex(2),
        agreement: records.agreement(),
        copy: 0
      },
      { signature, refusal: refuse('TERMS_DIFFER', 'bond', { term: 'bond', offered: '1', given: '0' }) }
    ],
    [
      'start',
      {
        ...{ agreement: id, spec: task, resume, addresses: ['/ip4/127.0.0.1/tcp/1'] },
        handover: await records.handover()
      },
      { accepted: true, waitMs: 1_000 }
    ],
    ['events', { agreement: id, after: 5 }, { kind: 'running', seq: 2, at: records.NOW }],
    ['receipt', receipt, {}],
    [
      'challenge',
      { id, kind: 'gpu', seed: records.filled(3), size: 1024, steps: 16 },
      { root: records.hex(0x77), lanes: 2 }
    ],
    [
      'reveal',
      { id, seed: records.filled(4) },
      {
        products: records.filled(1, 64),
        rows: [{ row: records.filled(2, 32), proof: [{ side: 'left', hash: records.hex(0x78) }] }]
      }
    ],
    ['rewrite', { id, seed: records.filled(5) }, { root: records.hex(0x79) }],
    [
      'show',
      { id, seed: records.filled(6) },
      {
        blocks: [{ block: records.filled(7, 4096), path: records.filled(8, 64) }],
        again: [records.filled(9, 64)]
      }
    ],
    ['flow', { id }, { data: records.filled(10, 48) }],
    ['pour', { id, data: records.filled(11, 48) }, { digest: records.hex(0x7a) }],
    ['attest', { id, attestation: await records.attestation(undefined, undefined, { kind: 'disk' }) }, {}],
    ['cancel', { agreement: id, reason: 'enough', receipt }, { release: await records.release() }],
    ['evidence', await records.evidence(), { state: 'waiting', reason: 'the provider is not heard yet' }]
  ]
  return rows.flatMap(([name, request, response]) => [
    {
      name: `${name} request`,
      schema: methods[name].request as Schema<unknown>,
      value: request,
      max: methods[name].requestMax
    },
    {
      name: `${name} response`,
      schema: methods[name].response as Schema<unknown>,
      value: response,
      max: methods[name].responseMax
    }
  ])
}

/** All of them; made anew, so that a test may keep its own. */
export async function samples(): Promise<Sample[]> {
  const offer = await records.offer({ excluded: [records.addressOf('bad')] })
  const row = (name: string, schema: Schema<unknown>, value: object, max = RECORD_MAX): Sample => ({
    name,
    schema,
    value,
    max
  })
  return [
    row('card', peerCard, await records.card(records.provider)),
    row('advert', capacityAdvert, await records.advert(records.provider)),
    row('offer', taskOffer, offer),
    row('bid', bidSchema, await records.bid(offer)),
    row('attestation', attestation, await records.attestation()),
    row('agreement', agreementSchema, records.agreement()),
    row('signed receipt', signedReceipt, await records.receipt()),
    row('signed release', signedRelease, await records.release()),
    row('checkpoint', checkpointSchema, await records.checkpoint()),
    row('result', resultSchema, await records.result()),
    row('failure', failureSchema, await records.failure()),
    row('signed handover', signedHandover, await records.handover()),
    row('needs', needsSchema, records.needs),
    row('refusal', refusalSchema, refuse('NOT_NOW', 'no free slot')),
    row('evidence', evidenceSchema, await records.evidence()),
    row('object reference', objectRef, records.object, SPEC_MAX),
    row('job common', jobCommon, records.common, SPEC_MAX),
    ...Object.entries(records.rules).map(([by, compare]) =>
      row(`job common by ${by}`, jobCommon, withRule(compare), SPEC_MAX)
    ),
    row('shard spec', shardSpec, records.spec, SPEC_MAX),
    ...(await records.events()).map(e => row(`event ${e.kind}`, executionEvent, e)),
    ...(await requests())
  ]
}

/** The names of all samples: known before any is made, so that each can have tests of its own. */
export const sampleNames: readonly string[] = [
  ...[
    'card',
    'advert',
    'offer',
    'bid',
    'attestation',
    'agreement',
    'signed receipt',
    'signed release',
    'checkpoint',
    'result',
    'failure',
    'signed handover',
    'needs',
    'refusal',
    'evidence'
  ],
  ...[
    'object reference',
    'job common',
    ...Object.keys(records.rules).map(by => `job common by ${by}`),
    'shard spec'
  ],
  ...[
    'heartbeat',
    'fetching',
    'running',
    'progress',
    'log',
    'checkpoint',
    'result',
    'task-failed',
    'failed'
  ].map(k => `event ${k}`),
  ...Object.keys(methods).flatMap(name => [`${name} request`, `${name} response`])
]

/** All samples by name, for use in `before`: `const sample = sampleBook()`, then `sample('card')` inside a test. */
export function sampleBook(): (name: string) => Sample {
  const book = new Map<string, Sample>()
  before(async () => {
    for (const s of await samples()) book.set(s.name, s)
    if (sampleNames.length !== book.size || !sampleNames.every(n => book.has(n)))
      throw new Error('sampleNames does not list every sample')
  })
  return name => {
    const found = book.get(name)
    if (found === undefined) throw new Error(`no sample ${name}`)
    return found
  }
}
