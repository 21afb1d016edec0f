/**
 * A peer that decides disputes: it hears both sides, runs the task again, compares by the job's own rule, and rules. One case is judged at a
 * time; what a person must decide waits for `shoal rule`. Everything is journalled before it is said on the chain.
 */
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { AgreementId } from '../../protocol/ids.ts'
import type { RequestContext } from '../../protocol/ports/network.ts'
import type { RequestOf, ResponseOf } from '../../protocol/methods.ts'
import type { Startable } from '../../protocol/ports/startable.ts'
import { arbiterKey, type Evidence } from '../../protocol/records/evidence.ts'
import { refuse } from '../../protocol/records/refusal.ts'
import type { PeerContext } from '../context.ts'
import type { DisputeEntry } from '../journal/entries.ts'
import { Mutex } from '../mutex.ts'
import { Case } from './case.ts'
import { hear } from './hearing.ts'

/** Disputes that are open before one arbiter at the same time: each has cost its requester a bond. */
const OPEN_MAX = 256
/** Ended ones that are kept for people. */
const ENDED_MAX = 1_000
/** How often an arbiter announces itself, and for how long, ms. */
const ANNOUNCE_MS = 20 * 60_000

export class Arbiter implements Startable {
  readonly #ctx: PeerContext
  readonly #cases = new Map<AgreementId, Case>()
  readonly #running = new Set<Promise<void>>()
  readonly #hearing = new Mutex()
  /** One task is run again at a time. */
  readonly #judging = new Mutex()
  #stop: AbortController | undefined
  #undo: (() => void)[] = []

  constructor(ctx: PeerContext) {
    this.#ctx = ctx
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    this.#stop = new AbortController()
    const { network, clock, journal } = this.#ctx
    for (const entry of await journal.disputes()) if (!Case.isOver(entry)) this.#open(entry)
    this.#undo = [
      network.handle('evidence', (request, context) => this.#hearing.run(() => this.#hear(request, context))),
      network.onPeer((_, connected) => {
        if (connected && network.peers().length === 1) this.#announce()
      }),
      clock.every(ANNOUNCE_MS, () => this.#announce())
    ]
    this.#announce()
  }

  async stop(): Promise<void> {
    this.#stop?.abort(new ShoalError('CANCELLED', 'the peer stops'))
    for (const f of this.#undo) f()
    this.#undo = []
    await Promise.allSettled([...this.#running])
    this.#cases.clear()
    this.#stop = undefined
  }

  get live(): number {
    return this.#cases.size
  }

  /** All that this arbiter knows of, newest first. */
  async list(): Promise<DisputeEntry[]> {
    return (await this.#ctx.journal.disputes()).sort((a, b) => b.heard - a.heard)
  }

  /** A person's ruling, in basis points. NOT_FOUND, or USAGE when it is decided already. */
  async rule(id: AgreementId, providerBps: number, slashBps: number): Promise<DisputeEntry> {
    const found = this.#cases.get(id)
    if (found === undefined) {
      if ((await this.#ctx.journal.dispute(id)) === undefined)
        throw new ShoalError('NOT_FOUND', `no dispute ${id} is before this arbiter`, {
          next: 'List them with: shoal disputes'
        })
      throw new ShoalError('USAGE', `the dispute ${id} has ended`, { next: 'List them with: shoal disputes' })
    }
    if (!(await found.decide({ providerBps, slashBps, reason: 'ruled by a person' })))
      throw new ShoalError('USAGE', `the dispute ${id} is decided already: the first ruling stands`, {
        next: 'See it with: shoal disputes'
      })
    return found.entry
  }

  #spawn(work: Promise<void>): void {
    const done = work
      .catch(err => {
        if (this.#stop?.signal.aborted !== true) this.#ctx.log.error({ err }, 'work of the arbiter failed')
      })
      .finally(() => this.#running.delete(done))
    this.#running.add(done)
  }

  #announce(): void {
    const signal = this.#stop?.signal
    if (signal === undefined || signal.aborted) return
    const { network, operator, log } = this.#ctx
    const key = arbiterKey(operator.address)
    this.#spawn(
      network.provide(key, signal, 2 * ANNOUNCE_MS).catch(err => {
        log.debug({ err }, 'the arbiter could not announce itself; it is tried again')
      })
    )
  }

  #open(entry: DisputeEntry): Case {
    const signal = this.#stop?.signal
    if (signal === undefined) throw new Error('the arbiter is not started')
    const one = new Case(this.#ctx, entry, this.#judging)
    this.#cases.set(entry.id, one)
    this.#spawn(
      one.run(signal).finally(() => {
        this.#cases.delete(entry.id)
        this.#spawn(this.#trim())
      })
    )
    return one
  }

  async #trim(): Promise<void> {
    const ended = (await this.list()).filter(e => Case.isOver(e))
    for (const { id } of ended.slice(ENDED_MAX)) await this.#ctx.journal.forgetDispute(id)
  }

  async #hear(e: RequestOf<'evidence'>, { from, signal }: RequestContext): Promise<ResponseOf<'evidence'>> {
    try {
      const { id, party } = await hear(this.#ctx, e, from)
      const found = this.#cases.get(id) ?? (await this.#known(id)) ?? (await this.#begin(id, e, signal))
      const entry = found instanceof Case ? await found.bring(party, e) : found
      const handed = found instanceof Case && party === 'requester' ? await found.handed(e) : undefined
      return { state: entry.state, reason: (entry.ruling?.reason ?? entry.reason)?.slice(0, 256), handed }
    } catch (cause) {
      const error = asShoalError(cause, 'RECORD_INVALID')
      return { state: 'left', refusal: refuse(error.code, error.message) }
    }
  }

  async #known(id: AgreementId): Promise<DisputeEntry | undefined> {
    const entry = await this.#ctx.journal.dispute(id)
    return entry !== undefined && Case.isOver(entry) ? entry : undefined
  }

  /** NOT_NOW when the chain knows of no such dispute, or too many are open. */
  async #begin(id: AgreementId, { agreement }: Evidence, signal: AbortSignal): Promise<Case> {
    const { settlement, clock, journal } = this.#ctx
    if (this.#cases.size >= OPEN_MAX) throw new ShoalError('NOT_NOW', 'too many disputes are open here')
    const { state } = await settlement.escrow(id, { signal })
    if (state !== 'disputed') throw new ShoalError('NOT_NOW', 'the chain knows of no such dispute')
    const entry: DisputeEntry = { v: 1, id, agreement, heard: clock.now(), state: 'waiting' }
    await journal.putDispute(entry, 'dispute heard of')
    return this.#open(entry)
  }
}
