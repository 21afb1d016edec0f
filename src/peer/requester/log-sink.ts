/** Gathers a provider's log lines into few journal writes, and no more bytes than the job allows: the text is hostile. */
import type { ExecutionEvent } from '../../protocol/records/events.ts'
import type { LogEntry } from '../journal/entries.ts'
import type { LiveExecution } from './live-execution.ts'

const FLUSH_MS = 200
const FLUSH_LINES = 256

export class LogSink {
  readonly #live: LiveExecution
  #lines: LogEntry[] = []
  #bytes = 0
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(live: LiveExecution) {
    this.#live = live
  }

  add(event: Extract<ExecutionEvent, { kind: 'log' }>): void {
    const { entry, ctx } = this.#live
    const max = this.#live.job().plan.common.needs.logBytes
    if (this.#bytes > max) return
    this.#bytes += event.line.length + 1
    const line = this.#bytes > max ? `(more than ${max} bytes of log; the rest is dropped)` : event.line
    this.#lines.push({
      at: event.at,
      shard: entry.shard,
      attempt: entry.attempt,
      copy: entry.copy,
      stream: event.stream,
      line
    })
    if (this.#lines.length >= FLUSH_LINES) this.#flush()
    else this.#cancel ??= ctx.clock.timer(FLUSH_MS, () => this.#flush())
  }

  #flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const lines = this.#lines
    this.#lines = []
    if (lines.length === 0) return
    const { ctx, entry } = this.#live
    this.#writing = this.#writing
      .then(() => ctx.journal.addLogs(entry.jobId, lines))
      .catch(err => ctx.log.error({ err }, 'log lines could not be written'))
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    this.#flush()
    await this.#writing
  }
}
