/**
 * The journal: journal first, then act. Every state change is one synchronous batch (entry plus a line of history); listeners hear
 * of it after it is on the disk. Entries of live jobs are kept in memory too; ended ones are read when asked for.
 */
import { decode, encode, type Schema } from '../../protocol/codec.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { isShoalError, type ShoalError } from '../../protocol/errors.ts'
import type { AgreementId, JobId } from '../../protocol/ids.ts'
import { MiB } from '../../protocol/limits.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Store, StoreOp } from '../../protocol/ports/store.ts'
import {
  earlierExecution,
  earlierJob,
  earlierProvision,
  executionOfEarlier,
  jobOfEarlier,
  provisionOfEarlier
} from './earlier/entries.ts'
import {
  awardEntry,
  executionEntry,
  historyEntry,
  jobEntry,
  logEntry,
  providerEntry,
  workEntry,
  lieEntry,
  disputeEntry,
  type DisputeEntry,
  type LieEntry,
  type AwardEntry,
  type ExecutionEntry,
  type HistoryEntry,
  type JobEntry,
  type LogEntry,
  type ProviderEntry
} from './entries.ts'
import { unreadable } from './unreadable.ts'

/** Lists whose next number is remembered: more than jobs and agreements can be live at the same time. */
const NUMBERS_MAX = 4_096
/** How long a proven lie is remembered, ms. */
const LIE_MS = 24 * 60 * 60_000
/** Deletions in one batch. */
const FORGET_BATCH = 1_000

/** A job of 1,024 shards with their object keys stays below this. */
const ENTRY_MAX = 4 * MiB

const pad = (n: number): string => String(n).padStart(12, '0')
export const keys = {
  job: (id: JobId) => `job/${id}`,
  execution: (e: Pick<ExecutionEntry, 'jobId' | 'shard' | 'attempt' | 'copy'>) =>
    `exec/${e.jobId}/${pad(e.shard)}/${pad(e.attempt)}/${e.copy}`,
  executions: (id: JobId) => `exec/${id}/`,
  provider: (id: AgreementId) => `prov/${id}`,
  award: (id: JobId, round: number) => `award/${id}/${pad(round)}`,
  history: (id: string, seq: number) => `hist/${id}/${pad(seq)}`,
  log: (id: JobId, seq: number) => `log/${id}/${pad(seq)}`,
  work: (operator: string) => `work/${operator.toLowerCase()}`,
  lie: (operator: string) => `lie/${operator.toLowerCase()}`,
  dispute: (id: AgreementId) => `dispute/${id}`,
  meta: (name: string) => `meta/${name}`
} as const

export type JournalEvent =
  | { readonly kind: 'job'; readonly job: JobEntry; readonly what: string }
  | { readonly kind: 'execution'; readonly execution: ExecutionEntry; readonly what: string }
  | { readonly kind: 'provider'; readonly entry: ProviderEntry; readonly what: string }
  | { readonly kind: 'log'; readonly jobId: JobId; readonly seq: number; readonly line: LogEntry }

/** How an entry is read: as it is written today, or as an earlier version wrote it. */
interface Kind<T> {
  readonly schema: Schema<T>
  /** The newest version that this program reads; absent where entries have none. */
  readonly version?: number
  readonly earlier?: (bytes: Uint8Array, key: string) => T
}

/** An earlier version's entry, brought to today's form. */
const upgraded =
  <Old, T>(schema: Schema<Old>, upgrade: (old: Old) => T) =>
  (bytes: Uint8Array, key: string): T =>
    upgrade(decode(schema, bytes, key, ENTRY_MAX))

const kinds = {
  job: { schema: jobEntry, version: 2, earlier: upgraded(earlierJob, jobOfEarlier) },
  execution: { schema: executionEntry, version: 2, earlier: upgraded(earlierExecution, executionOfEarlier) },
  provider: { schema: providerEntry, version: 2, earlier: upgraded(earlierProvision, provisionOfEarlier) },
  award: { schema: awardEntry, version: 1 },
  history: { schema: historyEntry },
  log: { schema: logEntry },
  work: { schema: workEntry },
  lie: { schema: lieEntry },
  dispute: { schema: disputeEntry, version: 1 }
} as const satisfies Record<string, Kind<unknown>>

export class Journal {
  readonly #store: Store
  readonly #clock: Clock
  readonly #listeners = new Set<(e: JournalEvent) => void>()
  /** Next number of history and log lines by job; filled on first use. */
  readonly #numbers = new BoundedMap<string, number>(NUMBERS_MAX)

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Hears every change after it is durable. Returns how to stop. */
  listen(listener: (e: JournalEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #emit(event: JournalEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  async #read<T>(kind: Kind<T>, key: string): Promise<T | undefined> {
    const bytes = await this.#store.get(key)
    return bytes === undefined ? undefined : this.#parse(kind, key, bytes)
  }

  #parse<T>({ schema, version, earlier }: Kind<T>, key: string, bytes: Uint8Array): T {
    try {
      return decode(schema, bytes, key, ENTRY_MAX)
    } catch (cause) {
      if (earlier !== undefined) {
        try {
          return earlier(bytes, key)
        } catch {
          // what is wrong with it as an entry of today is what is told
        }
      }
      throw unreadable(key, bytes, version, cause)
    }
  }

  /** The first entry of those that a peer takes up when it starts that cannot be read, or undefined. Reads all of them. */
  async trouble(): Promise<ShoalError | undefined> {
    const live = [
      [kinds.job, 'job/'],
      [kinds.execution, 'exec/'],
      [kinds.provider, 'prov/'],
      [kinds.dispute, 'dispute/']
    ] as const
    try {
      for (const [kind, prefix] of live)
        for await (const [key, bytes] of this.#store.range(prefix)) this.#parse<unknown>(kind, key, bytes)
      return undefined
    } catch (e) {
      if (isShoalError(e, 'JOURNAL_CORRUPT')) return e
      throw e
    }
  }

  async #all<T>(kind: Kind<T>, prefix: string): Promise<T[]> {
    const out: T[] = []
    for await (const [key, bytes] of this.#store.range(prefix)) out.push(this.#parse(kind, key, bytes))
    return out
  }

  /** Takes the next number of a list; survives restarts by looking at the last key once. */
  async #number(prefix: string): Promise<number> {
    let n = this.#numbers.get(prefix)
    if (n === undefined) {
      n = 0
      for await (const [key] of this.#store.range(prefix, { limit: 1, reverse: true }))
        n = Number(key.slice(prefix.length)) + 1
      // a concurrent call may have filled it while we read
      n = Math.max(n, this.#numbers.get(prefix) ?? 0)
    }
    this.#numbers.set(prefix, n + 1)
    return n
  }

  async #history(id: string, what: string, detail?: string): Promise<StoreOp> {
    const seq = await this.#number(`hist/${id}/`)
    const line: HistoryEntry = {
      at: this.#clock.now(),
      what: what.slice(0, 256),
      detail: detail?.slice(0, 2048)
    }
    return { put: keys.history(id, seq), value: encode(line) }
  }

  async putJob(job: JobEntry, what: string, detail?: string): Promise<void> {
    await this.#store.batch([
      { put: keys.job(job.id), value: encode(job) },
      await this.#history(job.id, what, detail)
    ])
    this.#emit({ kind: 'job', job, what })
  }

  /** `what` empty: progress that needs no line of history. */
  async putExecution(e: ExecutionEntry, what: string, detail?: string): Promise<void> {
    const name = `shard ${e.shard} attempt ${e.attempt}${e.copy > 0 ? ` copy ${e.copy}` : ''}: ${what}`
    const line = what === '' ? [] : [await this.#history(e.jobId, name, detail)]
    await this.#store.batch([{ put: keys.execution(e), value: encode(e) }, ...line])
    this.#emit({ kind: 'execution', execution: e, what })
  }

  /** Tells listeners of progress that is not worth a write: after a crash it is simply heard again. */
  noteExecution(execution: ExecutionEntry): void {
    this.#emit({ kind: 'execution', execution, what: '' })
  }

  async putProvider(entry: ProviderEntry, what: string, detail?: string): Promise<void> {
    await this.#store.batch([
      { put: keys.provider(entry.agreementId), value: encode(entry) },
      await this.#history(entry.agreementId, what, detail)
    ])
    this.#emit({ kind: 'provider', entry, what })
  }

  async putAward(award: AwardEntry): Promise<void> {
    await this.#store.batch([{ put: keys.award(award.jobId, award.round), value: encode(award) }])
  }

  async addLogs(id: JobId, lines: readonly LogEntry[]): Promise<void> {
    const numbered: { seq: number; line: LogEntry }[] = []
    for (const line of lines) numbered.push({ seq: await this.#number(`log/${id}/`), line })
    await this.#store.batch(numbered.map(n => ({ put: keys.log(id, n.seq), value: encode(n.line) })))
    for (const n of numbered) this.#emit({ kind: 'log', jobId: id, ...n })
  }

  job = (id: JobId): Promise<JobEntry | undefined> => this.#read(kinds.job, keys.job(id))
  jobs = (): Promise<JobEntry[]> => this.#all(kinds.job, 'job/')
  executions = (id: JobId): Promise<ExecutionEntry[]> => this.#all(kinds.execution, keys.executions(id))
  provider = (id: AgreementId): Promise<ProviderEntry | undefined> =>
    this.#read(kinds.provider, keys.provider(id))
  providers = (): Promise<ProviderEntry[]> => this.#all(kinds.provider, 'prov/')
  awards = (id: JobId): Promise<AwardEntry[]> => this.#all(kinds.award, `award/${id}/`)
  history = (id: string): Promise<HistoryEntry[]> => this.#all(kinds.history, `hist/${id}/`)

  /** Log lines from number `from` on, in order. */
  async *logs(id: JobId, from = 0): AsyncIterable<{ seq: number; line: LogEntry }> {
    const prefix = `log/${id}/`
    for await (const [key, bytes] of this.#store.range(prefix)) {
      const seq = Number(key.slice(prefix.length))
      if (seq >= from) yield { seq, line: this.#parse(kinds.log, key, bytes) }
    }
  }

  /** Removes an ended job with its executions, awards, history and log. Its work counts stay. */
  async forgetJob(id: JobId): Promise<void> {
    // the job's own entry goes last: after a crash in between the rest is found again by it
    for (const prefix of [keys.executions(id), `award/${id}/`, `hist/${id}/`, `log/${id}/`])
      await this.#forgetAll(prefix)
    await this.#store.batch([{ del: keys.job(id) }])
  }

  /** Removes an ended execution of the selling side with its history. */
  async forgetProvider(id: AgreementId): Promise<void> {
    await this.#forgetAll(`hist/${id}/`)
    await this.#store.batch([{ del: keys.provider(id) }])
  }

  async #forgetAll(prefix: string): Promise<void> {
    this.#numbers.delete(prefix)
    let ops: StoreOp[] = []
    for await (const [key] of this.#store.range(prefix)) {
      ops.push({ del: key })
      if (ops.length < FORGET_BATCH) continue
      await this.#store.batch(ops)
      ops = []
    }
    if (ops.length > 0) await this.#store.batch(ops)
  }

  async work(operator: string): Promise<{ completed: number; failed: number }> {
    return (await this.#read(kinds.work, keys.work(operator))) ?? { completed: 0, failed: 0 }
  }

  async addWork(operator: string, outcome: 'completed' | 'failed'): Promise<void> {
    const old = await this.work(operator)
    await this.#store.batch([
      { put: keys.work(operator), value: encode({ ...old, [outcome]: old[outcome] + 1 }) }
    ])
  }

  /** `what` empty: nothing for the history. */
  async putDispute(entry: DisputeEntry, what: string, detail?: string): Promise<void> {
    const line = what === '' ? [] : [await this.#history(entry.id, what, detail)]
    await this.#store.batch([{ put: keys.dispute(entry.id), value: encode(entry) }, ...line])
  }

  dispute = (id: AgreementId): Promise<DisputeEntry | undefined> =>
    this.#read(kinds.dispute, keys.dispute(id))
  disputes = (): Promise<DisputeEntry[]> => this.#all(kinds.dispute, 'dispute/')

  /** Removes an ended dispute with its history. */
  async forgetDispute(id: AgreementId): Promise<void> {
    await this.#forgetAll(`hist/${id}/`)
    await this.#store.batch([{ del: keys.dispute(id) }])
  }

  /** An operator signed two things that contradict each other: for a day it gets no bid of ours. */
  async noteLie(operator: string): Promise<void> {
    const old = await this.#read(kinds.lie, keys.lie(operator))
    const entry = { count: (old?.count ?? 0) + 1, last: this.#clock.now() }
    await this.#store.batch([{ put: keys.lie(operator), value: encode(entry) }])
  }

  async lied(operator: string): Promise<boolean> {
    const entry = await this.#read(kinds.lie, keys.lie(operator))
    return entry !== undefined && this.#counts(entry)
  }

  /** A clock that was set back forgives nothing for longer than a day. */
  #counts = ({ last }: LieEntry): boolean => Math.abs(this.#clock.now() - last) < LIE_MS

  /** Removes lies that no longer count, `max` at the most; how many. */
  async forgetLies(max: number): Promise<number> {
    const old: StoreOp[] = []
    for await (const [key, bytes] of this.#store.range('lie/')) {
      if (old.length >= max) break
      if (!this.#counts(this.#parse(kinds.lie, key, bytes))) old.push({ del: key })
    }
    if (old.length > 0) await this.#store.batch(old)
    return old.length
  }

  meta = (name: string): Promise<Uint8Array | undefined> => this.#store.get(keys.meta(name))
  async putMeta(name: string, value: Uint8Array): Promise<void> {
    await this.#store.batch([{ put: keys.meta(name), value }])
  }
}
