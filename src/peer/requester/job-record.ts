/** A job's journalled entry: changed one at a time, each change seen by the next, on the disk before it counts. */
import { isTerminal, next } from '../../protocol/machines/machine.ts'
import { jobTable, type JobEvent } from '../../protocol/machines/job.ts'
import type { PeerContext } from '../context.ts'
import type { JobEntry } from '../journal/entries.ts'
import { Mutex } from '../mutex.ts'

export class JobRecord {
  readonly #ctx: Pick<PeerContext, 'journal' | 'clock'>
  readonly #mutex = new Mutex()
  /** The deadline by the monotonic clock: it is a length, which no setting of the wall clock changes. */
  readonly #until: number
  #entry: JobEntry

  constructor(ctx: Pick<PeerContext, 'journal' | 'clock'>, entry: JobEntry) {
    this.#ctx = ctx
    this.#entry = entry
    this.#until = ctx.clock.monotonic() + entry.plan.deadline - ctx.clock.now()
  }

  /** Until the deadline, ms; less than nothing when it is over. Time in which this machine sleeps does not count. */
  get leftMs(): number {
    return this.#until - this.#ctx.clock.monotonic()
  }

  get entry(): JobEntry {
    return this.#entry
  }

  get terminal(): boolean {
    return isTerminal(jobTable, this.#entry.state)
  }

  /** Wanted by its owner and still able to succeed: only then is money locked for it. */
  get wanted(): boolean {
    return this.#entry.state === 'running' && this.#entry.desired === 'run'
  }

  async update(change: (job: JobEntry) => JobEntry, what: string, detail?: string): Promise<void> {
    await this.#mutex.run(async () => {
      const changed = change(this.#entry)
      await this.#ctx.journal.putJob(changed, what, detail)
      this.#entry = changed
    })
  }

  /** INVALID_TRANSITION when the table has no such move. */
  async move(
    event: JobEvent,
    what: string,
    failure?: { readonly code: string; readonly message: string },
    detail = failure?.message
  ): Promise<void> {
    const change = (job: JobEntry): JobEntry => {
      const state = next(jobTable, job.state, event)
      const ended = isTerminal(jobTable, state) ? this.#ctx.clock.now() : undefined
      // what kept it waiting is over with the wait
      return { ...job, state, ended, failure: failure ?? job.failure, trouble: undefined }
    }
    await this.update(change, what, detail)
  }
}
