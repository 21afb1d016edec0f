/** One job while it lives: keeps as many executions going as it needs, decides over results, ends when the money has ended. */
import { asShoalError, type ErrorCode } from '../../protocol/errors.ts'
import { ownTrouble } from '../../protocol/own-trouble.ts'
import { can, isTerminal } from '../../protocol/machines/machine.ts'
import { lastEndOf } from '../../protocol/machines/escrow.ts'
import { executionTable } from '../../protocol/machines/execution.ts'
import { jobTable } from '../../protocol/machines/job.ts'
import { oldGeneration } from '../../protocol/old-generation.ts'
import type { PeerContext } from '../context.ts'
import type { ExecutionEntry, JobEntry } from '../journal/entries.ts'
import { Waiter } from '../waiter.ts'
import { collectPaid } from './collect.ts'
import { compareResults, reasonAgainst } from './comparing.ts'
import { drive } from './drive.ts'
import { contentOf, heldFor } from '../leftovers.ts'
import { resultFile } from './fetch-result.ts'
import { keepPaid } from './kept.ts'
import { JobRecord } from './job-record.ts'
import { Matcher, type Market } from './matcher.ts'
import { LiveExecution } from './live-execution.ts'
import { outputMissing, pathsIn } from './outputs.ts'
import { Placing } from './placing.ts'
import { signReceipt } from './receipts.ts'
import { windUp } from './wind.ts'
import { decideShard, failures, idOf, neverBegan, openSeats, taskFailures, type Seat } from './seats.ts'
import type { Decision } from './verify.ts'

const TICK_MS = 500
const CANCELLED = { code: 'CANCELLED', message: 'cancelled by its owner' } as const
/** How long after the last moment at which an escrow ends by itself the chain is given to say that it has, seconds. */
const SETTLE_GRACE = 600n

export class JobRunner {
  readonly #ctx: PeerContext
  readonly #live = new Map<string, LiveExecution>()
  readonly #drives = new Set<Promise<void>>()
  readonly #record: JobRecord
  readonly #waiter: Waiter
  readonly #market: Market
  readonly #matcher: Matcher
  readonly #placing: Placing
  #comparing: Promise<void> | undefined

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
    this.#placing = new Placing({
      ...{ ctx, record: this.#record, executions: () => this.#executions() },
      fail: ({ code, message }) => this.#fail(code, message)
    })
  }

  get job(): JobEntry {
    return this.#record.entry
  }

  /** The person's wish; harmless when the job has already ended. */
  async cancel(): Promise<void> {
    if (this.job.desired === 'cancel' || this.#record.terminal) return
    await this.#record.update(job => ({ ...job, desired: 'cancel' }), 'cancel asked for')
    this.#waiter.wake()
  }

  /** Puts the results where their owner asks. Errors of gatherResults. */
  async get(out: string, raw: boolean, signal: AbortSignal): Promise<string> {
    try {
      return await this.#placing.get(out, raw, signal)
    } finally {
      this.#waiter.wake()
    }
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

  /** The job has ended, and with it every escrow. */
  get #over(): boolean {
    return this.#record.terminal && [...this.#live.values()].every(l => l.terminal)
  }

  /** Ends when the job is terminal and its money is not out any more, or when the peer stops. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#over) {
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
    await Promise.allSettled([...this.#drives, this.#matcher.running, this.#placing.running, this.#comparing])
    this.#market.turns.forget(this.job.id)
    if (this.#record.terminal) await this.#forget()
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { state, desired } = this.job
    if (desired === 'cancel' && can(jobTable, state, 'cancel')) {
      // once the result is written there is nothing to take back: only the wait for the money ends
      if (state === 'settling') await this.#leave('not waited for any more, as its owner wishes')
      else await this.#record.move('cancel', 'cancelling', CANCELLED)
      this.#placing.stop()
      return
    }
    if (state === 'submitted')
      return await this.#record.move('prepared', 'content sealed; looking for providers')
    if (state === 'running') return await this.#advance(signal)
    this.#matcher.leave()
    if (state === 'gathering') {
      if (this.#placing.overdue) return await this.#giveUpPlace()
      this.#placing.start(signal)
      // money does not wait for a place
      await this.#windUp(signal)
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
      const missing = executions.find(e => idOf(e) === decision.settled && e.missing !== undefined)
      if (missing !== undefined) return await this.#failOutput(missing)
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

  /** An output that was named and not written: every provider would do the same work to the same end, so nothing more is bought. */
  async #failOutput(e: ExecutionEntry): Promise<void> {
    // what was written instead is said where it can be told
    const written = await pathsIn(this.#ctx.files.stream(resultFile(this.#ctx.home, e))).catch(() => [])
    const { code, message } = outputMissing(`shard ${e.shard}`, e.missing ?? [], written, this.job.id)
    await this.#fail(code, message)
  }

  async #fail(code: ErrorCode, message: string): Promise<void> {
    await this.#record.move('fail', 'failing', { code, message: message.slice(0, 2000) })
  }

  /** Begins the comparison that the decision waits for; one at a time, its end wakes the job. */
  #compare({ compare }: Decision, signal: AbortSignal): void {
    const [a, b] = (compare ?? []).map(id => this.#live.get(id))
    if (a === undefined || b === undefined) return
    this.#comparing ??= compareResults(a, b, signal)
      .then(() => {
        for (const live of [a, b]) live.hinder(undefined)
        this.#waiter.wake()
      })
      .catch(err => {
        for (const live of [a, b]) live.hinder(ownTrouble(err))
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

  /** The results are paid for and here; where they should go there was no room for them in time. They are kept. */
  async #giveUpPlace(): Promise<void> {
    this.#placing.stop()
    const { trouble, plan } = this.job
    const why = trouble === undefined ? '' : `: ${trouble.message}`
    await this.#fail('GATHER_TIMEOUT', `the result could not be put at ${plan.out} by the deadline${why}`)
  }

  /** settling, failing, cancelling: what is not accepted is given up; the job ends when every escrow has. */
  async #wind(signal: AbortSignal): Promise<void> {
    const left = await this.#windUp(signal)
    if (this.#record.terminal) return
    if (left === 0 && this.#matcher.running === undefined)
      await this.#record.move('closed', 'every escrow is closed')
    else if (left > 0 && this.#ctx.chainNow() > this.#lastEnd() + SETTLE_GRACE)
      await this.#leave('SETTLE_TIMEOUT: the chain does not say that every escrow has closed')
  }

  /** How many executions have not ended yet. */
  async #windUp(signal: AbortSignal): Promise<number> {
    return await windUp([...this.#live.values()], {
      accept: (live, stands) => this.#accept(idOf(live.entry), stands),
      refuse: (live, settled) => this.#refuse(idOf(live.entry), settled, signal),
      compare: decision => this.#compare(decision, signal)
    })
  }

  /** The second of the chain by which every escrow that is still out can be ended by one side alone. */
  #lastEnd(): bigint {
    const ends = this.#executions()
      .filter(e => !isTerminal(executionTable, e.state))
      .map(e => lastEndOf(e.agreement))
    return ends.reduce((last, end) => (end > last ? end : last), 0n)
  }

  /** Ends the job and not the money: its escrows are followed to their ends, also by the next start of this peer. */
  async #leave(why: string): Promise<void> {
    const open = this.#executions().filter(e => !isTerminal(executionTable, e.state)).length
    await this.#record.move('leave', `${open} escrows are followed further`, undefined, why)
  }

  /**
   * Content of an ended job is let go, and so is every result that nobody paid for; those that were paid stay, whatever became of the job
   * (`shoal get`). What fails here the next start does (leftovers.ts).
   */
  async #forget(): Promise<void> {
    const held = this.#executions().flatMap(heldFor)
    try {
      for (const cid of new Set([...contentOf(this.job), ...held])) await this.#ctx.content.forget(cid)
      if (this.job.state !== 'settled') await keepPaid(this.#ctx, this.job.id, this.#executions())
    } catch (err) {
      this.#ctx.log.warn({ err, job: this.job.id }, 'not all content of an ended job was let go')
    }
  }
}
