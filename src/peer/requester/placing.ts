/** gathering, as one job does it: its results are put where the owner wants them, tried again while there is no room, and given up in time. */
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import { linked } from '../../protocol/signals.ts'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry } from '../journal/entries.ts'
import { Mutex } from '../mutex.ts'
import { gatherResults } from './gather.ts'
import type { JobRecord } from './job-record.ts'
import { standing } from './seats.ts'

/** From a result that cannot be written to the next attempt, at first and at the most, ms. */
const PAUSE_MS = { first: 1_000, most: 30_000 } as const
/** A result that came in at the last moment still has this long to be put in its place, from when this peer began to try; ms. */
export const PATIENCE_MS = 10 * 60_000

export interface PlacingParts {
  readonly ctx: PeerContext
  readonly record: JobRecord
  readonly executions: () => readonly ExecutionEntry[]
  readonly fail: (error: ShoalError) => Promise<void>
}

/** Ends one attempt, and says why in logs. */
const NOT_WANTED = new ShoalError('CANCELLED', 'The result is not put there any more.')

export class Placing {
  readonly #parts: PlacingParts
  /** One folder at a time: what the owner asks for while an attempt is under way waits for its end. */
  readonly #turn = new Mutex()
  #attempt: { readonly done: Promise<void>; readonly scope: AbortController } | undefined
  #begun: number | undefined
  #pause: number = PAUSE_MS.first

  constructor(parts: PlacingParts) {
    this.#parts = parts
  }

  /** Ends when no attempt is under way. */
  get running(): Promise<void> | undefined {
    return this.#attempt?.done
  }

  /** The deadline of the job is over, and the least patience too. */
  get overdue(): boolean {
    const { ctx, record } = this.#parts
    const now = ctx.clock.monotonic()
    this.#begun ??= now
    return ctx.clock.now() > record.entry.plan.deadline && now - this.#begun > PATIENCE_MS
  }

  /** Begins an attempt unless one is under way; it ends with the job moved, or after a pause. */
  start(signal: AbortSignal): void {
    if (this.#attempt !== undefined) return
    const scope = linked(signal)
    const { ctx, record } = this.#parts
    const done = this.#try(scope.signal)
      .catch(err => ctx.log.error({ err, job: record.entry.id }, 'gathering failed; trying again'))
      .finally(() => {
        scope[Symbol.dispose]()
        this.#attempt = undefined
      })
    this.#attempt = { done, scope }
  }

  /** Gives an attempt up, its pause too. Harmless when there is none. */
  stop(): void {
    this.#attempt?.scope.abort(NOT_WANTED)
  }

  /** Puts the results where the owner asks: a job that could not put them anywhere else is done with that. Errors of gatherResults. */
  async get(out: string, raw: boolean, signal: AbortSignal): Promise<string> {
    this.stop()
    return await this.#turn.run(async () => {
      const { ctx, record, executions } = this.#parts
      const job = { ...record.entry, plan: { ...record.entry.plan, out } }
      const where = await gatherResults(ctx, job, standing(executions()), { signal, raw })
      if (!raw && record.entry.state === 'gathering') await this.#placed(where)
      return where
    })
  }

  async #placed(out: string): Promise<void> {
    const { record } = this.#parts
    const { plan } = record.entry
    if (out !== plan.out)
      await record.update(job => ({ ...job, plan: { ...plan, out } }), 'result goes elsewhere', out)
    await record.move('gathered', 'result written')
  }

  async #try(signal: AbortSignal): Promise<void> {
    const { ctx, record, fail } = this.#parts
    const failure = await this.#turn.run(async (): Promise<ShoalError | undefined> => {
      const job = record.entry
      if (signal.aborted || job.state !== 'gathering') return undefined
      try {
        const elsewhere = `${job.plan.out}-${job.id.slice(2, 10)}`
        const accepted = standing(this.#parts.executions())
        const out = await gatherResults(ctx, job, accepted, { signal, elsewhere })
        // whoever gave it up meanwhile has moved the job on: what was written stays
        if (record.entry.state === 'gathering') await this.#placed(out)
        return undefined
      } catch (e) {
        return signal.aborted ? undefined : asShoalError(e, 'TASK_FAILED')
      }
    })
    if (failure === undefined) return
    ctx.log.error({ err: failure, job: record.entry.id }, 'gathering failed')
    // somebody took both places: that is the disk's trouble too, not the job's
    if (failure.fault !== 'disk' && failure.code !== 'OUTPUT_EXISTS') return await fail(failure)
    await this.#tell(failure)
    await ctx.clock.sleep(this.#pause, signal).catch(() => undefined)
    this.#pause = Math.min(PAUSE_MS.most, this.#pause * 2)
  }

  /** The result is paid for: it is tried again until it can be written, and the owner sees why it was not. */
  async #tell({ code, message }: ShoalError): Promise<void> {
    const { record } = this.#parts
    if (record.entry.trouble?.message === message) return
    const trouble = { code, message: message.slice(0, 2000) }
    // a journal on the same full disk cannot say it either: the next attempt tells it
    await record
      .update(job => ({ ...job, trouble }), 'result cannot be written yet', trouble.message)
      .catch(() => undefined)
  }
}
