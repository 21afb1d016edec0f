/** Live answers as JSON lines (application/x-ndjson): simple to read with any client, ended by the job's end. */
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import { ShoalError } from '../protocol/errors.ts'
import { isTerminal } from '../protocol/machines/machine.ts'
import { jobTable } from '../protocol/machines/job.ts'
import { linked } from '../protocol/signals.ts'
import type { JobEntry } from '../peer/journal/entries.ts'
import { Feed, type FeedItem } from './feed.ts'
import type { Guest } from './guests.ts'
import type { Service } from './service.ts'

/** Open streams at the same time: a hoarder is refused, not served. */
const STREAMS_MAX = 64
let open = 0

/** A quiet stream gets an empty line so often, ms: HTTP clients take five minutes of silence for the end. */
const BEAT_MS = 60_000

type Write = (item: object) => Promise<void>

async function ended(service: Service, job: JobEntry): Promise<boolean> {
  const now = await service.peer.ctx.journal.job(job.id)
  return now === undefined || isTerminal(jobTable, now.state)
}

type Body = (write: Write, signal: AbortSignal) => Promise<void>

/** Runs `body` as a stream; typed loosely since a stream fits no JSON schema. */
function stayOpen(c: Context, service: Service, body: Body): never {
  c.header('content-type', 'application/x-ndjson')
  const { clock, stopping } = service.peer.ctx
  return stream(c, async s => {
    const scope = linked(stopping)
    s.onAbort(() => scope.abort(new ShoalError('CANCELLED', 'the client left')))
    const hush = clock.every(BEAT_MS, () => void s.write('\n'))
    try {
      await body(async item => void (await s.write(JSON.stringify(item) + '\n')), scope.signal)
    } finally {
      hush()
      scope[Symbol.dispose]()
    }
  }) as unknown as never
}

/** One of the streams that are counted. */
function lines(c: Context, service: Service, body: Body): never {
  if (open >= STREAMS_MAX)
    throw new ShoalError('QUOTA_EXCEEDED', `at most ${STREAMS_MAX} streams at the same time`)
  return stayOpen(c, service, async (write, signal) => {
    open++
    try {
      await body(write, signal)
    } finally {
      open--
    }
  })
}

/** A seat among the peer's users until the client leaves; `{ kind: 'seated' }` says that it has it. */
export function streamSeat(c: Context, service: Service, guest: Guest): never {
  const leave = service.guests.sit(guest)
  return stayOpen(c, service, async (write, signal) => {
    try {
      await write({ kind: 'seated' })
      if (!signal.aborted)
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    } finally {
      leave()
    }
  })
}

/** The job as it is, then every change until it ends. */
export const streamJob = (c: Context, service: Service, job: JobEntry) =>
  lines(c, service, async (write, signal) => {
    const feed = new Feed(service.peer.ctx.journal, job.id)
    try {
      await write({ kind: 'snapshot', job: await service.job(job.id) })
      while (!signal.aborted) {
        for (const item of feed.take()) await write(item)
        if (await ended(service, job)) break
        await feed.changed(signal)
      }
      if (!signal.aborted) await write({ kind: 'snapshot', job: await service.job(job.id) })
    } finally {
      feed.close()
    }
  })

const isLog = (i: FeedItem): boolean => i.kind === 'log' || i.kind === 'dropped'

/** Kept lines from number `from` on; with `follow` also those to come, until the job ends, after a mark that all kept ones were sent. */
export const streamLogs = (c: Context, service: Service, job: JobEntry, from: number, follow: boolean) =>
  lines(c, service, async (write, signal) => {
    const { journal } = service.peer.ctx
    const feed = new Feed(journal, job.id)
    let next = from
    try {
      for await (const { seq, line } of journal.logs(job.id, from)) {
        next = seq + 1
        await write({ kind: 'log', seq, ...line })
        if (signal.aborted) return
      }
      if (follow) await write({ kind: 'live' })
      while (follow && !signal.aborted) {
        for (const item of feed.take().filter(isLog))
          if (item.kind !== 'log' || item.seq >= next) await write(item)
        if (await ended(service, job)) return
        await feed.changed(signal)
      }
    } finally {
      feed.close()
    }
  })
