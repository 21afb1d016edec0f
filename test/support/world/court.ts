/** A dispute before an arbiter, with the program's own parts on ports in memory: the task, what both sides hold, and the escrow. */
import { createResultComparer } from '../../../src/executor/compare/comparer.ts'
import { contexts } from '../../../src/peer/contexts.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { configSchema } from '../../../src/peer/home/config-schema.ts'
import { Journal } from '../../../src/peer/journal/journal.ts'
import type { DisputeEntry } from '../../../src/peer/journal/entries.ts'
import { oneAtATime } from '../../../src/peer/one-at-a-time.ts'
import { signCard, signDelivery } from '../../../src/peer/records.ts'
import { specDigestOf } from '../../../src/peer/spec-digest.ts'
import { memoryStore } from '../../../src/devnet/memory-store.ts'
import { bundleFromMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { digestOf, encode, toHex } from '../../../src/protocol/codec.ts'
import type { Agreement } from '../../../src/protocol/eip712.ts'
import type { AgreementId, Hex32 } from '../../../src/protocol/ids.ts'
import type { ContentStore } from '../../../src/protocol/ports/content.ts'
import type { Escrow, Settlement, SettlementEvent } from '../../../src/protocol/ports/settlement.ts'
import type { PeerCard } from '../../../src/protocol/records/card.ts'
import type { CheckpointBody, FailureBody, ResultBody } from '../../../src/protocol/records/delivery.ts'
import type { Evidence } from '../../../src/protocol/records/evidence.ts'
import type { Needs } from '../../../src/protocol/records/needs.ts'
import type { ObjectRef, ShardSpec } from '../../../src/protocol/records/spec.ts'
import * as records from '../records.ts'
import { noLog } from '../tasks.ts'
import { EagerClock } from './clock.ts'
import { moduleOf, outputOf, scriptEngine, type Script } from './engine.ts'
import { addressOf, Notary, peerIdOf, typedDigestOf } from './notary.ts'
import { Cellar } from './store.ts'

export const START = 1_800_000_000_000
export const SECONDS = BigInt(START / 1000)
const NOTHING = `0x${'00'.repeat(32)}` as Hex32

export const bundle = (name: string, text: string): Uint8Array =>
  bundleFromMap(new Map([[name, new TextEncoder().encode(text)]]))

const MEMBERS = ['requester', 'provider', 'arbiter'] as const
type Who = (typeof MEMBERS)[number]
interface Storage {
  readonly cellar: Cellar
  readonly stores: ReadonlyMap<Who, ContentStore>
}

function storeOf(stores: ReadonlyMap<Who, ContentStore>, who: Who): ContentStore {
  const found = stores.get(who)
  if (found === undefined) throw new Error(`${who} has no store here`)
  return found
}

/** Seals bytes into a store. */
export const sealed = async (
  store: ContentStore,
  bytes: Uint8Array,
  context: Uint8Array
): Promise<ObjectRef> => ({ ...(await store.put(oneChunk(bytes), context)), digest: digestOf(bytes) })

/** What both sides have in common; the functions make what each of them shows. */
export class Court {
  readonly clock = new EagerClock(START)
  readonly notary = new Notary()
  readonly cellar: Cellar
  readonly script: Script
  readonly spec: ShardSpec
  readonly agreement: Agreement
  readonly id: AgreementId
  /** The chain's view; a test moves it. */
  escrow: Escrow = {
    ...{ state: 'disputed', acknowledged: 0n, claim: 0n },
    ...{ deliveredAt: SECONDS - 10n, disputedAt: SECONDS }
  }
  readonly events: SettlementEvent[] = []
  /** Rulings that reached the chain. */
  readonly ruled: { readonly providerBps: number; readonly slashBps: number; readonly at: bigint }[] = []
  readonly journal: Journal
  readonly #stores: ReadonlyMap<Who, ContentStore>

  private constructor(script: Script, spec: ShardSpec, { cellar, stores }: Storage) {
    this.script = script
    this.cellar = cellar
    this.#stores = stores
    this.spec = spec
    this.agreement = records.agreement({
      ...{ jobId: spec.common.jobId, shard: spec.shard, specHash: specDigestOf(spec.common) },
      ...{ requester: addressOf('requester'), provider: addressOf('provider') },
      ...{ beneficiary: addressOf('provider'), arbiter: addressOf('arbiter') }
    })
    this.id = typedDigestOf('Agreement', this.agreement)
    this.journal = new Journal(memoryStore(), this.clock)
  }

  static async open(
    script: Script = { pieces: [2e9, 2e9], end: 'done' },
    needs: Partial<Needs> = {}
  ): Promise<Court> {
    const [module, input] = [moduleOf(script), bundle('in.txt', 'input')]
    const common = { ...records.common, needs: { ...records.needs, ...needs }, module: digestOf(module) }
    const { jobId } = common
    const cellar = new Cellar(() => true)
    const stores = new Map<Who, ContentStore>(MEMBERS.map(who => [who, cellar.store(peerIdOf(who))]))
    const put = (bytes: Uint8Array, context: Uint8Array): Promise<ObjectRef> =>
      sealed(storeOf(stores, 'requester'), bytes, context)
    const spec: ShardSpec = {
      ...{ ...records.spec, common },
      module: await put(module, contexts.module(jobId)),
      input: await put(input, contexts.input(jobId, records.spec.shard))
    }
    return new Court(script, spec, { cellar, stores })
  }

  store = (who: Who): ContentStore => storeOf(this.#stores, who)

  /** The arbiter's parts. */
  get ctx(): PeerContext {
    const keys = this.notary.keys('arbiter')
    const settlement: Partial<Settlement> = {
      escrow: async () => this.escrow,
      time: async () => BigInt(Math.floor(this.clock.now() / 1000)),
      history: async () => this.events,
      rule: async (_, providerBps, slashBps) => {
        this.ruled.push({ providerBps, slashBps, at: BigInt(Math.floor(this.clock.now() / 1000)) })
        this.escrow = { ...this.escrow, state: 'closed', outcome: 'ruled' }
      }
    }
    return {
      ...{ clock: this.clock, log: noLog, journal: this.journal, settlement },
      ...{ operator: keys.operator, identity: keys.identity, recipient: keys.recipient },
      ...{ typed: this.notary.typed(), identities: this.notary.identities(), wrap: this.notary.wrap() },
      config: configSchema.parse({}),
      content: this.store('arbiter'),
      engines: new Map([['wasm', scriptEngine(this.clock, new Map())]]),
      comparer: oneAtATime(createResultComparer(this.clock)),
      adverts: { locate: (peer: unknown) => peer }
    } as unknown as PeerContext
  }

  card(who: string, changes: Partial<PeerCard> = {}): Promise<PeerCard> {
    const { operator, identity, recipient } = this.notary.keys(who)
    const body = {
      ...{ v: 1 as const, peer: identity.peerId, operator: operator.address, beneficiary: operator.address },
      ...{ recipient: recipient.publicKey, profile: 'full' as const, addresses: ['/ip4/127.0.0.1/tcp/1'] },
      ...{ seq: 1, expires: START + 3_600_000, ...changes }
    }
    return signCard(body, operator, identity)
  }

  /** A content key for the arbiter. */
  wrapped(key: Uint8Array): Promise<Uint8Array> {
    const { publicKey } = this.notary.keys('arbiter').recipient
    return this.notary.wrap()(key, publicKey, contexts.evidence(this.id))
  }

  handover(spec = this.spec, checkpoint = NOTHING, gas = records.needs.gas) {
    const handover = { agreement: this.id, spec: digestOf(encode(spec)), checkpoint, gas }
    return { handover, signature: this.notary.signTyped('requester', 'Handover', handover) }
  }

  async side(who: string): Promise<Pick<Evidence, 'v' | 'card' | 'agreement' | 'handover' | 'addresses'>> {
    const { agreement } = this
    return { v: 1, card: await this.card(who), agreement, handover: this.handover(), addresses: [] }
  }

  /** All that a requester has to show; `spec` in place of what was agreed. */
  async requester(spec = this.spec): Promise<Evidence> {
    const { cid, key } = await sealed(this.store('requester'), encode(spec), contexts.spec(this.id))
    return { ...(await this.side('requester')), spec: { cid, wrapped: await this.wrapped(key) } }
  }

  async #sealed(bytes: Uint8Array, context: Uint8Array) {
    const { cid, key, size, digest } = await sealed(this.store('provider'), bytes, context)
    return { key, body: { object: cid, wrapped: new Uint8Array(80), size, digest } }
  }

  /** All that a provider has to show of a result, and the commit on the chain. `text`: what the result says, the right one when absent. */
  async provider(text = outputOf(this.script, 'input', this.spec.shard)): Promise<Evidence> {
    const bytes = bundle('out.txt', text)
    const { key, body } = await this.#sealed(bytes, contexts.result(this.id))
    const whole: ResultBody = { v: 1, agreement: this.id, gas: 4_000_000_000n, wallMs: 4_000, ...body }
    const result = await signDelivery('result', whole, this.notary.keys('provider').identity)
    this.commit(result.digest)
    return { ...(await this.side('provider')), result: { result, wrapped: await this.wrapped(key) } }
  }

  failure(changes: Partial<FailureBody> = {}) {
    const body = { v: 1 as const, agreement: this.id, code: 'TASK_FAILED', reason: 'exit code 3' }
    const stated: FailureBody = { ...body, gas: 4_000_000_000n, wallMs: 4_000, ...changes }
    return signDelivery('failure', stated, this.notary.keys('provider').identity)
  }

  /** The checkpoint after the first piece, as an honest provider signs it. */
  async checkpoint(changes: Partial<CheckpointBody> = {}, bytes = bundle('at', '1')) {
    const { body } = await this.#sealed(bytes, contexts.checkpoint(this.id, 1))
    const handover = typedDigestOf('Handover', this.handover().handover)
    const whole: CheckpointBody = {
      ...{ v: 2, agreement: this.id, handover, sequence: 1, progress: 5_000, gas: 2_000_000_000n },
      ...{ ...body, ...changes }
    }
    return await signDelivery('checkpoint', whole, this.notary.keys('provider').identity)
  }

  commit(result: Hex32): void {
    const txHash = toHex(new Uint8Array(32)) as Hex32
    const cursor = { block: 1, index: this.events.length }
    this.events.push({ kind: 'delivered', agreement: this.id, cursor, txHash, result, amount: 0n })
  }

  entry(changes: Partial<DisputeEntry> = {}): DisputeEntry {
    return { v: 1, id: this.id, agreement: this.agreement, heard: START, state: 'waiting', ...changes }
  }

  /** Lets time pass until a promise has settled. */
  async during<T>(work: Promise<T>, seconds = 7_200): Promise<T> {
    let over = false
    const done = work.finally(() => (over = true))
    done.catch(() => undefined)
    await this.clock.run(() => over, this.clock.now() + seconds * 1000)
    if (!over) throw new Error(`not over after ${seconds} s`)
    return await done
  }
}
