/** The buying side of a peer: submits jobs, runs them to their end, and takes them up again after a restart. */
import { NOTHING } from '../../market/classes.ts'
import { imageRefusal } from '../../market/eligibility.ts'
import { unproven } from '../../market/weighed.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { toHex } from '../../protocol/codec.ts'
import type { JobId } from '../../protocol/ids.ts'
import { LIVE_JOBS_MAX } from '../../protocol/limits.ts'
import { refuseOldGeneration } from '../../protocol/old-generation.ts'
import type { Startable } from '../../protocol/ports/startable.ts'
import { formatAmount, SYMBOL } from '../../protocol/money.ts'
import type { PeerContext } from '../context.ts'
import type { JobEntry, JobSource } from '../journal/entries.ts'
import type { JobFile } from '../jobfile/schema.ts'
import { BidBook, type Expected } from './bid-book.ts'
import { Claims } from './claims.ts'
import { Mutex } from '../mutex.ts'
import { isUnderWay } from '../under-way.ts'
import { gatherResults } from './gather.ts'
import { JobRunner } from './job-runner.ts'
import type { Market } from './matcher.ts'
import { resultsFolder } from './fetch-result.ts'
import { prepareKeeping, prepareOutput } from './output.ts'
import { standing } from './seats.ts'
import { capOf, makePlan, reserveOf, type PlanOptions } from './plan.ts'
import { Turns } from './turns.ts'

export class Requester implements Startable {
  readonly book: BidBook
  readonly #ctx: PeerContext
  readonly #runners = new Map<JobId, JobRunner>()
  readonly #running = new Set<Promise<void>>()
  /** Results of ended jobs are written one after the other: two into one folder would be in each other's way. */
  readonly #getting = new Mutex()
  #stop: AbortController | undefined
  #unhandle: (() => void)[] = []
  readonly #market: Market

  constructor(ctx: PeerContext, expected?: Expected) {
    this.#ctx = ctx
    this.book = new BidBook(ctx, expected, (bid, offer) => {
      const advert = ctx.adverts.of(bid.card.peer)
      if (!ctx.adverts.serves(advert, offer.class)) return `class ${offer.class} is not proven of you`
      // who has sent no advert yet is believed: it has seen the offer
      const image = advert === undefined ? undefined : imageRefusal(offer.needs.image, advert.containers)
      if (image !== undefined) return `your advert does not say that you run this image (${image})`
      // one whose advert has not come yet has what any old machine has
      const claimed = advert ?? { memoryBytes: Infinity, diskBytes: Infinity }
      return unproven(offer.needs, claimed, advert === undefined ? NOTHING : ctx.adverts.proven(advert))
    })
    const turns = new Turns(ctx)
    const claims = new Claims({
      clock: ctx.clock,
      seqOf: peer => ctx.adverts.of(peer)?.seq ?? 0,
      changed: () => turns.changed()
    })
    this.#market = { book: this.book, claims, turns }
  }

  async start(): Promise<void> {
    if (this.#stop !== undefined) return
    this.#stop = new AbortController()
    this.#unhandle = [
      this.#ctx.network.handle('bid', async ({ bid }) => await this.book.accept(bid)),
      this.#ctx.adverts.onMore(() => this.#market.turns.changed())
    ]
    for (const job of await this.#ctx.journal.jobs())
      if (await isUnderWay(this.#ctx.journal, job)) await this.#launch(job, true)
  }

  async stop(): Promise<void> {
    this.#stop?.abort(new ShoalError('CANCELLED', 'the peer stops'))
    for (const f of this.#unhandle) f()
    await Promise.allSettled([...this.#running])
    this.#runners.clear()
    this.#stop = undefined
  }

  async #launch(job: JobEntry, recover: boolean): Promise<void> {
    const signal = this.#stop?.signal
    if (signal === undefined) throw new Error('the requester is not started')
    const runner = new JobRunner(this.#ctx, this.#market, job)
    if (recover) await runner.recover(signal)
    this.#runners.set(job.id, runner)
    const done = runner.run(signal).finally(() => {
      this.#runners.delete(job.id)
      this.#running.delete(done)
    })
    this.#running.add(done)
  }

  /** FUNDS_LOW when the free balance does not cover the job's cap and what its escrows reserve for disputes. */
  async #checkFunds(maxPrice: bigint, reserve: bigint): Promise<void> {
    const account = await this.#ctx.settlement.account()
    const needed = maxPrice + reserve
    if (account.free >= needed) return
    throw new ShoalError(
      'FUNDS_LOW',
      `the job may cost up to ${formatAmount(maxPrice)} ${SYMBOL} and reserves ${formatAmount(reserve)} ${SYMBOL} for disputes until it ends, but only ${formatAmount(account.free)} ${SYMBOL} are free in the vault`,
      {
        data: { needed, reserve, free: account.free },
        next:
          account.wallet > 0n
            ? 'Run: shoal wallet deposit AMOUNT, or lower price.max.'
            : 'Fund the wallet shown by: shoal wallet, or lower price.max.'
      }
    )
  }

  /** Seals the job's content, journals it, and begins. Returns once the job is durable: from here on it survives anything. */
  async submit(
    job: JobFile,
    options: Omit<PlanOptions, 'id'> & { readonly source?: JobSource }
  ): Promise<JobEntry> {
    if (this.#runners.size >= LIVE_JOBS_MAX)
      throw new ShoalError('QUOTA_EXCEEDED', `at most ${LIVE_JOBS_MAX} jobs run at the same time`, {
        next: 'Wait for one to end: shoal jobs'
      })
    refuseOldGeneration(this.#ctx.settlement)
    const probe = options.probe === true
    await this.#checkFunds(capOf(job, probe), reserveOf(job, probe, this.#ctx.config.provider.bond))
    const id = toHex(this.#ctx.random.bytes(32)) as JobId
    const out = options.out.replaceAll('{id}', id.slice(2, 10))
    await prepareOutput(this.#ctx.files, out, id.slice(2, 10))
    await prepareKeeping(this.#ctx.files, resultsFolder(this.#ctx.home), id.slice(2, 10))
    const plan = await makePlan(job, this.#ctx, { ...options, id, out })
    const entry: JobEntry = {
      v: 2,
      id,
      created: this.#ctx.clock.now(),
      desired: 'run',
      state: 'submitted',
      rounds: 0,
      plan,
      source: options.source
    }
    await this.#ctx.journal.putJob(entry, 'submitted')
    await this.#launch(entry, false)
    return entry
  }

  /** NOT_FOUND when there is no such job. An ended job stays as it is. */
  async cancel(id: JobId): Promise<void> {
    const runner = this.#runners.get(id)
    if (runner !== undefined) return await runner.cancel()
    if ((await this.#ctx.journal.job(id)) === undefined)
      throw new ShoalError('NOT_FOUND', `no job ${id}`, { next: 'List them with: shoal jobs' })
  }

  /**
   * Writes what the shards of a job brought into a folder: the whole result, or with `raw` what each shard wrote, as it came, as far as it is
   * here. A job that waits for a place is done with that. NOT_FOUND when shards have no result; OUTPUT_EXISTS, DISK_FULL, DISK_ERROR.
   */
  async get(job: JobEntry, out: string, raw: boolean, signal: AbortSignal): Promise<string> {
    const results = standing(await this.#ctx.journal.executions(job.id))
    const shards = job.plan.inputs.length
    const short = job.id.slice(0, 10)
    if (results.length === 0 || (results.length < shards && !raw)) {
      const next = results.length === 0 ? `See: shoal job ${short}` : `Take those: shoal get ${short} --raw`
      throw new ShoalError('NOT_FOUND', `only ${results.length} of ${shards} shards have a result`, { next })
    }
    const runner = this.#runners.get(job.id)
    if (runner !== undefined) return await runner.get(out, raw, signal)
    const wanted = { ...job, plan: { ...job.plan, out } }
    return await this.#getting.run(() => gatherResults(this.#ctx, wanted, results, { signal, raw }))
  }

  /** Jobs that wait for a place for their result, and why. */
  get troubles(): { readonly job: JobId; readonly code: string; readonly message: string }[] {
    return [...this.#runners.values()].flatMap(({ job: { id, trouble } }) =>
      trouble === undefined ? [] : [{ job: id, ...trouble }]
    )
  }

  get live(): number {
    return this.#runners.size
  }

  /** Whether this peer works on the job at this moment. */
  running(id: JobId): boolean {
    return this.#runners.has(id)
  }
}
