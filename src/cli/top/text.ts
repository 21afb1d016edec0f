/** A snapshot as lines of text. */
import { SYMBOL } from '../../protocol/money.ts'
import { formatDuration, formatSize } from '../../protocol/units.ts'
import type { ExecutionView } from '../../peer/views.ts'
import { bar } from '../ui/bar.ts'
import type { FullJob } from '../ui/job-view.ts'
import { shortJob, shortPeer, table } from '../ui/table.ts'
import type { Snapshot } from './snapshot.ts'

type GpuRow = NonNullable<NonNullable<Snapshot['status']['provider']>['gpus']>[number]

/** Executions of one job that fit a screen; the rest is summed up. */
const EXECUTIONS_SHOWN = 12
const OVER = new Set(['settled', 'refunded', 'cancelled', 'resolved', 'declined'])

const percent = (f: number): string => `${Math.floor(f * 100)} %`

function gpuLine(g: GpuRow): string {
  const facts = [
    g.memoryBytes === undefined ? '' : `${formatSize(g.freeBytes ?? 0)} of ${formatSize(g.memoryBytes)} free`,
    g.utilisation === undefined ? '' : `${g.utilisation} % busy`,
    g.temperature === undefined ? '' : `${g.temperature} °C`,
    g.watts === undefined ? '' : `${g.watts.toFixed(0)} W`,
    g.reason ?? ''
  ]
  return [`GPU  ${g.model}`, g.state, ...facts.filter(f => f !== '')].join('  ')
}

function header({ status, wallet }: Snapshot): string[] {
  const slots =
    status.provider === undefined
      ? 'buys only'
      : `${status.provider.slotsFree} of ${status.provider.slotsTotal} slots free`
  const chain = status.chain.reachable ? `chain ${status.chain.chainId}` : 'CHAIN AWAY'
  const { policy, gpus = [] } = status.provider ?? {}
  const reasons = status.provider?.room?.reasons ?? []
  return [
    `${shortPeer(status.peer)}  ${status.profile}, ${slots}  ${status.connections} peers  ${status.providersKnown} providers  ${chain}`,
    `${wallet.free} ${SYMBOL} free, ${wallet.locked} ${SYMBOL} locked in agreements`,
    ...(status.clockOff === undefined ? [] : [status.clockOff]),
    ...(policy?.open === false ? [`takes on nothing new: ${policy.reason}`] : reasons),
    ...gpus.map(gpuLine)
  ]
}

/** The mean over shards of the furthest that any execution of it is. */
export function progressOf(job: FullJob): number {
  const best = new Map<number, number>()
  for (const e of job.executionList)
    if (!['lost', 'refunded', 'cancelled', 'withdrawn', 'declined'].includes(e.state))
      best.set(e.shard, Math.max(best.get(e.shard) ?? 0, e.result === undefined ? e.progress : 1))
  return [...best.values()].reduce((a, b) => a + b, 0) / Math.max(1, job.shards)
}

function executionRow(e: ExecutionView): (string | number)[] {
  const resumed = e.resumedFrom === undefined ? '' : `resumed at ${percent(e.resumedFrom.progress)}`
  return [
    `  shard ${e.shard}${e.copy > 0 ? `+${e.copy}` : ''}`,
    shortPeer(e.provider),
    e.state,
    bar(e.progress, 16),
    percent(e.progress),
    `${e.price} ${SYMBOL}`,
    [e.attempt > 1 ? `attempt ${e.attempt}` : '', resumed, e.failure?.code ?? '']
      .filter(s => s !== '')
      .join(', ')
  ]
}

function jobLines(job: FullJob, now: number): string[] {
  const took = formatDuration((job.ended ?? now) - job.created)
  const head = `${shortJob(job.id)}  ${job.name}  ${job.state}  ${job.shardsDone}/${job.shards} shards  ${bar(progressOf(job), 16)}  ${took}  ${job.spent} of ${job.maxPrice} ${SYMBOL}`
  if (job.ended !== undefined)
    return [job.failure === undefined ? head : `${head}  ${job.failure.code}: ${job.failure.message}`]
  const live = job.executionList.filter(e => !OVER.has(e.state))
  const more = live.length - EXECUTIONS_SHOWN
  return [
    head,
    ...(live.length === 0 ? ['  waiting for providers'] : []),
    ...(live.length === 0
      ? []
      : table(
          ['  shard', 'provider', 'state', 'progress', '', 'price', ''],
          live.slice(0, EXECUTIONS_SHOWN).map(executionRow)
        )
          .split('\n')
          .slice(1)),
    ...(more > 0 ? [`  and ${more} more`] : [])
  ]
}

function workLines({ work, at }: Snapshot): string[] {
  if (work.length === 0) return []
  const rows = work.map(w => [
    `  ${shortJob(w.jobId)}`,
    `shard ${w.shard}`,
    w.state,
    `for ${shortPeer(w.requester)}`,
    `${w.acknowledged} of ${w.price} ${SYMBOL}`,
    formatDuration(at - w.created)
  ])
  return ['', 'Work for others', table(['', '', '', '', '', ''], rows).split('\n').slice(1).join('\n')]
}

function providerLines({ offers, jobs }: Snapshot): string[] {
  if (offers.length === 0) return ['', 'No providers heard yet.']
  const mine = jobs.flatMap(j => j.executionList).filter(e => !OVER.has(e.state))
  const rows = offers.map(o => [
    `  ${shortPeer(o.peer)}`,
    `${o.slotsFree}/${o.slotsTotal}`,
    `${o.ask}`,
    o.region,
    mine
      .filter(e => e.provider === o.peer)
      .map(e => `shard ${e.shard}`)
      .slice(0, 6)
      .join(', ') || '-'
  ])
  return ['', table(['Providers', 'slots', 'ask/Ggas', 'region', 'does for you'], rows)]
}

/** All of it, cut to `rows` lines when given. */
export function topText(s: Snapshot, rows?: number): string {
  const lines = [
    ...header(s),
    '',
    ...(s.jobs.length === 0
      ? ['No jobs yet. Submit one with: shoal run job.yaml']
      : s.jobs.flatMap(j => jobLines(j, s.at))),
    ...workLines(s),
    ...providerLines(s)
  ]
    .flatMap(l => l.split('\n'))
    .map(l => l.trimEnd())
  if (rows === undefined || lines.length <= rows) return lines.join('\n')
  return [
    ...lines.slice(0, rows - 1),
    `(${lines.length - rows + 1} more lines; a taller window shows them)`
  ].join('\n')
}
