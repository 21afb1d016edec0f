/** Looks at what both sides brought: whether it is whole, whether it is what was signed and committed, and what must be run. */
import { decode, digestOf, fromHex } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import type { AgreementId, Hex32 } from '../../protocol/ids.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import { MiB, SPEC_MAX } from '../../protocol/limits.ts'
import { claimOf } from '../../protocol/machines/escrow.ts'
import type { ContentSource } from '../../protocol/ports/content.ts'
import type { Escrow, SettlementEvent } from '../../protocol/ports/settlement.ts'
import { failureDigest } from '../../protocol/records/delivery.ts'
import type { Evidence } from '../../protocol/records/evidence.ts'
import { shardSpec, type ObjectRef, type ShardSpec } from '../../protocol/records/spec.ts'
import { CHECKPOINT_MAX } from '../../protocol/task-limits.ts'
import { contexts } from '../contexts.ts'
import type { PeerContext } from '../context.ts'
import type { DisputeEntry } from '../journal/entries.ts'
import { hashed } from '../hashing.ts'
import { specDigestOf } from '../spec-digest.ts'
import type { Committed, Disputed } from './rerun.ts'
import type { Brought } from './verdict.ts'

/** Headers of a bundle, beside what its files hold. */
const SLACK = MiB
const NOTHING = `0x${'00'.repeat(32)}` as Hex32

type Ports = Pick<PeerContext, 'content' | 'recipient' | 'settlement' | 'adverts' | 'files' | 'typed'>

export interface Inspected {
  readonly requester: Brought
  readonly provider: Brought
  /** When both are complete. */
  readonly disputed?: Disputed
}

/** One side's evidence cannot stand: its own words, or what they name, contradict what was signed. */
class Flaw extends Error {}
const flaw = (why: string): never => {
  throw new Flaw(why)
}

/** What was to be run. */
type Task = Omit<Disputed, 'committed' | 'claim'>

const COMPLETE = { kind: 'complete' } as const
const MISSING = { kind: 'nothing' } as const

async function all(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const p of source) parts.push(p)
  return Buffer.concat(parts)
}

export class Inspector {
  readonly #ctx: Ports
  readonly #id: AgreementId
  readonly #entry: DisputeEntry
  readonly #escrow: Escrow

  constructor(ctx: Ports, entry: DisputeEntry, escrow: Escrow) {
    this.#ctx = ctx
    this.#id = entry.id
    this.#entry = entry
    this.#escrow = escrow
  }

  /** The escrow has seen a commit; else a checkpoint is disputed. */
  get #delivered(): boolean {
    return this.#escrow.deliveredAt > 0n
  }

  /** Errors of our own disk and of the chain pass through. */
  async inspect(signal: AbortSignal): Promise<Inspected> {
    const { requester, provider, agreement } = this.#entry
    const delivered = this.#delivered
    const task =
      requester === undefined
        ? MISSING
        : await this.#try(
            () => (delivered ? this.#task(requester, signal) : this.#accused(requester, signal)),
            signal
          )
    // a checkpoint that was paid for lies with the requester, under the provider's signature: its provider may be long gone
    const committed = !delivered
      ? undefined
      : provider === undefined
        ? MISSING
        : await this.#try(() => this.#committed(provider, signal), signal)
    const brought = (x: { readonly value: unknown } | Brought): Brought => ('value' in x ? COMPLETE : x)
    const both = {
      requester: brought(task),
      provider: committed === undefined ? COMPLETE : brought(committed)
    }
    if (!('value' in task)) return both
    const stands =
      committed === undefined ? doubtedOf(requester) : 'value' in committed ? committed.value : undefined
    if (stands === undefined) return both
    return {
      ...both,
      disputed: { ...task.value, committed: stands, claim: claimOf(this.#escrow, agreement) }
    }
  }

  async #try<T>(look: () => Promise<T>, signal: AbortSignal): Promise<{ readonly value: T } | Brought> {
    try {
      return { value: await look() }
    } catch (e) {
      if (signal.aborted) throw e
      if (e instanceof Flaw) return { kind: 'flawed', why: e.message }
      const error = asShoalError(e, 'CONTENT_NOT_FOUND')
      if (ownTrouble(e) !== undefined || error.fault === 'chain') throw error
      return { kind: 'flawed', why: `does not give what it names: ${error.message}` }
    }
  }

  /**
   * What the provider holds was signed by the requester, as was what the requester says: where they differ, the provider's counts. A checkpoint
   * names the one that it was made under, when that is what is disputed.
   */
  #handover() {
    const { requester, provider } = this.#entry
    if (!this.#delivered) return requester?.handover?.handover
    return (provider?.handover ?? requester?.handover)?.handover
  }

  #from({ card, addresses }: Evidence): ContentSource {
    return this.#ctx.adverts.locate({ peer: card.peer, addresses })
  }

  async #unwrap(wrapped: Uint8Array): Promise<Uint8Array> {
    return await this.#ctx.recipient.unwrap(wrapped, contexts.evidence(this.#id))
  }

  async #open(
    e: Evidence,
    ref: ObjectRef,
    context: Uint8Array,
    maxBytes: number,
    signal: AbortSignal,
    keep = false
  ) {
    const options = { from: this.#from(e), maxBytes, keep, signal }
    const stream = hashed(this.#ctx.content.get(ref, context, options))
    const bytes = await all(stream)
    if (stream.digest() !== ref.digest) flaw('gives content that is not what its digest says')
    return bytes
  }

  async #spec(e: Evidence, signal: AbortSignal): Promise<ShardSpec> {
    const handover = this.#handover()
    if (e.spec === undefined || handover === undefined) return flaw('withholds the task')
    const key = await this.#unwrap(e.spec.wrapped)
    const options = { from: this.#from(e), maxBytes: SPEC_MAX, signal }
    const bytes = await all(this.#ctx.content.get({ cid: e.spec.cid, key }, contexts.spec(this.#id), options))
    if (digestOf(bytes) !== handover.spec) return flaw('shows another task than it signed for')
    const spec = decode(shardSpec, bytes, 'spec', SPEC_MAX)
    if (specDigestOf(spec.common) !== e.agreement.specHash || spec.shard !== e.agreement.shard)
      return flaw('signed for another task than was agreed')
    return spec
  }

  async #task(e: Evidence, signal: AbortSignal): Promise<Task> {
    const spec = await this.#spec(e, signal)
    const handover = this.#handover()
    const { needs, jobId } = spec.common
    const module = await this.#open(e, spec.module, contexts.module(jobId), needs.moduleBytes, signal)
    const input = await this.#open(
      e,
      spec.input,
      contexts.input(jobId, spec.shard),
      needs.inputBytes + SLACK,
      signal
    )
    const bought = { price: e.agreement.price, gas: handover?.gas ?? 0n }
    return { spec, module, input, bought, resume: await this.#resume(e, signal) }
  }

  async #resume(e: Evidence, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const wanted = this.#handover()?.checkpoint ?? NOTHING
    if (wanted === NOTHING) return undefined
    if (e.resume === undefined || e.resume.checkpoint.digest !== wanted)
      return flaw('withholds the checkpoint that it handed over')
    const { checkpoint, wrapped, context } = e.resume
    const ref = { cid: checkpoint.object, size: checkpoint.size, digest: checkpoint.digest }
    return await this.#open(
      e,
      { ...ref, key: await this.#unwrap(wrapped) },
      fromHex(context),
      CHECKPOINT_MAX,
      signal
    )
  }

  /** The task, and a checkpoint that the provider has signed as one of it. */
  async #accused(e: Evidence, signal: AbortSignal): Promise<Task> {
    if (e.doubted === undefined || e.handover === undefined) return flaw('accuses no checkpoint')
    const named = e.doubted.checkpoint.handover
    if (this.#ctx.typed.digest('Handover', e.handover.handover) !== named)
      return flaw('shows another task than the checkpoint is one of')
    return await this.#task(e, signal)
  }

  async #committed(e: Evidence, signal: AbortSignal): Promise<Committed> {
    const committed = commitOf(await this.#ctx.settlement.history(this.#id, { signal }))
    if (e.failure !== undefined && failureDigest(e.failure) === committed)
      return { kind: 'failure', failure: e.failure }
    if (e.result === undefined) return flaw('withholds what it committed')
    const { result, wrapped } = e.result
    if (result.digest !== committed) return flaw('shows another result than it committed')
    const key = await this.#unwrap(wrapped)
    const max = e.result.result.size + SLACK
    const ref = { cid: result.object, key, size: result.size, digest: result.digest }
    // kept until the case is over: the requester may say that it never got it
    const bytes = await this.#open(e, ref, contexts.result(this.#id), max, signal, true)
    return {
      kind: 'result',
      open: async function* () {
        yield bytes
      }
    }
  }
}

const doubtedOf = (e: Evidence | undefined): Committed | undefined =>
  e?.doubted === undefined ? undefined : { kind: 'checkpoint', checkpoint: e.doubted.checkpoint }

const commitOf = (events: readonly SettlementEvent[]): Hex32 | undefined => {
  const found = events.filter(e => e.kind === 'delivered').at(-1)
  return found?.kind === 'delivered' ? found.result : undefined
}
