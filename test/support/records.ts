/** One honest record of each kind, under fixed keys and at a fixed time: equal in every run. */
import { createHash } from 'node:crypto'
import { cidOf } from '../../src/protocol/codec.ts'
import type { Agreement } from '../../src/protocol/eip712.ts'
import type { Address, Hex32 } from '../../src/protocol/ids.ts'
import type { IdentityKey, OperatorKey } from '../../src/protocol/ports/keys.ts'
import type { AdvertBody, CapacityAdvert } from '../../src/protocol/records/advert.ts'
import type { SignedHandover, SignedReceipt, SignedRelease } from '../../src/protocol/records/agreement.ts'
import type { Attestation, AttestationBody } from '../../src/protocol/records/attestation.ts'
import type { Bid, BidBody } from '../../src/protocol/records/bid.ts'
import type { PeerCard, PeerCardBody } from '../../src/protocol/records/card.ts'
import type { CompareRule } from '../../src/protocol/records/compare.ts'
import type { Checkpoint, Failure, Result } from '../../src/protocol/records/delivery.ts'
import type { Evidence } from '../../src/protocol/records/evidence.ts'
import type { ExecutionEvent } from '../../src/protocol/records/events.ts'
import type { ContainerOffer } from '../../src/protocol/records/container.ts'
import type { GpuOffer } from '../../src/protocol/records/gpu.ts'
import type { Needs } from '../../src/protocol/records/needs.ts'
import type { OfferBody, TaskOffer } from '../../src/protocol/records/offer.ts'
import type { JobCommon, ObjectRef, ShardSpec } from '../../src/protocol/records/spec.ts'
import { signingBytes } from '../../src/protocol/signing.ts'
import { identityFromSeed } from '../../src/p2p/identity.ts'
import { createOperatorKey } from '../../src/settlement/keys/operator.ts'
import { domainOf, typedDataVerifier, typedDigest } from '../../src/settlement/keys/typed.ts'
import { offerDigest, signAdvert, signBid, signCard, signOffer } from '../../src/peer/records.ts'

/** The moment at which all records below are good. */
export const NOW = 1_800_000_000_000

export const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)
export const hex = (byte: number): Hex32 => ('0x' + byte.toString(16).padStart(2, '0').repeat(32)) as Hex32
/** A hash that depends on a text: for many different values. */
export const hashed = (text: string): Hex32 =>
  ('0x' + createHash('sha256').update(text).digest('hex')) as Hex32
export const addressOf = (text: string): Address => hashed(text).slice(0, 42) as Address

const network = {
  chainId: 31_337n,
  escrow: '0x00000000000000000000000000000000000000e5' as Address
}
export const domain = domainOf(network)
export const typed = typedDataVerifier(domain)
export const ARBITER = '0x00000000000000000000000000000000000000ab' as Address

/** A peer's signing keys. */
export interface Person {
  readonly operator: OperatorKey
  readonly identity: IdentityKey
}

/** Keys from one byte: equal bytes give equal people. */
export const person = (byte: number): Person => ({
  operator: createOperatorKey(filled(byte), domain),
  identity: identityFromSeed(filled(byte))
})

export const requester = person(1)
export const provider = person(2)
export const stranger = person(3)

export const cardBody = (p: Person, changes: Partial<PeerCardBody> = {}): PeerCardBody => ({
  v: 1,
  peer: p.identity.peerId,
  operator: p.operator.address,
  beneficiary: p.operator.address,
  recipient: filled(9),
  profile: 'full',
  addresses: ['/ip4/127.0.0.1/tcp/4001'],
  seq: 7,
  expires: NOW + 3_600_000,
  ...changes
})
export const card = (p: Person, changes: Partial<PeerCardBody> = {}): Promise<PeerCard> =>
  signCard(cardBody(p, changes), p.operator, p.identity)

export async function advert(p: Person, changes: Partial<AdvertBody> = {}): Promise<CapacityAdvert> {
  return await signAdvert(
    {
      v: 1,
      card: await card(p),
      seq: 3,
      class: 'general',
      engines: [{ id: 'wasm', version: '1', isolation: 'process', speed: 250_000_000n }],
      slotsFree: 2,
      slotsTotal: 4,
      memoryBytes: 2 ** 30,
      diskBytes: 2 ** 31,
      ask: 200_000_000_000_000n,
      region: 'eu',
      energy: 'renewable',
      issued: NOW - 1_000,
      expires: NOW + 60_000,
      ...changes
    },
    p.identity
  )
}

/** Of `subject`, by `p`. */
export async function attestation(
  subject: Person = provider,
  p: Person = stranger,
  changes: Partial<AttestationBody> = {}
): Promise<Attestation> {
  const body: AttestationBody = {
    v: 1,
    subject: subject.identity.peerId,
    challenger: p.identity.peerId,
    kind: 'cpu',
    score: 7_000,
    class: 'high-end',
    lanes: 8,
    together: 1,
    at: NOW - 60_000,
    expires: NOW + 3_600_000,
    ...changes
  }
  return { ...body, signature: await p.identity.sign(signingBytes('attestation', body)) }
}

export const needs: Needs = {
  engine: 'wasm',
  gas: 20_000_000_000n,
  memoryBytes: 2 ** 27,
  diskBytes: 2 ** 26,
  wallMs: 120_000,
  outputBytes: 2 ** 26,
  logBytes: 2 ** 20,
  moduleBytes: 2 ** 24,
  inputBytes: 2 ** 29
}

export async function offerBody(p: Person = requester, changes: Partial<OfferBody> = {}): Promise<OfferBody> {
  return {
    v: 2,
    jobId: hex(0x11),
    round: 1,
    card: await card(p),
    specHash: hex(0x22),
    class: 'general',
    needs,
    executions: 4,
    ceiling: 10_000_000_000_000_000n,
    wanted: 8,
    rule: 'best-value/1',
    tier: 'none',
    region: 'any',
    energy: 'any',
    excluded: [],
    issued: NOW - 500,
    windowMs: 2_500,
    bond: 1_000_000_000_000_000n,
    arbiter: ARBITER,
    deliverSeconds: 600,
    challengeSeconds: 60,
    arbitrationSeconds: 3_600,
    ...changes
  }
}
export const offer = async (changes: Partial<OfferBody> = {}, p: Person = requester): Promise<TaskOffer> =>
  await signOffer(await offerBody(p, changes), p.operator)

export const gpu: GpuOffer = {
  ...{ vendor: 'nvidia', model: 'NVIDIA RTX A6000', memoryBytes: 48 * 2 ** 30 },
  ...{ count: 2, free: 1 }
}
export const containers: ContainerOffer = { images: [hex(0x44), hex(0x55)], uploads: true }
/** An offer of a container, whose image the provider keeps. */
export async function containerOffer(): Promise<TaskOffer> {
  return await offer({ needs: { ...needs, engine: 'container', image: hex(0x44) } })
}
/** One rule of each kind by which results are compared. */
export const rules: Readonly<Record<CompareRule['by'], CompareRule>> = {
  tolerance: { by: 'tolerance', absolute: 1e-6, relative: 1e-4 },
  quantised: { by: 'quantised', step: 1e-3 },
  pixels: { by: 'pixels', difference: 2, share: 0.001 }
}
/** An offer of a job whose results are not compared by bytes. */
export const comparedOffer = (rule: CompareRule = rules.tolerance): Promise<TaskOffer> =>
  offer({ needs: { ...needs, compare: rule } })

/** An offer that needs a GPU. */
export async function gpuOffer(): Promise<TaskOffer> {
  return await offer({ needs: { ...needs, gpuMemoryBytes: 24 * 10 ** 9 } })
}

export async function bid(on: TaskOffer, p: Person = provider, changes: Partial<BidBody> = {}): Promise<Bid> {
  return await signBid(
    {
      v: 2,
      offer: offerDigest(on),
      card: await card(p),
      price: 4_000_000_000_000_000n,
      slots: 2,
      speed: 250_000_000n,
      engineVersion: '1',
      region: 'eu',
      energy: 'grid',
      issued: NOW,
      validMs: 60_000,
      ...changes
    },
    p.operator
  )
}

export const agreement = (changes: Partial<Agreement> = {}): Agreement => ({
  jobId: hex(0x11),
  shard: 3,
  attempt: 1,
  requester: requester.operator.address,
  provider: provider.operator.address,
  beneficiary: provider.operator.address,
  arbiter: ARBITER,
  price: 4_000_000_000_000_000n,
  bond: 1_000_000_000_000_000n,
  specHash: hex(0x22),
  bidRoot: hex(0x33),
  openBy: 1_800_000_060n,
  deliverBy: 1_800_000_500n,
  challengeWindow: 60,
  arbitrationWindow: 3_600,
  splitBps: 0,
  salt: hex(0x44),
  ...changes
})
/** An agreement as the contracts of generation 1 took it. */
export const firstAgreement = (changes: Partial<Agreement> = {}): Agreement =>
  agreement({ splitBps: 5_000, ...changes })
export const agreementId = (a: Agreement = firstAgreement()): Hex32 => typedDigest(domain, 'Agreement', a)

const sealed = {
  object: cidOf(filled(5)),
  wrapped: filled(6, 80),
  size: 1_234,
  digest: hex(0x55)
}

export async function checkpoint(
  p: Person = provider,
  changes: Partial<Omit<Checkpoint, 'signature'>> = {}
): Promise<Checkpoint> {
  const body = {
    v: 2 as const,
    agreement: agreementId(),
    handover: hex(0x78),
    sequence: 2,
    progress: 4_000,
    gas: 8_000_000_000n,
    ...sealed,
    ...changes
  }
  return { ...body, signature: await p.identity.sign(signingBytes('checkpoint', body)) }
}

export async function result(
  p: Person = provider,
  changes: Partial<Omit<Result, 'signature'>> = {}
): Promise<Result> {
  const body = {
    v: 1 as const,
    agreement: agreementId(),
    gas: 19_000_000_000n,
    wallMs: 77_000,
    ...sealed,
    ...changes
  }
  return { ...body, signature: await p.identity.sign(signingBytes('result', body)) }
}

export async function failure(
  p: Person = provider,
  changes: Partial<Omit<Failure, 'signature'>> = {}
): Promise<Failure> {
  const body = {
    v: 1 as const,
    agreement: agreementId(),
    code: 'TASK_FAILED',
    reason: 'exit code 3',
    gas: 9_000_000_000n,
    wallMs: 40_000,
    ...changes
  }
  return { ...body, signature: await p.identity.sign(signingBytes('failure', body)) }
}

export const object: ObjectRef = { cid: cidOf(filled(7)), key: filled(8), size: 99, digest: hex(0x66) }
export const common: JobCommon = {
  v: 2,
  jobId: hex(0x11),
  name: 'wordcount',
  needs,
  args: ['--top', '100'],
  env: { LANG: 'C' },
  shards: 8,
  module: hex(0x66)
}
export const spec: ShardSpec = { v: 1, common, shard: 3, module: object, input: object }

export async function receipt(p: Person = requester, amount = 1_000n): Promise<SignedReceipt> {
  const value = { agreement: agreementId(), sequence: 1, digest: hex(0x55), amount }
  return { receipt: value, signature: await p.operator.sign('Receipt', value) }
}
export async function release(p: Person = provider, amount = 1_000n): Promise<SignedRelease> {
  const value = { agreement: agreementId(), amount }
  return { release: value, signature: await p.operator.sign('Release', value) }
}

export async function handover(p: Person = requester, spec = hex(0x77)): Promise<SignedHandover> {
  const value = { agreement: agreementId(), spec, checkpoint: hex(0), gas: needs.gas }
  return { handover: value, signature: await p.operator.sign('Handover', value) }
}

/** Everything that either side can lay before an arbiter, in one. */
export async function evidence(p: Person = requester): Promise<Evidence> {
  const wrapped = filled(6, 80)
  return {
    v: 1,
    card: await card(p),
    agreement: agreement(),
    handover: await handover(),
    spec: { cid: object.cid, wrapped },
    resume: { checkpoint: await checkpoint(stranger), wrapped, context: hex(7) },
    result: { result: await result(), wrapped },
    failure: await failure(),
    doubted: { checkpoint: await checkpoint(), by: await card(provider) },
    addresses: ['/ip4/127.0.0.1/tcp/1']
  }
}

/** One of each kind of event. */
export async function events(): Promise<ExecutionEvent[]> {
  const head = (seq: number) => ({ seq, at: NOW })
  return [
    { ...head(1), kind: 'heartbeat', progress: 0 },
    { ...head(1), kind: 'fetching' },
    { ...head(2), kind: 'running' },
    { ...head(3), kind: 'progress', progress: 2_500, note: 'a quarter' },
    { ...head(4), kind: 'log', stream: 'out', line: 'Grüße ☃' },
    { ...head(5), kind: 'checkpoint', checkpoint: await checkpoint() },
    { ...head(6), kind: 'result', result: await result() },
    { ...head(7), kind: 'task-failed', failure: await failure() },
    { ...head(8), kind: 'failed', code: 'ENGINE_BROKEN', reason: 'the runner ended' }
  ]
}

/** A record without its signatures. */
export function unsigned<T extends { readonly signature: unknown }>(record: T): Omit<T, 'signature'> {
  const { signature: _, ...body } = record
  return body
}
