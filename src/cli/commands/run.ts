import { basename, dirname, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import type { ApiClient } from '../../api/adapters/client.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { formatAmount, parseAmount, SYMBOL } from '../../protocol/money.ts'
import { priceOf } from '../../market/eligibility.ts'
import { parseJobFile } from '../../peer/jobfile/parse.ts'
import type { JobFile } from '../../peer/jobfile/schema.ts'
import { command, EXIT } from '../command.ts'
import type { Cli } from '../context.ts'
import { session, type Session } from '../peer-session.ts'
import type { RunFlags } from '../routes/jobs.ts'
import { jobText, type FullJob } from '../ui/job-view.ts'
import { watchJob } from '../ui/watch-job.ts'
import { currentOffers, offerTable } from '../offers/show.ts'

/** A flag's value is YAML: `3`, `[a, b]`, `5m`. */
function valueOf(item: string, at: number): unknown {
  try {
    return parseYaml(item.slice(at + 1), { prettyErrors: false, logLevel: 'error', maxAliasCount: 0 })
  } catch (cause) {
    throw new ShoalError('USAGE', `--set ${item}: not YAML: ${(cause as Error).message}`, {
      next: 'Put quotes around text, in the shell and in YAML: --set \'key="value"\'',
      cause
    })
  }
}

/** Flags as dotted keys of the job file. */
function overridesOf(cli: Cli, flags: RunFlags): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const inputs: Record<string, string> = {}
  for (const item of flags.input ?? []) {
    const at = item.indexOf('=')
    if (at < 1)
      throw new ShoalError('USAGE', `--input ${item}: write NAME=FILE`, {
        next: 'Example: --input text.txt=book.txt'
      })
    inputs[item.slice(0, at)] = resolve(cli.cwd, item.slice(at + 1))
  }
  if (Object.keys(inputs).length > 0) out['inputs'] = inputs
  if (flags.count !== undefined) out['count'] = flags.count
  if (flags.price !== undefined) out['price.max'] = flags.price
  for (const item of flags.set ?? []) {
    const at = item.indexOf('=')
    if (at < 1)
      throw new ShoalError('USAGE', `--set ${item}: write KEY=VALUE`, {
        next: 'Example: --set limits.wall=5m'
      })
    out[item.slice(0, at)] = valueOf(item, at)
  }
  return out
}

/** Offers and the price, then the question; never a question without a terminal. */
async function confirm(
  cli: Cli,
  flags: RunFlags,
  s: Session,
  job: JobFile,
  signal: AbortSignal
): Promise<void> {
  if (flags.yes) return
  const offers = await currentOffers(cli, s.client, s.own !== undefined, signal)
  const copies = BigInt(job.verify.tier === 'replicas' ? job.verify.copies : 1)
  const cheapest = offers
    .map(o => priceOf(job.limits.gas, parseAmount(o.ask)))
    .sort((a, b) => (a < b ? -1 : 1))[0]
  cli.remark(offers.length === 0 ? 'No offers heard yet.' : offerTable(offers))
  if (cheapest !== undefined)
    cli.remark(
      `\nAt these prices: from ${formatAmount(cheapest * BigInt(job.count) * copies)} ${SYMBOL} for ${job.count} shards.`
    )
  cli.remark(
    `At most: ${formatAmount(job.price.max)} ${SYMBOL} (price.max); deadline in ${Math.round(job.deadline / 1000)} s; up to ${job.retries} retries a shard.`
  )
  if (!cli.interactive)
    throw new ShoalError('NOT_CONFIRMED', 'money would move and there is no terminal to ask at', {
      next: 'Add -y to agree.'
    })
  const { askYes } = await import('../ui/prompts.ts')
  if (!(await askYes('Submit?'))) throw new ShoalError('CANCELLED', 'not submitted')
}

async function submit(
  cli: Cli,
  flags: RunFlags,
  s: Session,
  path: string,
  signal: AbortSignal
): Promise<FullJob> {
  const full = resolve(cli.cwd, path)
  const file = new TextDecoder().decode(await cli.files.read(full, { max: 1024 * 1024 }))
  const overrides = overridesOf(cli, flags)
  const job = parseJobFile(file, path, overrides)
  await confirm(cli, flags, s, job, signal)
  const out = resolve(cli.cwd, flags.out ?? `${job.name}-{id}`)
  return await s.client.call<FullJob>(
    'POST',
    '/v1/jobs',
    { file, path, folder: dirname(full), overrides, out },
    signal
  )
}

function nextCommands(cli: Cli, job: FullJob): void {
  const id = job.id.slice(0, 10)
  cli.remark(
    `Submitted ${id} (${basename(job.out)})\n  follow   shoal attach ${id}\n  logs     shoal logs -f ${id}\n  cancel   shoal cancel ${id}\n  result   shoal get ${id}\n`
  )
}

/** The first Ctrl-C asks the network to stop and waits for the money; the second leaves at once. */
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
    cli.remark(
      '\nCancelling; waiting for the money. Ctrl-C again leaves at once (the job is cancelled when the peer runs next).'
    )
    await client.call('POST', `/v1/jobs/${job.id}/cancel`, {})
    const end = await watchJob(cli, client, job.id, new AbortController().signal)
    cli.remark(`The job is ${end.state}.`)
    throw new ShoalError('CANCELLED', 'interrupted; the job was cancelled')
  }
}

export const run = command<RunFlags, [string]>(async (cli, flags, signal, path) => {
  // what is wrong with the file is said before any peer starts
  const text = new TextDecoder().decode(await cli.files.read(resolve(cli.cwd, path), { max: 1024 * 1024 }))
  parseJobFile(text, path, overridesOf(cli, flags))
  const s = await session(cli, flags, signal)
  try {
    if (flags.detach && s.own !== undefined) {
      throw new ShoalError('USAGE', 'no peer runs on this home, so nothing would carry the job on', {
        next: 'Start one with: shoal up --light, then run with --detach.'
      })
    }
    const job = await submit(cli, flags, s, path, signal)
    nextCommands(cli, job)
    if (flags.detach) return cli.print(cli.json ? JSON.stringify(job) : job.id)
    const end = await watchOrCancel(cli, s.client, job, signal)
    cli.print(cli.json ? JSON.stringify(end) : jobText(end))
    if (end.state !== 'settled') cli.process.exitCode = EXIT.job
  } catch (e) {
    if (isShoalError(e, 'FUNDS_LOW')) cli.process.exitCode = EXIT.funds
    throw e
  } finally {
    await s.close()
  }
})
