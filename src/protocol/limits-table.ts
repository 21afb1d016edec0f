/** The limits of a job for people: what `shoal validate` shows and docs/limits.md holds. Every number comes from where both sides read it. */
import { PATH_LIMITS } from './bundle.ts'
import { COPIES_MAX, GiB, KiB, LIVE_JOBS_MAX, MiB, SHARDS_MAX } from './limits.ts'
import * as most from './task-limits.ts'

const DAY = 86_400_000

const size = (bytes: number): string => {
  for (const [unit, name] of [
    [GiB, 'GiB'],
    [MiB, 'MiB'],
    [KiB, 'KiB']
  ] as const)
    if (bytes % unit === 0) return `${bytes / unit} ${name}`
  return `${bytes} bytes`
}

export interface LimitRow {
  readonly id: string
  readonly what: string
  readonly most: string
}

const row = (id: string, what: string, limit: number | string): LimitRow => ({
  ...{ id, what },
  most: typeof limit === 'number' ? String(limit) : limit
})

/** In the order of a job file. */
export const limitRows: readonly LimitRow[] = [
  ...Object.entries(most.MODULE_MAX).map(([engine, bytes]) =>
    row(`module.${engine}`, `module, engine ${engine}`, size(bytes))
  ),
  row('args', 'arguments', most.ARGUMENTS_MAX),
  row('arg', 'one argument, or the value of one variable', `${most.ARGUMENT_MAX} characters`),
  row('env', 'variables', most.VARIABLES_MAX),
  row('env.name', 'name of a variable', `${most.VARIABLE_NAME_MAX} bytes`),
  row('args.bytes', 'arguments and variables together', size(most.ARGUMENT_BYTES_MAX)),
  row('files', 'input files of the whole job', most.JOB_FILES_MAX),
  row('shard.files', 'input files of one shard', most.INPUT_FILES_MAX),
  row('shard.input', 'input of one shard', size(most.INPUT_MAX)),
  row('path', 'path of a file under /in or /out', `${PATH_LIMITS.bytes} bytes`),
  row('path.part', 'one part of such a path', `${PATH_LIMITS.segmentBytes} bytes`),
  row('path.depth', 'parts of such a path', PATH_LIMITS.depth),
  row('outputs', 'outputs that are named', most.OUTPUTS_MAX),
  row('count', 'shards', SHARDS_MAX),
  row('memory', 'memory of a WebAssembly task', size(most.WASM_MEMORY_MAX)),
  row('gas', 'gas (limits.gas)', String(most.GAS_MAX)),
  row('wall', 'time of one task (limits.wall)', `${most.WALL_MAX / DAY} days`),
  row('log', 'log of one shard (limits.log)', size(most.LOG_MAX)),
  row('log.line', 'one line of it, cut after', `${most.LOG_LINE_CHARACTERS} characters`),
  row('output', 'result of one shard (limits.output)', size(most.OUTPUT_MAX)),
  row('output.files.wasm', 'files and folders of a result, engine wasm', most.OUTPUT_FILES_MAX.wasm),
  row('output.files.native', 'the same, other engines', most.OUTPUT_FILES_MAX.native),
  row('checkpoint', 'a checkpoint that is kept', size(most.CHECKPOINT_MAX)),
  row('copies', 'copies (verify.copies)', COPIES_MAX),
  row('retries', 'further attempts at one shard', most.RETRIES_MAX),
  row('deadline', 'time of the whole job (deadline)', `${most.DEADLINE_MAX / DAY} days`),
  row('jobs', 'jobs of one peer under way at the same time', LIVE_JOBS_MAX)
]

/** docs/limits.md. */
export const limitsPage = (): string =>
  [
    '# Limits of a job',
    '',
    'The most that a job and a task of it may be. Both sides read the same numbers (`src/protocol/task-limits.ts`, `limits.ts`, `bundle.ts`): the',
    'requester before anything is bought, the provider before it bids, the engine before it runs. `shoal validate job.yaml` shows them beside',
    'what a job asks for. Made of `src/protocol/limits-table.ts` by `npm run docs:limits`; a test compares. What a peer takes in all (`maxInput`',
    'in `config.yaml`: the inputs of all shards of one job, 512 MiB unless set) is its owner’s to set.',
    '',
    '| what | at most |',
    '|---|---|',
    ...limitRows.map(r => `| ${r.what} | ${r.most} |`),
    ''
  ].join('\n')
