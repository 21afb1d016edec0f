/** Answers capacity challenges, one at a time: takes them or says why not now, holds what was committed to, and bounds what all of it costs. */
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Hex32, PeerIdString } from '../../protocol/ids.ts'
import type { RequestOf, ResponseOf } from '../../protocol/methods.ts'
import type { Clock, Logger, PeerNetwork, RequestContext, Startable } from '../../protocol/ports/index.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'
import { Allowance } from './allowance.ts'
import type { Answer, Answerer } from './answers/answer.ts'

/** Share of this peer's time that challenges may take, and the most that may be saved up, ms. */
const SHARE = 0.05
const SAVED_MS = 120_000
/** Answered challenges whose attestation may still come. */
const ANSWERED_MAX = 64

export interface ProverParts {
  readonly clock: Clock
  readonly log: Logger
  readonly network: Pick<PeerNetwork, 'handle'>
  readonly answerers: ReadonlyMap<CapacityKind, Answerer>
  /** Why this is no moment to be measured, or undefined: a peer that works for others would be taken for a slow one. */
  readonly busy: () => string | undefined
}

interface Held {
  readonly from: PeerIdString
  readonly id: Hex32
  readonly answer: Answer
  /** Steps that were asked for. */
  readonly asked: Set<string>
  cancel: () => void
}

export class Prover implements Startable {
  readonly #parts: ProverParts
  readonly #answered = new BoundedMap<string, true>(ANSWERED_MAX)
  readonly #time: Allowance
  #held: Held | undefined
  #running = false
  #undo: (() => void)[] = []

  constructor(parts: ProverParts) {
    this.#parts = parts
    this.#time = new Allowance(parts.clock, SHARE, SAVED_MS)
  }

  async start(): Promise<void> {
    if (this.#undo.length > 0) return
    const { network } = this.#parts
    this.#undo = [
      network.handle('challenge', (request, context) => this.#commit(request, context)),
      network.handle('reveal', async ({ id, seed }, { from }) => {
        const { answer } = this.#step(from, id, 'reveal')
        this.#finish(from, id)
        return answer.reveal?.(seed) ?? this.#unknown()
      }),
      network.handle('rewrite', async ({ id, seed }, { from, signal }) => {
        const { answer } = this.#step(from, id, 'rewrite')
        const root = await this.#timed(async () => await (answer.rewrite?.(seed, signal) ?? this.#unknown()))
        return { root }
      }),
      network.handle('show', async ({ id, seed }, { from, signal }) => {
        const { answer } = this.#step(from, id, 'show')
        const shown = await this.#timed(async () => await (answer.show?.(seed, signal) ?? this.#unknown()))
        this.#finish(from, id)
        return shown
      }),
      network.handle('flow', ({ id }, { from, signal }) => {
        const { answer } = this.#step(from, id, 'flow')
        return answer.flow?.(signal) ?? this.#unknown()
      }),
      network.handle('pour', async ({ id, data }, { from }) => {
        const { answer } = this.#step(from, id, 'pour', true)
        const { digest, last } = await (answer.pour?.(data) ?? this.#unknown())
        if (last) this.#finish(from, id)
        return { digest }
      })
    ]
  }

  async stop(): Promise<void> {
    for (const f of this.#undo) f()
    this.#undo = []
    await this.#forget()
  }

  /** Whether this peer has just answered that challenge of that challenger; true once. */
  claimAnswered(from: PeerIdString, id: Hex32): boolean {
    return this.#answered.delete(`${from} ${id}`)
  }

  async #commit(r: RequestOf<'challenge'>, context: RequestContext): Promise<ResponseOf<'challenge'>> {
    const { answerers, busy, log } = this.#parts
    const answerer = answerers.get(r.kind)
    if (answerer === undefined) return { reason: `no ${r.kind} to show` }
    const reason = busy() ?? this.#tired(context.from)
    if (reason !== undefined) return { reason }
    this.#running = true
    try {
      await this.#forget()
      const answer = await this.#timed(() => answerer(r, context.signal))
      if (context.signal.aborted) await answer.drop()
      else this.#hold({ from: context.from, id: r.id, answer, asked: new Set(), cancel: () => undefined })
      return { root: answer.root, lanes: answer.lanes }
    } catch (err) {
      // what the asker may not have is no fault of ours, and costs it nothing
      if (isShoalError(err, 'QUOTA_EXCEEDED', 'RECORD_INVALID')) return { reason: err.message }
      if (!context.signal.aborted) log.warn({ err, kind: r.kind }, 'a challenge could not be answered')
      throw err
    } finally {
      this.#running = false
    }
  }

  /** Work of a challenge is paid from the time that all of them may take. */
  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const { clock } = this.#parts
    const begun = clock.monotonic()
    try {
      return await work()
    } finally {
      this.#time.spend(clock.monotonic() - begun)
    }
  }

  /** One at a time: two at once would each see half of this machine. A challenger that asks anew has given up what it asked before. */
  #tired(from: PeerIdString): string | undefined {
    if (this.#running || (this.#held !== undefined && this.#held.from !== from))
      return 'another challenge is under way'
    return this.#time.left <= 0 ? 'challenged often enough for now' : undefined
  }

  #hold(held: Held): void {
    this.#held = held
    this.#keep(held)
  }

  /** From now on for as long as it is kept. */
  #keep(held: Held): void {
    held.cancel()
    held.cancel = this.#parts.clock.timer(held.answer.keepMs, () => void this.#forget(held))
  }

  async #forget(held = this.#held): Promise<void> {
    held?.cancel()
    if (this.#held === held) this.#held = undefined
    await held?.answer.drop()
  }

  /** What is held for this asker; each step is taken once, but `often`. NOT_FOUND. */
  #step(from: PeerIdString, id: Hex32, step: string, often = false): Held {
    const held = this.#held
    if (held?.id !== id || held.from !== from) return this.#unknown()
    if (held.asked.has(step)) return often ? held : this.#unknown()
    held.asked.add(step)
    this.#keep(held) // a step that comes often holds the place no longer than one
    return held
  }

  #finish(from: PeerIdString, id: Hex32): void {
    if (this.#held?.id === id) void this.#forget()
    this.#answered.set(`${from} ${id}`, true)
  }

  #unknown(): never {
    throw new ShoalError('NOT_FOUND', 'no such challenge')
  }
}
