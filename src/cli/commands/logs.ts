import { clean, command, EXIT } from '../command.ts'
import type { Cli } from '../context.ts'
import { chooser, Tail, type LogItem, type LogLine } from '../logs/lines.ts'
import { reasonLines, reasonsOf } from '../logs/reasons.ts'
import { session } from '../peer-session.ts'
import type { LogFlags } from '../routes/jobs.ts'
import type { FullJob } from '../ui/job-view.ts'

function sayReasons(cli: Cli, job: FullJob): void {
  const reasons = reasonsOf(job)
  if (reasons.length === 0) return
  if (cli.json) return cli.print(JSON.stringify({ kind: 'failures', failures: reasons }))
  for (const line of reasonLines(reasons, job.id)) cli.remark(clean(line))
  cli.remark('')
}

const shower =
  (cli: Cli, times: boolean) =>
  (l: LogLine): void => {
    if (cli.json) return cli.print(JSON.stringify(l))
    const at = times ? `${new Date(l.at).toISOString()} ` : ''
    cli.print(clean(`${at}[${l.shard}.${l.attempt}] ${l.line}`))
  }

/** The reason of a failure comes first, then the lines; a followed job that fails ends with exit code 3. */
export const logs = command<LogFlags, [string]>(async (cli, flags, signal, prefix) => {
  const chosen = chooser(flags, cli.clock.now())
  const s = await session(cli, flags, signal)
  const id = encodeURIComponent(prefix)
  const tail = new Tail(flags.tail, shower(cli, flags.timestamps))
  const job = async () => await s.client.call<FullJob>('GET', `/v1/jobs/${id}`, undefined, signal)
  try {
    const begun = await job()
    sayReasons(cli, begun)
    const path = `/v1/jobs/${id}/logs?follow=${flags.follow ? 1 : 0}`
    for await (const item of s.client.lines<LogItem>(path, signal)) {
      if (item.kind === 'live') tail.live()
      else if (item.kind === 'log') {
        if (chosen(item)) tail.add(item)
      } else if (cli.json) cli.print(JSON.stringify(item))
      else
        cli.remark(
          `(${item.lines} lines were too fast for this terminal; see them with: shoal logs ${prefix})`
        )
    }
    tail.live()
    if (!flags.follow) return
    const ended = await job()
    if (ended.state === 'failed' && begun.state !== 'failed') sayReasons(cli, ended)
    if (ended.state === 'failed') cli.process.exitCode = EXIT.job
  } finally {
    await s.close()
  }
})
