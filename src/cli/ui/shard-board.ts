/** A line per shard, redrawn by listr2: who works on it, how far it is, what became of it. */
import { Listr, type ListrTaskWrapper } from 'listr2'
import type { ExecutionView } from '../../peer/views.ts'
import { clean } from '../command.ts'
import type { Cli } from '../context.ts'
import { bar } from './bar.ts'
import type { FullJob } from './job-view.ts'
import { shortPeer } from './table.ts'

/** More shards than this do not fit a screen: then only the sum is shown. */
const LINES_MAX = 24
const DONE = new Set(['accepted', 'settled'])

interface Row {
  task?: { title: string }
  readonly finish: () => void
  readonly done: Promise<void>
}

const newRow = (): Row => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { finish: resolve, done: promise }
}

export class ShardBoard {
  readonly #rows = new Map<number, Row>()
  #running: Promise<unknown> | undefined
  #total = 0

  constructor(_cli: Cli) {}

  snapshot(job: FullJob): void {
    this.#total = job.shards
    if (this.#running === undefined) this.#begin(job)
    for (const e of job.executionList) this.execution(e)
    if (job.ended !== undefined) this.#finishAll()
  }

  #begin(job: FullJob): void {
    const shards = job.shards <= LINES_MAX ? Array.from({ length: job.shards }, (_, i) => i) : [-1]
    for (const shard of [...shards, -2]) this.#rows.set(shard, newRow())
    const row = (shard: number, title: string) => ({
      title,
      task: async (_: unknown, task: ListrTaskWrapper<unknown, never, never>) => {
        const r = this.#rows.get(shard)
        if (r === undefined) return
        r.task = task
        await r.done
      }
    })
    const list = new Listr(
      [
        ...shards.map(s => row(s, s < 0 ? `${job.shards} shards` : `shard ${s}`)),
        row(-2, `job ${job.state}`)
      ] as never,
      {
        concurrent: true,
        exitOnError: false,
        registerSignalListeners: false
      }
    )
    // rendering never fails the job
    this.#running = list.run().catch(() => undefined)
  }

  execution(e: ExecutionView): void {
    const row = this.#rows.get(e.shard) ?? this.#rows.get(-1)
    if (row === undefined) return
    const note = e.state === 'lost' ? `lost (${e.failure?.code ?? ''})` : e.state
    const text = clean(
      `shard ${String(e.shard).padStart(3)}  ${bar(e.progress, 20)} ${String(Math.floor(e.progress * 100)).padStart(3)} %  ${shortPeer(e.provider)}  ${note}${e.attempt > 1 ? `  attempt ${e.attempt}` : ''}`
    )
    if (row.task !== undefined) row.task.title = text
    // a task that failed may be paid for too: its shard is not done
    if (DONE.has(e.state) && e.failure === undefined && this.#total <= LINES_MAX) row.finish()
  }

  job(state: string, what: string): void {
    const row = this.#rows.get(-2)
    if (row?.task !== undefined) row.task.title = `job ${state}: ${clean(what)}`
  }

  #finishAll(): void {
    for (const row of this.#rows.values()) row.finish()
  }

  close(): void {
    this.#finishAll()
  }
}
