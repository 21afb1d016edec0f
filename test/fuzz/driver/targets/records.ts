/** Records, requests, responses, events: everything in dag-cbor that peers send, and what the journal keeps. */
import { decodeResponse, encodeEnd, encodeOk } from '../../../../src/p2p/engine/wire.ts'
import { cardSelector, verifyCard as verifyOwnCard } from '../../../../src/p2p/cards.ts'
import { identityVerifier } from '../../../../src/p2p/identity.ts'
import * as entries from '../../../../src/peer/journal/entries.ts'
import { verifyAdvert, verifyBid, verifyDelivery, verifyOffer } from '../../../../src/peer/records.ts'
import { decode, encode, type Schema } from '../../../../src/protocol/codec.ts'
import { ShoalError } from '../../../../src/protocol/errors.ts'
import { MiB, RECORD_MAX } from '../../../../src/protocol/limits.ts'
import { methods, type Method, type MethodName } from '../../../../src/protocol/methods.ts'
import { capacityAdvert } from '../../../../src/protocol/records/advert.ts'
import { bid as bidSchema } from '../../../../src/protocol/records/bid.ts'
import { result as resultSchema } from '../../../../src/protocol/records/delivery.ts'
import { taskOffer } from '../../../../src/protocol/records/offer.ts'
import * as journal from '../../../support/entries.ts'
import * as records from '../../../support/records.ts'
import { samples, type Sample } from '../../../support/schemas.ts'
import { cbor } from '../formats/cbor.ts'
import { allocates, trustsFields } from '../plants.ts'
import type { Decode, Target } from '../target.ts'

const CODES = ['RECORD_INVALID', 'FRAME_TOO_LARGE'] as const

function record(name: string, schema: Schema<unknown>, seeds: readonly object[], max: number): Target {
  const run: Decode = bytes => decode(schema, bytes, name, max)
  return {
    name,
    format: cbor,
    seeds: seeds.map(encode),
    decode: run,
    codes: CODES,
    wire: true,
    max: Math.min(max + 64, 64 * 1024),
    plant: trustsFields(run)
  }
}

const isMethod = (name: string): boolean => / (request|response)$/.test(name)

/** The response frames of one method, through the envelope that carries them. */
function responses(name: MethodName, values: readonly unknown[]): Target {
  const method = methods[name] as Method<unknown, unknown>
  const run: Decode = bytes => {
    const answer = decodeResponse(method.response, bytes, name, method.responseMax)
    return answer?.value
  }
  return {
    name: `${name} response`,
    format: cbor,
    seeds: values.map(encodeOk),
    decode: run,
    codes: [...CODES, 'PEER_REFUSED', 'QUOTA_EXCEEDED', 'SIGNATURE_INVALID', 'NOT_FOUND'],
    wire: true,
    max: 64 * 1024,
    plant: trustsFields(run)
  }
}

function envelope(all: readonly Sample[]): Target {
  const run: Decode = bytes => decodeResponse(methods.bid.response, bytes, 'bid', methods.bid.responseMax)
  const bid = all.find(s => s.name === 'bid response')
  return {
    name: 'response envelope',
    format: cbor,
    seeds: [encodeOk(bid?.value), encodeEnd()],
    decode: bytes => {
      try {
        return run(bytes)
      } catch (e) {
        // an error of the other side is an answer like any other
        if (e instanceof ShoalError && e.data['remote'] === true) return undefined
        throw e
      }
    },
    codes: CODES,
    wire: true,
    max: 4096,
    plant: allocates(run)
  }
}

const clock = {
  now: () => records.NOW,
  monotonic: () => 0,
  sleep: async () => undefined,
  timer: () => () => undefined,
  every: () => () => undefined
}
const verifiers = { typed: records.typed, identities: identityVerifier, clock }

/** Decoded and then checked with all its signatures, as gossip and the market do. */
async function signedTargets(): Promise<Target[]> {
  const offer = await records.offer()
  const signed = (name: string, seed: object, run: (bytes: Uint8Array) => Promise<unknown>): Target => ({
    name,
    format: cbor,
    seeds: [encode(seed)],
    decode: run,
    codes: [...CODES, 'SIGNATURE_INVALID'],
    wire: false,
    max: RECORD_MAX + 64,
    plant: trustsFields(run)
  })
  const card = await records.card(records.provider)
  return [
    signed(
      'advert with its signatures',
      await records.advert(records.provider),
      async bytes => await verifyAdvert(decode(capacityAdvert, bytes, 'advert', RECORD_MAX), verifiers)
    ),
    signed(
      'offer with its signatures',
      offer,
      async bytes => await verifyOffer(decode(taskOffer, bytes, 'offer', RECORD_MAX), verifiers)
    ),
    signed(
      'bid with its signatures',
      await records.bid(offer),
      async bytes => await verifyBid(decode(bidSchema, bytes, 'bid', RECORD_MAX), offer, verifiers)
    ),
    signed(
      'result with its signature',
      await records.result(),
      async bytes =>
        await verifyDelivery(
          'result',
          decode(resultSchema, bytes, 'result', RECORD_MAX),
          { agreement: records.agreementId(), peer: records.provider.identity.peerId },
          verifiers
        )
    ),
    signed('card in the DHT', card, async bytes => {
      cardSelector(new Uint8Array(0), [bytes, bytes])
      return await verifyOwnCard(bytes, card.peer, clock)
    })
  ]
}

async function journalTargets(): Promise<Target[]> {
  const { provider } = records
  const rows: [string, Schema<unknown>, object[]][] = [
    [
      'journal: job',
      entries.jobEntry,
      [
        journal.job(),
        journal.job({ failure: { code: 'X', message: 'y' } }),
        journal.job({
          plan: journal.plan({
            common: { ...records.common, needs: { ...records.needs, compare: records.rules.pixels } }
          })
        })
      ]
    ],
    [
      'journal: execution',
      entries.executionEntry,
      [
        await journal.execution(provider),
        await journal.execution(provider, {
          receipt: await records.receipt(),
          result: await records.result()
        }),
        await journal.execution(provider, {
          compared: [{ with: records.hex(1), same: false, reason: 'a.npy at [0]' }],
          fingerprint: records.hex(2),
          stands: true
        })
      ]
    ],
    [
      'journal: provision',
      entries.providerEntry,
      [
        await journal.provision(),
        await journal.provision({ needs: undefined, taskFailure: await records.failure() })
      ]
    ],
    ['journal: award', entries.awardEntry, [await journal.awardEntry()]],
    ['journal: history', entries.historyEntry, [{ at: records.NOW, what: 'job submitted', detail: 'x' }]],
    [
      'journal: log line',
      entries.logEntry,
      [{ at: 1, shard: 0, attempt: 1, copy: 0, stream: 'out', line: 'hello' }]
    ],
    ['journal: work', entries.workEntry, [{ completed: 3, failed: 1 }]]
  ]
  return rows.map(([name, schema, seeds]) => ({ ...record(name, schema, seeds, 4 * MiB), wire: false }))
}

export async function recordTargets(): Promise<Target[]> {
  const all = await samples()
  const plain = all.filter(s => !isMethod(s.name) && !s.name.startsWith('event '))
  const events = all.filter(s => s.name.startsWith('event '))
  const requests = all.filter(s => s.name.endsWith(' request'))
  const [event] = events
  return [
    ...plain.map(s => record(s.name, s.schema, [s.value], s.max)),
    record(
      'event',
      (event as Sample).schema,
      events.map(e => e.value),
      (event as Sample).max
    ),
    // a request without fields has nothing to plant a fault in but its size
    ...requests.map(s => {
      const target = record(s.name, s.schema, [s.value], s.max)
      return Object.keys(s.value).length === 0 ? { ...target, plant: allocates(target.decode) } : target
    }),
    ...(Object.keys(methods) as MethodName[]).map(name => {
      const values =
        name === 'events'
          ? events.map(e => e.value)
          : all.filter(s => s.name === `${name} response`).map(s => s.value)
      return responses(name, values)
    }),
    envelope(all),
    ...(await signedTargets()),
    ...(await journalTargets())
  ]
}
