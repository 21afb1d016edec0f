/** Buying: jobs and what becomes of them. */
import { buildCommand } from '@stricli/core'
import type { Cli } from '../context.ts'
import type { HomeFlags } from '../home.ts'
import { docs } from './docs.ts'
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
  docs: docs(
    'Run a job and wait for its result',
    [
      'Shows the offers with what a shard costs at each, and the caps, and asks [y/N] before any money moves; -y agrees.',
      'Without a peer on this home a light one is started for as long as the command runs (with --detach: as the job runs).',
      'The first Ctrl-C cancels the job and waits up to two minutes for the money; the second leaves at once.',
      'Flags win over the environment, that over ./.shoal.yaml, that over your own settings.yaml.',
      '',
      'Exit codes: 0 done, 1 failed, 2 a mistake in file or flags, 3 the job itself failed, 4 keys or funds, 130 Ctrl-C.'
    ],
    [
      'shoal run examples/wordcount/job.yaml --input text.txt=book.txt --out counts',
      'shoal run job.yaml --estimate                       # one shard, then the price of all',
      'shoal run job.yaml -y --max-price 2 --max-time 30m --retries 1',
      'shoal run job.yaml -y --detach --json | jq -r .id   # for programs'
    ]
  )
})

const rerun = buildCommand<RunFlags, [string], Cli>({
  loader: async () => (await import('../commands/run.ts')).rerun,
  parameters: { flags: runFlags, positional: jobArg, aliases: runAliases },
  docs: docs(
    'Run an earlier job again',
    [
      'Takes the job file and flags as they were submitted, and the inputs as they are now. New flags win over old ones.'
    ],
    ['shoal rerun 0x3fa9c1 --out again', 'shoal rerun 0x3fa9c1 -y --count 16 --max-price 2']
  )
})

type Simple = 'job' | 'attach' | 'bids' | 'audit' | 'history' | 'cancel'
const simple = (name: Simple, brief: string, about: readonly string[], examples: readonly string[]) =>
  buildCommand<CommonFlags, [string], Cli>({
    loader: async () => (await import('../commands/job-commands.ts'))[name],
    parameters: { flags: common, positional: jobArg },
    docs: docs(brief, about, examples)
  })

const aboutJobs = {
  job: simple(
    'job',
    'Show one job with its executions',
    [
      'The reason of a failure first; then every attempt: its provider, progress, price, what was paid and refunded.'
    ],
    ['shoal job 0x3fa9c1', 'shoal job 0x3fa9c1 --json | jq .executionList']
  ),
  attach: simple(
    'attach',
    'Watch a running job',
    [
      'A line for each shard, redrawn; in a pipe a line for each change. Ctrl-C leaves the watch, the job goes on.',
      'Exit code 3: the job ended without its result.'
    ],
    ['shoal attach 0x3fa9c1']
  ),
  cancel: simple(
    'cancel',
    'Cancel a job and take the money back',
    [
      'Providers are paid for the checkpoints that were acknowledged, the rest returns. Waits up to two minutes for it; what a',
      'silent provider holds returns by itself at its deadline (SETTLE_TIMEOUT says so). Results that were paid for are kept:',
      'shoal get JOB --raw. A job whose result is written already is ended at once; its money is followed without it.'
    ],
    ['shoal cancel 0x3fa9c1']
  ),
  bids: simple(
    'bids',
    'Show the bids of each round and who won',
    ['Every bid with its price, slots, speed and score by the rule of the job, best first.'],
    ['shoal bids 0x3fa9c1', "shoal bids 0x3fa9c1 --json | jq '.rounds[0].bids'"]
  ),
  audit: simple(
    'audit',
    'Choose again from the same bids and compare',
    [
      'Repeats each award from its journalled input; exit code 1 when a round or an agreement does not follow from it.'
    ],
    ['shoal audit 0x3fa9c1']
  ),
  history: simple(
    'history',
    'What happened to a job, in order',
    [
      'Every change with its time: offers, awards, agreements, escrows, checkpoints, failures, payments, by whom.'
    ],
    ['shoal history 0x3fa9c1', 'shoal history 0x3fa9c1 --json | jq -r ".history[].what"']
  )
}

const jobs = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/job-commands.ts')).jobs,
  parameters: { flags: common },
  docs: docs(
    'List the jobs of this home',
    [
      'Newest first: state, shards done, what was spent so far by the word of the chain, and where the result lies.'
    ],
    ['shoal jobs', 'shoal jobs --json | jq -r \'.jobs[] | select(.state == "running") | .id\'']
  )
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
  docs: docs(
    'What the tasks of a job wrote',
    [
      'The reason of every failure comes first, on standard error; then the lines, each with [shard.attempt].',
      'With -f it ends with the job, and with exit code 3 when the job failed.'
    ],
    [
      'shoal logs 0x3fa9c1 -f --tail 20',
      'shoal logs 0x3fa9c1 --since 10m --search error',
      'shoal logs 0x3fa9c1 --shard 3 --json'
    ]
  )
})

export interface GetFlags extends CommonFlags {
  readonly out?: string
  readonly raw: boolean
}
const get = buildCommand<GetFlags, [string], Cli>({
  loader: async () => (await import('../commands/job-commands.ts')).get,
  parameters: {
    flags: {
      ...common,
      out: text('Folder for the results', 'DIR'),
      raw: flag('What each shard wrote, as it came: nothing joined, nothing left out')
    },
    positional: jobArg,
    aliases: { o: 'out' }
  },
  docs: docs(
    'Write the results of a job into a folder',
    [
      'All or nothing: the folder appears when everything is in it. One that holds files already is refused.',
      'The results stay with the peer, so they can be fetched again. A job that could not put its result in its place is done with',
      'this. --raw also takes what was paid for of a job that failed or was cancelled, each shard under its number.'
    ],
    [
      'shoal get 0x3fa9c1',
      'shoal get 0x3fa9c1 --out results/latest',
      'shoal get 0x3fa9c1 --raw --out parts        # of a job that did not end well'
    ]
  )
})

const validate = buildCommand<{ json: boolean }, [string], Cli>({
  loader: async () => (await import('../commands/validate.ts')).validate,
  parameters: { flags: jsonFlag, positional: { kind: 'tuple', parameters: [arg('Job file', 'SPEC')] } },
  docs: docs(
    'Check a job file without submitting it',
    [
      'Keys, units, limits, and that module and inputs are there, can be split and can travel: names that cannot are shown all at',
      'once. A mistake is shown with file:line:col, a caret and what to write; then what the job asks for beside the most that it',
      'may. Needs no home and no network, spends nothing. Exit code 2: the file is wrong.'
    ],
    ['shoal validate job.yaml', 'shoal validate job.yaml --json']
  )
})

export const jobRoutes = { run, rerun, jobs, ...aboutJobs, logs, get, validate }
