import { basename, dirname, resolve } from 'node:path'
import type { ApiClient } from '../../api/adapters/client.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { parseJobFile } from '../../peer/jobfile/parse.ts'
import type { JobFile } from '../../peer/jobfile/schema.ts'
import { capOf } from '../../peer/requester/plan.ts'
import { EXIT, lasting } from '../command.ts'
import type { Cli } from '../context.ts'
import { runningOr, type Session } from '../peer-session.ts'
import type { RunFlags } from '../routes/jobs.ts'
import { cancelAndWait } from '../run/cancel-wait.ts'
import { confirm } from '../run/confirm.ts'
import { estimateText } from '../run/estimate.ts'
import { probeJob } from '../run/probe.ts'
import { overridesOf } from '../run/overrides.ts'
import { checkCaps } from '../settings/caps.ts'
import { loadSettings } from '../settings/load.ts'
import { jobText, type FullJob } from '../ui/job-view.ts'
import { watchJob } from '../ui/watch-job.ts'

/** Bytes of a job file that are read at all. */
const FILE_MAX = 1024 * 1024

/** What is submitted: the text of a job file, where its paths begin, and the flags. */
export interface Submission {
  readonly file: string
  readonly path: string
  readonly folder: string
  readonly overrides: Readonly<Record<string, unknown>>
}

export const nextCommands = (id: string): Record<string, string> => ({
  follow: `shoal attach ${id}`,
  logs: `shoal logs -f ${id}`,
  cancel: `shoal cancel ${id}`,
  result: `shoal get ${id}`
})

function sayNext(cli: Cli, job: FullJob): void {
  if (cli.json) return
  const next = Object.entries(nextCommands(job.id.slice(0, 10)))
  cli.remark(`Submitted ${job.id.slice(0, 10)} (${basename(job.out)})`)
  for (const [what, how] of next) cli.remark(`  ${what.padEnd(8)} ${how}`)
  cli.remark('')
}

/** The first Ctrl-C asks the network to stop and waits for the money, for two minutes; the second leaves at once. */
async function watchOrCancel(
  cli: Cli,
  client: ApiClient,
  job: FullJob,
  signal: AbortSignal
): Promise<FullJob> {
  try {
    return await watchJob(cli, client, job.id, signal)
  } catch (e) {
    if (!signal.aborted) throw e
    if (!cli.json)
      cli.remark(
        '\nCancelling; waiting for the money. Ctrl-C again leaves at once (the job is cancelled when the peer runs next).'
      )
    const end = await cancelAndWait(cli, client, job.id)
    if (!cli.json) cli.remark(`The job is ${end.state}.`)
    throw new ShoalError('CANCELLED', 'interrupted; the job was cancelled', {
      next: `What it cost: shoal job ${job.id.slice(0, 10)}`
    })
  }
}

/** Asks for the price of one shard, runs it, tells what all would cost; buys nothing more. */
async function estimateJob(
  cli: Cli,
  flags: RunFlags,
  s: Session,
  job: JobFile,
  what: Submission,
  signal: AbortSignal
): Promise<void> {
  const one = { ...job, count: 1, price: { ...job.price, max: capOf(job, true) } }
  await confirm(cli, flags.yes, s, one, signal)
  const result = await probeJob(cli, s, job, what, j => watchOrCancel(cli, s.client, j, signal), signal)
  cli.print(cli.json ? JSON.stringify(result) : estimateText(result, job.deadline))
  if (!cli.json) cli.remark('\nTo run all of it, give the same command without --estimate.')
}

/** Asks, submits, and waits or leaves it to the peer. */
export async function runJob(
  cli: Cli,
  flags: RunFlags,
  s: Session,
  what: Submission,
  signal: AbortSignal
): Promise<void> {
  const job = parseJobFile(what.file, what.path, what.overrides)
  checkCaps(job, flags, await loadSettings(cli, flags))
  if (flags.estimate) return await estimateJob(cli, flags, s, job, what, signal)
  await confirm(cli, flags.yes, s, job, signal)
  const out = resolve(cli.cwd, flags.out ?? `${job.name}-{id}`)
  const body = { ...what, out, left: flags.detach }
  const sent = await s.client.call<FullJob>('POST', '/v1/jobs', body, signal)
  sayNext(cli, sent)
  if (flags.detach)
    return cli.print(
      cli.json ? JSON.stringify({ ...sent, next: nextCommands(sent.id.slice(0, 10)) }) : sent.id
    )
  const end = await watchOrCancel(cli, s.client, sent, signal)
  cli.print(cli.json ? JSON.stringify(end) : jobText(end))
  if (end.state !== 'settled') cli.process.exitCode = EXIT.job
}

/** A session for a job: with --detach one that outlives this command. */
export async function withPeer(
  cli: Cli,
  flags: RunFlags,
  signal: AbortSignal,
  body: (s: Session) => Promise<void>
): Promise<void> {
  const s = await runningOr(cli, flags, signal, async home => {
    if (flags.detach)
      return await (await import('../background.ts')).backgroundSession(cli, flags, home, signal)
    return await (await import('../own-peer.ts')).startOrJoin(cli, flags, home, signal)
  })
  try {
    await body(s)
  } catch (e) {
    if (isShoalError(e, 'FUNDS_LOW')) cli.process.exitCode = EXIT.funds
    throw e
  } finally {
    await s.close()
  }
}

const checkFlags = (flags: RunFlags): void => {
  if (flags.estimate && flags.detach)
    throw new ShoalError('USAGE', '--estimate waits for its one shard, --detach does not wait', {
      next: 'Give one of them.'
    })
}

/** Runs what an earlier job of this home ran, with other flags where given. */
export const rerun = lasting<RunFlags, [string]>(async (cli, flags, signal, id) => {
  checkFlags(flags)
  const changes = overridesOf(cli.cwd, flags)
  await withPeer(cli, flags, signal, async s => {
    const path = `/v1/jobs/${encodeURIComponent(id)}/source`
    const old = await s.client.call<Submission>('GET', path, undefined, signal)
    const inputs = {
      ...(old.overrides['inputs'] as object | undefined),
      ...(changes['inputs'] as object | undefined)
    }
    const overrides = {
      ...old.overrides,
      ...changes,
      ...(Object.keys(inputs).length === 0 ? {} : { inputs })
    }
    await runJob(cli, flags, s, { ...old, overrides }, signal)
  })
})

export const run = lasting<RunFlags, [string]>(async (cli, flags, signal, path) => {
  const full = resolve(cli.cwd, path)
  const file = new TextDecoder().decode(await cli.files.read(full, { max: FILE_MAX }))
  const what = { file, path, folder: dirname(full), overrides: overridesOf(cli.cwd, flags) }
  // what is wrong with the file is said before any peer starts
  checkCaps(parseJobFile(file, path, what.overrides), flags, await loadSettings(cli, flags))
  checkFlags(flags)
  await withPeer(cli, flags, signal, s => runJob(cli, flags, s, what, signal))
})
