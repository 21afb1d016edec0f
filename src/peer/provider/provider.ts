/** The selling side of a peer: signs agreements for its own bids, runs tasks, delivers, collects; takes all of it up again after a restart. */
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { AgreementId, Hex32, PeerIdString } from '../../protocol/ids.ts'
import type { RequestOf, ResponseOf } from '../../protocol/methods.ts'
import { isTerminal } from '../../protocol/machines/machine.ts'
import { providerTable, type ProviderState } from '../../protocol/machines/execution.ts'
import type { RequestContext } from '../../protocol/ports/network.ts'
import type { Startable } from '../../protocol/ports/startable.ts'
import type { ExecutionEvent } from '../../protocol/records/events.ts'
import { confirmationsOf, notDeep } from '../confirmations.ts'
import type { PeerContext } from '../context.ts'
import { keptBy } from '../leftovers.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { ProviderEntry } from '../journal/entries.ts'
import { Mutex } from '../mutex.ts'
import { gasFor } from '../../market/work.ts'
import type { TermDifference } from '../../protocol/records/needs.ts'
import { describeRefusal, refuse, type Refusal } from '../../protocol/records/refusal.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { sameAddress } from '../records.ts'
import { objection } from './agreements.ts'
import type { Bidder } from './bidder.ts'
import type { Capacity } from './capacity.ts'
import { awaitEnd, awaitRelease, awaitStart, deliver } from './close.ts'
import { LiveProvision } from './live-provision.ts'
import { fundsRefusal } from './funds.ts'
import { failed } from './outcome.ts'
import { jobNameOf } from './run-task.ts'
import { run } from './run.ts'
import { consentTo, takesReceipt, workFits } from './steps.ts'
import { Strangers } from './strangers.ts'
import { termsOf } from './terms.ts'

type Step = (live: LiveProvision, signal: AbortSignal) => Promise<void>
const steps: { readonly [S in ProviderState]?: Step } = {
  agreed: awaitStart,
  started: run,
  finished: deliver,
  delivered: awaitRelease,
  failed: awaitEnd
}

/** Ended executions that are held in memory; older ones are read from the journal when their requester asks. */
export const ENDED_MAX = 256
/** How long `start` looks for the opened escrow on its own chain view, ms. */
const SEE_OPEN_MS = 10_000
/** When to ask again for a start that came before the opening was deep enough, ms. */
const DEEP_RETRY_MS = 1_000

/** States in which a repeated start finds the task in good hands. */
const HAS_TASK: ReadonlySet<ProviderState> = new Set(['started', 'finished', 'delivered', 'paid'])

export class Provider implements Startable {
  readonly #ctx: PeerContext
  readonly #bidder: Bidder
  readonly #capacity: Capacity
  readonly #policy: PolicyKeeper | undefined
  readonly #live = new Map<AgreementId, LiveProvision>()
  readonly #drives = new Set<Promise<void>>()
  readonly #signing = new Mutex()
  readonly #strangers: Strangers
  #stop: AbortController | undefined
  #undo: (() => void)[] = []

  constructor(ctx: PeerContext, bidder: Bidder, capacity: Capacity, policy?: PolicyKeeper) {
    this.#policy = policy
    this.#ctx = ctx
    this.#bidder = bidder
    this.#capacity = capacity
    this.#strangers = new Strangers(ctx)
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    this.#stop = new AbortController()
    for (const entry of await this.#ctx.journal.providers()) {
      if (!isTerminal(providerTable, entry.state)) this.#add({ ...entry, starts: entry.starts + 1 })
    }
    const { network } = this.#ctx
    this.#undo = [
      network.handle(
        'agree',
        async (request, { from }) => await this.#signing.run(() => this.#agree(request, from))
      ),
      network.handle('start', async (request, { from, signal }) => await this.#begin(request, from, signal)),
      network.handle('events', (request, context) => this.#events(request, context)),
      network.handle('receipt', async (request, { from }) => await this.#receipt(request, from)),
      network.handle('cancel', async (request, { from }) => await this.#cancel(request, from))
    ]
  }

  async stop(): Promise<void> {
    this.#stop?.abort(new ShoalError('CANCELLED', 'the peer stops'))
    for (const f of this.#undo) f()
    this.#undo = []
    await Promise.allSettled([...this.#drives])
    for (const live of this.#live.values()) live.release()
    this.#live.clear()
    this.#stop = undefined
  }

  get live(): ProviderEntry[] {
    return [...this.#live.values()].map(l => l.entry).filter(e => !isTerminal(providerTable, e.state))
  }

  #add(entry: ProviderEntry): LiveProvision {
    const live = new LiveProvision(this.#ctx, entry, l => this.#vacate(l.entry.agreementId))
    this.#live.set(entry.agreementId, live)
    const busy: ReadonlySet<ProviderState> = new Set(['agreed', 'started'])
    if (busy.has(entry.state)) {
      this.#capacity.reserve(entry.agreementId)
      const memory = entry.needs?.gpuMemoryBytes
      if (memory !== undefined) this.#ctx.gpus?.reserve(entry.agreementId, memory)
    }
    const signal = this.#stop?.signal
    if (signal === undefined) throw new Error('the provider is not started')
    const done = this.#drive(live, signal).finally(() => this.#drives.delete(done))
    this.#drives.add(done)
    return live
  }

  #vacate(id: AgreementId): void {
    this.#capacity.release(id)
    this.#ctx.gpus?.cancel(id)
  }

  async #drive(live: LiveProvision, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !live.terminal) {
      try {
        await steps[live.entry.state]?.(live, signal)
      } catch (e) {
        if (signal.aborted) return
        this.#ctx.log.error(
          { err: asShoalError(e, 'INVALID_TRANSITION'), state: live.entry.state },
          'a step of an execution failed; trying again'
        )
        await live.pause(1_000, signal)
      }
      // the slot is free once the task no longer runs, however long its money takes
      if (live.entry.state !== 'agreed' && live.entry.state !== 'started')
        this.#vacate(live.entry.agreementId)
    }
    if (live.terminal) await this.#letGo(live.entry)
    this.#trim()
  }

  /** Content of an ended execution; what fails here the next start does (leftovers.ts). */
  async #letGo(entry: ProviderEntry): Promise<void> {
    const kept = keptBy(entry)
    try {
      for (const cid of [entry.checkpoint?.object, entry.result?.object])
        if (cid !== undefined && !kept.includes(cid)) await this.#ctx.content.forget(cid)
    } catch (err) {
      this.#ctx.log.warn({ err, agreement: entry.agreementId }, 'content was not let go')
    }
  }

  #trim(): void {
    const ended = [...this.#live.values()].filter(l => l.terminal)
    for (const live of ended.slice(0, Math.max(0, ended.length - ENDED_MAX)))
      this.#live.delete(live.entry.agreementId)
  }

  async #agree(r: RequestOf<'agree'>, from: string): Promise<ResponseOf<'agree'>> {
    const ctx = this.#ctx
    const no = (code: ErrorCode, message: string): ResponseOf<'agree'> => ({ refusal: refuse(code, message) })
    const id = ctx.typed.digest('Agreement', r.agreement) as AgreementId
    const known = this.#live.get(id)
    if (known !== undefined) return { signature: known.entry.providerSignature }
    const found = this.#bidder.find(r.offer, r.bid)
    if (found === undefined) return no('NOT_FOUND', 'no such bid, or it has expired')
    const { card, needs } = found.offer
    if (card.peer !== from) return no('NOT_FOUND', 'not from the peer that made the offer')
    const objected = objection(r.agreement, found.offer, found.bid, termsOf(ctx, this.#policy))
    if (objected !== undefined) {
      ctx.log.warn(
        { agreement: id, refusal: objected, requester: card.operator },
        'an agreement was not signed'
      )
      return { refusal: objected }
    }
    const verdict = this.#policy?.verdict({ operator: card.operator, engine: needs.engine, needs })
    if (verdict?.ok === false) return no('NOT_NOW', `not now: ${verdict.reason}`)
    if (this.#capacity.free <= 0) return no('NOT_NOW', 'no free slot')
    const short = await fundsRefusal(ctx, r.agreement, this.live)
    if (short !== undefined) return { refusal: short }
    if (!this.#capacity.reserve(id)) return no('NOT_NOW', 'no free slot')
    if (needs.gpuMemoryBytes !== undefined && ctx.gpus?.reserve(id, needs.gpuMemoryBytes) !== true) {
      this.#capacity.release(id)
      return no('NOT_NOW', 'no free GPU')
    }
    const entry: ProviderEntry = {
      v: 2,
      agreementId: id,
      copy: r.copy,
      state: 'agreed',
      created: ctx.clock.now(),
      requester: {
        peer: card.peer,
        addresses: card.addresses,
        operator: card.operator,
        recipient: card.recipient
      },
      agreement: r.agreement,
      providerSignature: await ctx.operator.sign('Agreement', r.agreement),
      needs,
      bought: gasFor(r.agreement.price, { price: found.bid.price, gas: needs.gas }),
      speed: found.bid.speed,
      starts: 0
    }
    await ctx.journal.putProvider(entry, 'agreement signed')
    this.#bidder.agreed(r.offer)
    // the escrow takes a moment to open: the engine gets ready meanwhile
    ctx.engines.get(needs.engine)?.warm?.(jobNameOf(entry))
    this.#add(entry)
    return { signature: entry.providerSignature }
  }

  /** One that has ended, and that this process does not hold: its requester was away, or we were. Kept like the others that have ended. */
  async #recall(id: AgreementId, from: PeerIdString): Promise<LiveProvision | undefined> {
    const entry = await this.#ctx.journal.provider(id)
    if (entry?.requester.peer !== from || !isTerminal(providerTable, entry.state)) return undefined
    const known = this.#live.get(id)
    if (known !== undefined) return known // another request was faster
    // its events are numbered as after a restart, above what was heard of it before
    const live = new LiveProvision(this.#ctx, { ...entry, starts: entry.starts + 1 }, () => undefined)
    this.#live.set(id, live)
    this.#trim()
    return live
  }

  /** NOT_FOUND for strangers: who is no party learns nothing. */
  async #party(id: Hex32, from: PeerIdString): Promise<LiveProvision> {
    const live = this.#live.get(id) ?? (await this.#recall(id, from))
    if (live === undefined || live.entry.requester.peer !== from) {
      this.#strangers.note(from, id)
      throw new ShoalError('NOT_FOUND', 'no such agreement')
    }
    return live
  }

  /** Whether the escrow is open, and was so as deep as the owner wants. */
  async #opening(id: AgreementId, signal: AbortSignal): Promise<'none' | 'shallow' | 'deep'> {
    const { settlement } = this.#ctx
    const depth = confirmationsOf(this.#ctx)
    if ((await settlement.escrow(id, { signal })).state !== 'open') return 'none'
    if (depth === 0 || (await settlement.escrow(id, { signal, depth })).state === 'open') return 'deep'
    return 'shallow'
  }

  /** The owner hears once why a task was not taken: whoever hands it over asks again and again. */
  #tellRefused(live: LiveProvision, refusal: Refusal): void {
    const said = describeRefusal(refusal)
    if (refusal.code === 'NOT_NOW' || live.refused === said) return
    live.refused = said
    const { agreementId: agreement, requester } = live.entry
    this.#ctx.log.warn({ agreement, requester: requester.operator, refusal }, 'a task was not taken')
  }

  async #begin(r: RequestOf<'start'>, from: PeerIdString, signal: AbortSignal): Promise<ResponseOf<'start'>> {
    const ctx = this.#ctx
    const live = await this.#party(r.agreement, from)
    const { state, agreement, needs, bought, speed } = live.entry
    const no = (code: ErrorCode, message: string, about?: TermDifference): ResponseOf<'start'> => {
      const refusal = refuse(code, message, about)
      this.#tellRefused(live, refusal)
      return { accepted: false, refusal }
    }
    if (state !== 'agreed')
      return HAS_TASK.has(state) ? { accepted: true } : no('NOT_NOW', `this execution is ${state}`)
    const { handover, signature } = r.handover
    const signer = ctx.typed.signer('Handover', handover, signature)
    if (
      handover.agreement !== r.agreement ||
      signer === undefined ||
      !sameAddress(signer, agreement.requester)
    )
      throw new ShoalError('SIGNATURE_INVALID', 'start: the handover is not signed by the requester')
    if (handover.gas !== bought)
      return no('TERMS_DIFFER', 'the handover names other work than the price buys', {
        ...{ term: 'gas', offered: String(bought), given: String(handover.gas) }
      })
    const inclusionMs = ctx.settlement.inclusionMs()
    const work = { gas: bought, wallMs: needs?.wallMs ?? 0, speed, inclusionMs }
    if (!workFits(ctx.chainNow(), agreement, work))
      return no('TIME_SHORT', 'the task came too late for the work to be delivered by the deadline')
    const until = ctx.clock.monotonic() + SEE_OPEN_MS
    for (let opening = await this.#opening(r.agreement, signal); opening !== 'deep';) {
      if (ctx.clock.monotonic() > until)
        return opening === 'none'
          ? no('FUND_TIMEOUT', 'the escrow is not open')
          : { ...no('NOT_NOW', notDeep(confirmationsOf(ctx))), waitMs: DEEP_RETRY_MS }
      await live.pause(200, signal)
      // whoever asked has gone
      signal.throwIfAborted()
      opening = await this.#opening(r.agreement, signal)
    }
    const task = { spec: r.spec, handover: r.handover, resume: r.resume }
    const requester = { ...live.entry.requester, addresses: r.addresses }
    await live.move('start', 'task accepted', { task, requester, startedAt: ctx.clock.now() })
    return { accepted: true }
  }

  async *#events(r: RequestOf<'events'>, { from, signal }: RequestContext): AsyncGenerator<ExecutionEvent> {
    const { events } = await this.#party(r.agreement, from)
    yield* events.follow(r.after, signal)
  }

  async #receipt(r: RequestOf<'receipt'>, from: PeerIdString): Promise<ResponseOf<'receipt'>> {
    const { receipt } = r
    const live = await this.#party(receipt.agreement, from)
    const { agreement } = live.entry
    const signer = this.#ctx.typed.signer('Receipt', receipt, r.signature)
    if (signer === undefined || !sameAddress(signer, agreement.requester))
      throw new ShoalError('SIGNATURE_INVALID', 'receipt: wrong signature')
    if (receipt.amount > agreement.price) throw new ShoalError('RECORD_INVALID', 'receipt: above the price')
    if (takesReceipt(live.owed, receipt.amount, agreement)) await live.patch({ receipt: r }, 'receipt')
    return {}
  }

  /** The requester no longer wants it. Finished work is not given away: while more is due than there are receipts for, only they end it. */
  async #cancel(r: RequestOf<'cancel'>, from: PeerIdString): Promise<ResponseOf<'cancel'>> {
    const live = await this.#party(r.agreement, from)
    if (r.receipt !== undefined) await this.#receipt(r.receipt, from)
    const ready = { refusal: refuse('NOT_NOW', 'more is due for finished work than there are receipts for') }
    if (consentTo(live.entry.state, live.owed, live.due) === undefined) return ready
    live.endRun(new ShoalError('CANCELLED', 'cancelled by the requester'))
    await failed(live, 'CANCELLED', r.reason)
    if (live.entry.state !== 'failed') return { refusal: refuse('NOT_NOW', `already ${live.entry.state}`) }
    const amount = consentTo(live.entry.state, live.owed, live.due)
    if (amount === undefined) return ready
    const release = { agreement: r.agreement, amount }
    return { release: { release, signature: await this.#ctx.operator.sign('Release', release) } }
  }
}
