/** Live progress of a job: a line per shard in a terminal, a line per change in a pipe, nothing with --json. */
import type { ApiClient } from '../../api/adapters/client.ts'
import type { FeedItem } from '../../api/feed.ts'
import type { ExecutionView } from '../../peer/views.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { clean } from '../command.ts'
import type { Cli } from '../context.ts'
import type { FullJob } from './job-view.ts'
import { ShardBoard } from './shard-board.ts'
import { shortPeer } from './table.ts'

type Item = FeedItem | { readonly kind: 'snapshot'; readonly job: FullJob }

const ENDED = new Set(['settled', 'failed', 'cancelled'])

/** A loss by its code, a refusal in words: that is what its provider will ask about. */
function why({ failure, state }: ExecutionView): string {
  if (failure === undefined) return ''
  if (state === 'disputed') return `: ${failure.message}`
  return state === 'lost' ? `: ${failure.code}` : ''
}

/** One change as a plain line. */
export function changeLine(e: ExecutionView, what: string): string {
  const resumed =
    what === 'awarded' && e.resumedFrom !== undefined
      ? ` (resumes at ${Math.floor(e.resumedFrom.progress * 100)} %)`
      : ''
  return `shard ${e.shard} attempt ${e.attempt}  ${shortPeer(e.provider)}  ${what}${resumed}${why(e)}`
}

/** Why a job does not go on or has failed, and where its result can go instead. */
function whyNot({ failure, trouble }: Extract<Item, { kind: 'job' }>, id: string): string {
  if (trouble !== undefined) return ` (${trouble.message}; elsewhere: shoal get ${id.slice(0, 10)} --out DIR)`
  return failure === undefined ? '' : ` (${failure.message})`
}

export interface WatchOptions {
  /** Hears every change too. */
  readonly onItem?: (item: Item) => void
  readonly quiet?: boolean
}

/** Resolves with the ended job; the watch may be left with the signal while the job goes on. */
export async function watchJob(
  cli: Cli,
  client: ApiClient,
  id: string,
  signal: AbortSignal,
  o: WatchOptions = {}
): Promise<FullJob> {
  const quiet = o.quiet === true || cli.json
  const board = cli.interactive && !quiet ? new ShardBoard(cli) : undefined
  let last: FullJob | undefined
  try {
    for await (const item of client.lines<Item>(`/v1/jobs/${encodeURIComponent(id)}/events`, signal)) {
      o.onItem?.(item)
      if (item.kind === 'snapshot') {
        last = item.job
        board?.snapshot(item.job)
      } else if (item.kind === 'execution') {
        board?.execution(item.execution)
        if (board === undefined && !quiet && item.what !== '')
          cli.remark(clean(changeLine(item.execution, item.what)))
      } else if (item.kind === 'job') {
        const what = `${item.what}${whyNot(item, id)}`
        board?.job(item.state, what)
        if (board === undefined && !quiet) cli.remark(`job ${item.state}: ${clean(what)}`)
      }
    }
  } finally {
    board?.close()
  }
  if (last !== undefined && ENDED.has(last.state)) return last
  throw new ShoalError('API_UNREACHABLE', 'the peer went away before the job ended', {
    next: 'The job goes on when the peer runs again: shoal up'
  })
}
