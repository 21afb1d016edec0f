/** Turns the inputs of a job file into one bundle per shard: paths, sizes and byte ranges first, bytes only when sealed. */
import { isAbsolute, join, resolve } from 'node:path'
import { comparePaths, type BundleEntry } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'
import type { JobFile } from '../jobfile/schema.ts'
import { splitBytes, splitLines, splitNames, type Range } from './split.ts'

/** Files in one job's inputs. */
const FILES_MAX = 100_000

export interface InputFile {
  /** Path under /in. */
  readonly path: string
  readonly source: string
  readonly range: Range
}

async function walk(files: Files, source: string, path: string, out: InputFile[]): Promise<void> {
  const stat = await files.stat(source)
  if (stat === undefined) {
    throw new ShoalError('FILE_NOT_FOUND', `input ${path}: no such file: ${source}`, {
      next: `Check 'inputs' in the job file, or give --input ${path}=FILE.`
    })
  }
  if (stat.kind === 'other')
    throw new ShoalError(
      'FILE_NOT_FOUND',
      `input ${path}: ${source} is neither a file nor a folder (symlinks are not followed)`
    )
  if (stat.kind === 'file') out.push({ path, source, range: { start: 0, end: stat.size } })
  else
    for (const entry of await files.list(source))
      await walk(files, join(source, entry.name), `${path}/${entry.name}`, out)
  if (out.length > FILES_MAX) throw new ShoalError('FILE_TOO_LARGE', `more than ${FILES_MAX} input files`)
}

const from = (folder: string, path: string): string => (isAbsolute(path) ? path : resolve(folder, path))

/** The pieces of the split input, one list per shard. */
async function pieces(
  job: JobFile,
  split: readonly InputFile[],
  files: Files,
  signal?: AbortSignal
): Promise<InputFile[][]> {
  const by = job.split?.by ?? 'lines'
  const [only] = split
  if (by === 'files') {
    const byPath = new Map(split.map(f => [f.path, f]))
    return splitNames([...byPath.keys()].sort(), job.count).map(names =>
      names.flatMap(n => byPath.get(n) ?? [])
    )
  }
  if (only === undefined || split.length !== 1) {
    throw new ShoalError('JOB_FILE_INVALID', `split.by ${by}: '${job.split?.input}' must be one file`, {
      next: "Use 'by: files' for a folder."
    })
  }
  const ranges =
    by === 'lines'
      ? await splitLines(files, only.source, job.count, signal)
      : splitBytes(only.range.end, job.count)
  return ranges.map(range => [{ ...only, range }])
}

/** What shard `i` finds under /in, as a sorted list of files with their byte ranges. FILE_NOT_FOUND names the missing input. */
export async function shardInputs(
  job: JobFile,
  folder: string,
  files: Files,
  signal?: AbortSignal
): Promise<InputFile[][]> {
  const whole: InputFile[] = []
  const split: InputFile[] = []
  for (const [path, source] of Object.entries(job.inputs)) {
    await walk(files, from(folder, source), path, path === job.split?.input ? split : whole)
  }
  if (job.split === undefined) return Array.from({ length: job.count }, () => whole)
  return (await pieces(job, split, files, signal)).map(piece => [...whole, ...piece])
}

export const sizeOf = (inputs: readonly InputFile[]): number =>
  inputs.reduce((sum, f) => sum + f.range.end - f.range.start, 0)

/** Bundle entries in path order; the bytes are read when the bundle is. */
export function entriesOf(inputs: readonly InputFile[], files: Files, signal?: AbortSignal): BundleEntry[] {
  return [...inputs]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(f => ({
      path: f.path,
      size: f.range.end - f.range.start,
      data: files.stream(f.source, { ...f.range, signal })
    }))
}
