/** One listener's view of a job as it changes: the newest state of everything, never more than a bounded backlog. */
import type { Journal, JournalEvent } from '../peer/journal/journal.ts'
import { executionView, type ExecutionView } from '../peer/views.ts'

/** Log lines kept for a listener that is slow; older ones are dropped and counted (they stay in the journal). */
const LINES_MAX = 1_000
/** Changes of the job itself that are kept for a slow listener: the newest. */
const CHANGES_MAX = 100

export type FeedItem =
  | {
      readonly kind: 'job'
      readonly state: string
      readonly what: string
      readonly failure?: { code: string; message: string }
      /** Why its result is not in its place yet. */
      readonly trouble?: { code: string; message: string }
    }
  | { readonly kind: 'execution'; readonly what: string; readonly execution: ExecutionView }
  | {
      readonly kind: 'log'
      readonly seq: number
      readonly at: number
      readonly shard: number
      readonly attempt: number
      readonly stream: string
      readonly line: string
    }
  | { readonly kind: 'dropped'; readonly lines: number }

export class Feed {
  readonly #jobId: string
  #jobs: FeedItem[] = []
  #executions = new Map<string, FeedItem>()
  #logs: FeedItem[] = []
  #dropped = 0
  #wake: () => void = () => undefined
  readonly #undo: () => void

  constructor(journal: Journal, jobId: string) {
    this.#jobId = jobId
    this.#undo = journal.listen(e => this.#take(e))
  }

  close(): void {
    this.#undo()
    this.#wake()
  }

  #take(e: JournalEvent): void {
    if (e.kind === 'job' && e.job.id === this.#jobId) {
      this.#jobs.push({
        kind: 'job',
        state: e.job.state,
        what: e.what,
        failure: e.job.failure,
        trouble: e.job.trouble
      })
      if (this.#jobs.length > CHANGES_MAX) this.#jobs.shift()
    } else if (e.kind === 'execution' && e.execution.jobId === this.#jobId) {
      const { shard, attempt, copy } = e.execution
      const key = `${shard}/${attempt}/${copy}`
      const old = this.#executions.get(key)
      const what = e.what === '' && old?.kind === 'execution' ? old.what : e.what
      this.#executions.delete(key)
      this.#executions.set(key, { kind: 'execution', what, execution: executionView(e.execution) })
    } else if (e.kind === 'log' && e.jobId === this.#jobId) {
      const { at, shard, attempt, stream, line } = e.line
      this.#logs.push({ kind: 'log', seq: e.seq, at, shard, attempt, stream, line })
      if (this.#logs.length > LINES_MAX) {
        this.#logs.shift()
        this.#dropped++
      }
    } else return
    this.#wake()
  }

  /** Everything new since the last call, oldest kind first; empty when nothing is. */
  take(): FeedItem[] {
    const dropped: FeedItem[] = this.#dropped > 0 ? [{ kind: 'dropped', lines: this.#dropped }] : []
    const items = [...this.#executions.values(), ...dropped, ...this.#logs, ...this.#jobs]
    this.#executions.clear()
    this.#logs = []
    this.#jobs = []
    this.#dropped = 0
    return items
  }

  /** Resolves when something may be new, or on close. */
  async changed(signal: AbortSignal): Promise<void> {
    if (this.#executions.size + this.#logs.length + this.#jobs.length > 0 || signal.aborted) return
    await new Promise<void>(resolve => {
      this.#wake = () => {
        signal.removeEventListener('abort', this.#wake)
        resolve()
      }
      signal.addEventListener('abort', this.#wake, { once: true })
    })
  }
}
