/** One job while it lives: keeps as many executions going as it needs, decides over results, ends when the money has ended. */
import { asShoalError, type ErrorCode } from '../../protocol/errors.ts'
import { can } from '../../protocol/machines/machine.ts'
import { jobTable } from '../../protocol/machines/job.ts'
import { oldGeneration } from '../../protocol/old-generation.ts'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry, JobEntry } from '../journal/entries.ts'
import { Waiter } from '../waiter.ts'
import { collectPaid } from './collect.ts'
import { compareResults, reasonAgainst } from './comparing.ts'
import { drive } from './drive.ts'
import { contentOf, heldFor } from '../leftovers.ts'
import { resultFolder } from './fetch-result.ts'
import { gatherResults } from './gather.ts'
import { JobRecord } from './job-record.ts'
import { Matcher, type Market } from './matcher.ts'
import { LiveExecution } from './live-execution.ts'
import { signReceipt } from './receipts.ts'
import { windUp } from './wind.ts'
import {
  decideShard,
  failures,
  idOf,
  neverBegan,
  openSeats,
  standing,
  taskFailures,
  type Seat
} from './seats.ts'
import type { Decision } from './verify.ts'

const TICK_MS = 500
/** From a result that cannot be written to the next attempt, ms. */
const DISK_PAUSE_MS = 1_000

export class JobRunner {
  readonly #ctx: PeerContext
  readonly #live = new Map<string, LiveExecution>()
  readonly #drives = new Set<Promise<void>>()
  readonly #record: JobRecord
  readonly #waiter: Waiter
  readonly #market: Market
  readonly #matcher: Matcher
  #gathering: Promise<void> | undefined
  #comparing: Promise<void> | undefined
  /** Why the result could not be written, as last told. */
  #trouble = ''

  constructor(ctx: PeerContext, market: Market, job: JobEntry) {
    this.#ctx = ctx
    this.#market = market
    this.#record = new JobRecord(ctx, job)
    this.#waiter = new Waiter(ctx.clock)
    this.#matcher = new Matcher({
      ...{ ctx, market, record: this.#record },
      executions: () => this.#executions(),
      open: forgiving => this.#openSeats(forgiving),
      add: (entry, signal) => this.#add(entry, signal)
    })
  }

  get job(): JobEntry {
    return this.#record.entry
  }

  /** The person's wish; harmless when the job has already ended or its results are in. */
  async cancel(): Promise<void> {
    if (this.job.desired === 'cancel') return
    await this.#record.update(job => ({ ...job, desired: 'cancel' }), 'cancel asked for')
    this.#waiter.wake()
  }

  #executions(): ExecutionEntry[] {
    return [...this.#live.values()].map(l => l.entry)
  }

  #add(entry: ExecutionEntry, signal: AbortSignal): void {
    const live = new LiveExecution(
      this.#ctx,
      () => this.job,
      entry,
      () => this.#onMove(live.entry),
      () => this.#executions().filter(e => e.shard === entry.shard)
    )
    this.#live.set(idOf(entry), live)
    const done = this.#drive(live, signal).finally(() => {
      this.#drives.delete(done)
      this.#waiter.wake()
    })
    this.#drives.add(done)
  }

  async #drive(live: LiveExecution, signal: AbortSignal): Promise<void> {
    if (!live.terminal) await drive(live, signal)
    await collectPaid(live, signal)
  }

  #onMove(entry: ExecutionEntry): void {
    const { claims, turns } = this.#market
    if (entry.state === 'declined') turns.declined()
    if (entry.state === 'agreed') turns.agreed()
    claims.saw(entry)
    this.#waiter.wake()
  }

  /** Seats of all undecided shards that nobody holds. */
  #openSeats(forgiving: boolean): Seat[] {
    const { plan } = this.job
    const executions = this.#executions()
    return plan.inputs.flatMap((_, shard) =>
      openSeats(
        plan,
        shard,
        executions.filter(e => e.shard === shard),
        forgiving
      )
    )
  }

  /** Takes the executions of the journal up where they stood. Call once, before run(). */
  async recover(signal: AbortSignal): Promise<void> {
    for (const entry of await this.#ctx.journal.executions(this.job.id)) this.#add(entry, signal)
  }

  /** Ends when the job is terminal or the peer stops. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#record.terminal) {
      const before = this.job
      try {
        await this.#step(signal)
        // a step that moved the job has opened the next one: no wait between them
        if (this.job.state !== before.state) continue
      } catch (e) {
        if (signal.aborted) break
        this.#ctx.log.error(
          { err: asShoalError(e, 'INVALID_TRANSITION'), job: this.job.id },
          'a step of a job failed; trying again'
        )
      }
      await this.#waiter.pause(TICK_MS, signal)
    }
    await Promise.allSettled([...this.#drives, this.#matcher.running, this.#gathering, this.#comparing])
    this.#market.turns.forget(this.job.id)
    if (this.#record.terminal) await this.#forget()
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { state, desired } = this.job
    if (desired === 'cancel' && can(jobTable, state, 'cancel')) {
      await this.#record.move('cancel', 'cancelling', {
        code: 'CANCELLED',
        message: 'cancelled by its owner'
      })
      return
    }
    if (state === 'submitted')
      return await this.#record.move('prepared', 'content sealed; looking for providers')
    if (state === 'running') return await this.#advance(signal)
    this.#matcher.leave()
    if (state === 'gathering') {
      this.#gathering ??= this.#gather(signal)
        .catch(err => this.#ctx.log.error({ err, job: this.job.id }, 'gathering failed; trying again'))
        .finally(() => (this.#gathering = undefined))
      return
    }
    await this.#wind(signal)
  }

  /** running: decide over what came in, then give out what is missing. */
  async #advance(signal: AbortSignal): Promise<void> {
    const { plan } = this.job
    let open = 0
    let settled = 0
    for (let shard = 0; shard < plan.inputs.length; shard++) {
      const executions = this.#executions().filter(e => e.shard === shard)
      const decision = decideShard(plan, executions)
      for (const id of decision.accept) await this.#accept(id, id === decision.settled)
      for (const id of decision.dispute) await this.#refuse(id, decision.settled, signal)
      this.#compare(decision, signal)
      if (decision.settled !== undefined) settled++
      else open += openSeats(plan, shard, executions, this.#matcher.forgiving).length
      const failed = failures(executions)
      const last = failed.at(-1)?.failure
      if (decision.settled === undefined && (taskFailures(executions) >= 2 || failed.length > plan.retries)) {
        return await this.#fail(
          'ATTEMPTS_EXHAUSTED',
          `shard ${shard}: ${last?.code ?? ''} ${last?.message ?? 'no attempt succeeded'}`
        )
      }
    }
    if (settled === plan.inputs.length)
      return await this.#record.move('complete', 'all shards have an accepted result')
    if (this.#record.leftMs < 0) {
      if (open === 0) return await this.#fail('RUN_TIMEOUT', 'not finished by the deadline')
      const why = this.#matcher.why()
      const said = `no provider for ${open} executions by the deadline${this.#lastRefusal()}`
      return await this.#fail('MATCH_TIMEOUT', why === '' ? said : `${said}: ${why}`)
    }
    if (open > 0 && this.#ctx.settlement.generation === 1) {
      const { code, message } = oldGeneration()
      return await this.#fail(code, message)
    }
    if (open > 0) this.#matcher.start(signal)
  }

  /** Why the last agreement came to nothing, for the person who waits. */
  #lastRefusal(): string {
    const failure = this.#executions()
      .filter(e => neverBegan(e) && e.failure !== undefined)
      .sort((a, b) => a.created - b.created)
      .at(-1)?.failure
    return failure === undefined ? '' : ` (${failure.code}: ${failure.message})`
  }

  async #fail(code: ErrorCode, message: string): Promise<void> {
    await this.#record.move('fail', 'failing', { code, message: message.slice(0, 2000) })
  }

  /** Begins the comparison that the decision waits for; one at a time, its end wakes the job. */
  #compare({ compare }: Decision, signal: AbortSignal): void {
    const [a, b] = (compare ?? []).map(id => this.#live.get(id))
    if (a === undefined || b === undefined) return
    this.#comparing ??= compareResults(a, b, signal)
      .then(() => this.#waiter.wake())
      .catch(err => {
        if (!signal.aborted)
          this.#ctx.log.error({ err, job: this.job.id }, 'comparing results failed; trying again')
      })
      .finally(() => (this.#comparing = undefined))
  }

  /** `stands`: it becomes the result of its shard. */
  async #accept(id: string, stands: boolean): Promise<void> {
    const live = this.#live.get(id)
    if (live?.entry.result === undefined) return
    const receipt = await signReceipt(live, live.entry.result.digest, live.entry.agreement.price)
    const patch = stands ? { receipt, stands } : { receipt }
    if (!(await live.move('accept', 'result accepted', patch))) return
    await this.#ctx.journal.addWork(live.entry.agreement.provider, 'completed')
    this.#ctx.network.report(live.entry.provider.peer, 'useful')
  }

  async #refuse(id: string, settled: string | undefined, signal: AbortSignal): Promise<void> {
    const live = this.#live.get(id)
    if (live === undefined) return
    const message = await reasonAgainst(live, this.#live.get(settled ?? ''), this.#ctx.log, signal)
    const failure = { code: 'RESULT_MISMATCH', message }
    if (await live.move('dispute', 'result refused: it differs', { failure }, message))
      await this.#ctx.journal.addWork(live.entry.agreement.provider, 'failed')
  }

  async #gather(signal: AbortSignal): Promise<void> {
    try {
      const { plan } = this.job
      const out = await gatherResults(
        this.#ctx,
        this.job,
        standing(this.#executions()),
        signal,
        `${plan.out}-${this.job.id.slice(2, 10)}`
      )
      if (out !== plan.out)
        await this.#record.update(job => ({ ...job, plan: { ...plan, out } }), 'result goes elsewhere', out)
      await this.#record.move('gathered', 'result written', undefined)
    } catch (e) {
      if (signal.aborted) return
      const error = asShoalError(e, 'TASK_FAILED')
      this.#ctx.log.error({ err: error, job: this.job.id }, 'gathering failed')
      if (error.fault === 'disk') await this.#waitForDisk(error.message, signal)
      else await this.#fail(error.code, error.message)
    }
    this.#waiter.wake()
  }

  /** The result is paid for: it is tried again until it can be written, and the owner hears why it was not. */
  async #waitForDisk(trouble: string, signal: AbortSignal): Promise<void> {
    if (this.#trouble !== trouble) {
      this.#trouble = trouble
      await this.#record.update(job => job, 'result cannot be written yet', trouble).catch(() => undefined)
    }
    await this.#ctx.clock.sleep(DISK_PAUSE_MS, signal).catch(() => undefined)
  }

  /** settling, failing, cancelling: what is not accepted is given up; the job ends when every escrow has. */
  async #wind(signal: AbortSignal): Promise<void> {
    const left = await windUp([...this.#live.values()], {
      accept: (live, stands) => this.#accept(idOf(live.entry), stands),
      refuse: (live, settled) => this.#refuse(idOf(live.entry), settled, signal),
      compare: decision => this.#compare(decision, signal)
    })
    if (left === 0 && this.#matcher.running === undefined)
      await this.#record.move('closed', 'every escrow is closed')
  }

  /** Content of an ended job is let go; its results stay where they were written. What fails here the next start does (leftovers.ts). */
  async #forget(): Promise<void> {
    const held = this.#executions().flatMap(heldFor)
    const folder = resultFolder(this.#ctx.home, this.job.id)
    try {
      for (const cid of new Set([...contentOf(this.job), ...held])) await this.#ctx.content.forget(cid)
      if (this.job.state !== 'settled') await this.#ctx.files.remove(folder)
    } catch (err) {
      this.#ctx.log.warn({ err, job: this.job.id }, 'not all content of an ended job was let go')
    }
  }
}
