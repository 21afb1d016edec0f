/** What a job asks for beside the most that it may, by the ids of the table of limits. */
import { bundleSize } from '../../protocol/bundle.ts'
import { limitRows, type LimitRow } from '../../protocol/limits-table.ts'
import { argumentBytes } from '../../protocol/task-limits.ts'
import { formatDuration, formatSize } from '../../protocol/units.ts'
import type { JobFile } from '../jobfile/schema.ts'
import type { InputFile } from './inputs.ts'
import { sizeOfRange } from './split.ts'

export interface AskedRow extends LimitRow {
  /** In the words of the limit. */
  readonly asked: string
}

const longest = (list: readonly string[]): number => list.reduce((n, text) => Math.max(n, text.length), 0)
const most = (list: readonly number[]): number => list.reduce((n, m) => Math.max(n, m), 0)

/** The rows that say something about this job. */
export function askedOf(
  job: JobFile,
  moduleBytes: number,
  shards: readonly (readonly InputFile[])[]
): AskedRow[] {
  const { task, limits, resources, verify } = job
  const values = Object.values(task.env)
  // shards without a split share one list
  const lists = [...new Set(shards)]
  const input = (list: readonly InputFile[]): number =>
    bundleSize(list.map(({ path, range }) => ({ path, size: sizeOfRange(range) })))
  const asked: Readonly<Record<string, string>> = {
    [`module.${task.engine}`]: formatSize(moduleBytes),
    args: String(task.args.length),
    arg: `${longest([...task.args, ...values])} characters`,
    env: String(values.length),
    'args.bytes': formatSize(argumentBytes(task.args, task.env)),
    files: String(new Set(lists.flatMap(list => list.map(f => f.source))).size),
    'shard.files': String(most(lists.map(list => list.length))),
    'shard.input': formatSize(most(lists.map(input))),
    outputs: String(job.outputs.length),
    count: String(job.count),
    ...(task.engine === 'wasm' ? { memory: formatSize(resources.memory) } : {}),
    gas: String(limits.gas),
    wall: formatDuration(limits.wall),
    log: formatSize(limits.log),
    output: formatSize(limits.output),
    copies: String(verify.tier === 'replicas' ? verify.copies : 1),
    retries: String(job.retries),
    deadline: formatDuration(job.deadline)
  }
  return limitRows.flatMap(r => {
    const value = asked[r.id]
    return value === undefined ? [] : [{ ...r, asked: value }]
  })
}
