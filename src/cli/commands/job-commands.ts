import { resolve } from 'node:path'
import type { ApiClient } from '../../api/adapters/client.ts'
import type { JobView, awardView } from '../../peer/views.ts'
import type { HistoryEntry } from '../../peer/journal/entries.ts'
import { clean, command, EXIT } from '../command.ts'
import type { Cli } from '../context.ts'
import { session } from '../peer-session.ts'
import type { CommonFlags, GetFlags } from '../routes/jobs.ts'
import { cancelAndWait, MONEY_MS } from '../run/cancel-wait.ts'
import { jobsTable, jobText, type FullJob } from '../ui/job-view.ts'
import { shortPeer, table } from '../ui/table.ts'
import { watchJob } from '../ui/watch-job.ts'

type Body<F> = (cli: Cli, client: ApiClient, signal: AbortSignal, id: string, flags: F) => Promise<void>

const over = <F extends CommonFlags>(body: Body<F>) =>
  command<F, [string]>(async (cli, flags, signal, id) => {
    const s = await session(cli, flags, signal)
    try {
      await body(cli, s.client, signal, id, flags)
    } finally {
      await s.close()
    }
  })

export const jobs = command<CommonFlags>(async (cli, flags, signal) => {
  const s = await session(cli, flags, signal)
  try {
    const { jobs: list } = await s.client.call<{ jobs: JobView[] }>('GET', '/v1/jobs', undefined, signal)
    if (cli.json) cli.print(JSON.stringify({ jobs: list }))
    else cli.print(list.length === 0 ? 'No jobs yet. Submit one with: shoal run job.yaml' : jobsTable(list))
  } finally {
    await s.close()
  }
})

const showJob = (cli: Cli, job: FullJob): void => cli.print(cli.json ? JSON.stringify(job) : jobText(job))

export const job = over(async (cli, client, signal, id) =>
  showJob(cli, await client.call<FullJob>('GET', `/v1/jobs/${encodeURIComponent(id)}`, undefined, signal))
)

export const cancel = over(async (cli, client, signal, id) => {
  // the money returns by consent at once, or at the deadline: wait for it here so that nothing is left open unseen
  showJob(cli, await cancelAndWait(cli, client, id, MONEY_MS, signal))
})

export const attach = over(async (cli, client, signal, id) => {
  const end = await watchJob(
    cli,
    client,
    (await client.call<FullJob>('GET', `/v1/jobs/${encodeURIComponent(id)}`, undefined, signal)).id,
    signal
  )
  showJob(cli, end)
  if (end.state !== 'settled') cli.process.exitCode = EXIT.job
})

export const get = over<GetFlags>(async (cli, client, signal, id, flags) => {
  const view = await client.call<FullJob>('GET', `/v1/jobs/${encodeURIComponent(id)}`, undefined, signal)
  const out = resolve(cli.cwd, flags.out ?? `${view.name}-${view.id.slice(2, 10)}`)
  const body = { out, raw: flags.raw }
  const done = await client.call<{ id: string; out: string; shards: number }>(
    'POST',
    `/v1/jobs/${encodeURIComponent(id)}/get`,
    body,
    signal
  )
  if (done.shards < view.shards && !cli.json)
    cli.remark(`${done.shards} of ${view.shards} shards have a result; the others are not there.`)
  cli.print(cli.json ? JSON.stringify(done) : done.out)
})

type Round = ReturnType<typeof awardView>

const roundText = (r: Round): string =>
  [
    `Round ${r.round}: ${r.rule}, ceiling ${r.ceiling}, bid root ${r.bidRoot}`,
    table(
      ['peer', 'price', 'slots', 'Mgas/s', 'score', 'won'],
      r.bids.map(b => [
        shortPeer(b.peer),
        b.price,
        b.slots,
        String(BigInt(b.speed) / 1_000_000n),
        b.score,
        b.won
      ])
    )
  ].join('\n')

export const bids = over(async (cli, client, signal, id) => {
  const { rounds } = await client.call<{ rounds: Round[] }>(
    'GET',
    `/v1/jobs/${encodeURIComponent(id)}/bids`,
    undefined,
    signal
  )
  cli.print(cli.json ? JSON.stringify({ rounds }) : rounds.map(roundText).join('\n\n'))
})

interface Audit {
  readonly ok: boolean
  readonly rounds: readonly Round[]
  readonly agreements: readonly { shard: number; attempt: number; rootKnown: boolean; bidWon: boolean }[]
}

export const audit = over(async (cli, client, signal, id) => {
  const a = await client.call<Audit>('GET', `/v1/jobs/${encodeURIComponent(id)}/audit`, undefined, signal)
  if (!a.ok) cli.process.exitCode = EXIT.failed
  if (cli.json) return cli.print(JSON.stringify(a))
  for (const r of a.rounds)
    cli.print(
      `Round ${r.round}: ${r.bids.length} bids, ${r.deviation ?? 'choosing again gives the same award and the same root'}`
    )
  const bad = a.agreements.filter(x => !x.rootKnown || !x.bidWon)
  cli.print(
    bad.length === 0
      ? `All ${a.agreements.length} agreements name the root of their round and went to its winners.`
      : `${bad.length} agreements do not follow from the awards.`
  )
})

export const history = over(async (cli, client, signal, id) => {
  const { history: lines } = await client.call<{ history: HistoryEntry[] }>(
    'GET',
    `/v1/jobs/${encodeURIComponent(id)}/history`,
    undefined,
    signal
  )
  if (cli.json) return cli.print(JSON.stringify({ history: lines }))
  for (const l of lines)
    cli.print(
      clean(`${new Date(l.at).toISOString()}  ${l.what}${l.detail === undefined ? '' : `  (${l.detail})`}`)
    )
})
