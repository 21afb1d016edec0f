/** Buying: jobs and what becomes of them. */
import { buildCommand } from '@stricli/core'
import type { Cli } from '../context.ts'
import type { HomeFlags } from '../home.ts'
import { arg, flag, homeFlags, jsonFlag, list, text, whole, yesFlag } from './flags.ts'

export interface CommonFlags extends HomeFlags {
  readonly json: boolean
}
const common = { ...homeFlags, ...jsonFlag }
const jobArg = { kind: 'tuple', parameters: [arg('Job id, or its beginning', 'JOB')] } as const

export interface RunFlags extends CommonFlags {
  readonly input?: readonly string[]
  readonly out?: string
  readonly set?: readonly string[]
  readonly count?: number
  readonly price?: string
  readonly maxPrice?: string
  readonly maxTime?: string
  readonly retries?: number
  readonly yes: boolean
  readonly detach: boolean
  readonly estimate: boolean
}
const runFlags = {
  ...common,
  ...yesFlag,
  input: list("Input under /in, instead of the file's (repeatable)", 'NAME=FILE'),
  out: text('Folder for the results (default: NAME-JOBID)', 'DIR'),
  set: list('Any key of the job file (repeatable), such as limits.wall=5m', 'KEY=VALUE'),
  count: whole('Number of shards', 'N'),
  maxPrice: text('Cap on what the whole job may cost', 'AMOUNT'),
  maxTime: text('Cap on the time from submit to the last result', 'DURATION'),
  retries: whole('Cap on further attempts at one shard', 'N'),
  price: text('The same as --max-price', 'AMOUNT'),
  estimate: flag('Buy and run one shard only; tell what all would cost and take'),
  detach: flag('Return after submitting; a peer in the background carries the job on')
}
const runAliases = { y: 'yes', i: 'input', o: 'out', d: 'detach' } as const

const run = buildCommand<RunFlags, [string], Cli>({
  loader: async () => (await import('../commands/run.ts')).run,
  parameters: {
    flags: runFlags,
    positional: { kind: 'tuple', parameters: [arg('Job file (YAML or JSON)', 'SPEC')] },
    aliases: runAliases
  },
  docs: {
    brief: 'Run a job and wait for its result',
    fullDescription: [
      'Shows the offers with what a shard costs at each, and the caps, and asks [y/N] before any money moves; -y agrees.',
      'Without a peer on this home a light one is started for as long as the command runs (with --detach: as the job runs).',
      'The first Ctrl-C cancels the job and waits up to two minutes for the money; the second leaves at once.',
      'Flags win over the environment, that over ./.shoal.yaml, that over your own settings.yaml.',
      '',
      'Exit codes: 0 done, 1 failed, 2 a mistake in file or flags, 3 the job itself failed, 4 keys or funds, 130 Ctrl-C.',
      '',
      'Examples:',
      '  shoal run examples/wordcount/job.yaml --input text.txt=book.txt --out counts',
      '  shoal run job.yaml --estimate                       # one shard, then the price of all',
      '  shoal run job.yaml -y --max-price 2 --max-time 30m --retries 1',
      '  shoal run job.yaml -y --detach --json | jq -r .id   # for programs'
    ].join('\n')
  }
})

const rerun = buildCommand<RunFlags, [string], Cli>({
  loader: async () => (await import('../commands/run.ts')).rerun,
  parameters: { flags: runFlags, positional: jobArg, aliases: runAliases },
  docs: {
    brief: 'Run an earlier job again',
    fullDescription: [
      'Takes the job file and flags as they were submitted, and the inputs as they are now. New flags win over old ones.',
      '',
      'Examples:',
      '  shoal rerun 0x3fa9c1 --out again',
      '  shoal rerun 0x3fa9c1 -y --count 16 --max-price 2'
    ].join('\n')
  }
})

const simple = <F extends CommonFlags>(
  name: 'job' | 'attach' | 'bids' | 'audit' | 'history' | 'cancel',
  brief: string
) =>
  buildCommand<F, [string], Cli>({
    loader: async () => (await import('../commands/job-commands.ts'))[name],
    parameters: { flags: common as never, positional: jobArg },
    docs: { brief }
  })

const jobs = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/job-commands.ts')).jobs,
  parameters: { flags: common },
  docs: { brief: 'List the jobs of this home' }
})

export interface LogFlags extends CommonFlags {
  readonly follow: boolean
  readonly tail?: number
  readonly shard?: number
  readonly since?: string
  readonly search?: string
  readonly timestamps: boolean
}
const logs = buildCommand<LogFlags, [string], Cli>({
  loader: async () => (await import('../commands/logs.ts')).logs,
  parameters: {
    flags: {
      ...common,
      follow: flag('Wait for more'),
      tail: whole('Only the last lines', 'N'),
      shard: whole('Only this shard', 'N'),
      since: text('Only lines from then on: 10m ago, or a time such as 2026-11-24T18:00:00Z', 'WHEN'),
      search: text('Only lines with this text, in any case', 'TEXT'),
      timestamps: flag('Show when each line was written')
    },
    positional: jobArg,
    aliases: { f: 'follow', n: 'tail', t: 'timestamps' }
  },
  docs: {
    brief: 'What the tasks of a job wrote',
    fullDescription: [
      'The reason of every failure comes first, on standard error; then the lines, each with [shard.attempt].',
      'With -f it ends with the job, and with exit code 3 when the job failed.',
      '',
      'Examples:',
      '  shoal logs 0x3fa9c1 -f --tail 20',
      '  shoal logs 0x3fa9c1 --since 10m --search error',
      '  shoal logs 0x3fa9c1 --shard 3 --json'
    ].join('\n')
  }
})

export interface GetFlags extends CommonFlags {
  readonly out?: string
}
const get = buildCommand<GetFlags, [string], Cli>({
  loader: async () => (await import('../commands/job-commands.ts')).get,
  parameters: {
    flags: { ...common, out: text('Folder for the results', 'DIR') },
    positional: jobArg,
    aliases: { o: 'out' }
  },
  docs: { brief: 'Write the results of a job into a folder' }
})

const validate = buildCommand<{ json: boolean }, [string], Cli>({
  loader: async () => (await import('../commands/validate.ts')).validate,
  parameters: { flags: jsonFlag, positional: { kind: 'tuple', parameters: [arg('Job file', 'SPEC')] } },
  docs: { brief: 'Check a job file without submitting it' }
})

export const jobRoutes = {
  run,
  rerun,
  jobs,
  job: simple('job', 'Show one job with its executions'),
  attach: simple('attach', 'Watch a running job'),
  logs,
  get,
  cancel: simple('cancel', 'Cancel a job and take the money back'),
  bids: simple('bids', 'Show the bids of each round and who won'),
  audit: simple('audit', 'Choose again from the same bids and compare'),
  history: simple('history', 'What happened to a job, in order'),
  validate
}
