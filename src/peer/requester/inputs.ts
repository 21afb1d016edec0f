/** Turns the inputs of a job file into one bundle per shard: paths, sizes and byte ranges first, bytes only when sealed. */
import { isAbsolute, join, resolve } from 'node:path'
import { bundleSize, comparePaths, type BundleEntry } from '../../protocol/bundle.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { FileEntry, Files } from '../../protocol/ports/files.ts'
import { INPUT_FILES_MAX, INPUT_MAX, JOB_FILES_MAX } from '../../protocol/task-limits.ts'
import { formatSize } from '../../protocol/units.ts'
import type { JobFile } from '../jobfile/schema.ts'
import { badInputs, badPath, type BadInput } from './names.ts'
import { countText, sizeOfRange, splitBytes, splitLines, splitNames, tooFew, type Range } from './split.ts'

export interface InputFile {
  /** Path under /in. */
  readonly path: string
  readonly source: string
  readonly range: Range
}

/** What was found in the inputs, good and bad. */
interface Found {
  readonly files: InputFile[]
  readonly bad: BadInput[]
}

const LINK: Omit<BadInput, 'source'> = {
  why: 'is a link (symlinks are not followed)',
  todo: 'Put a copy of what a link leads to in its place (cp -rL), or name the file itself.'
}
const SPECIAL: Omit<BadInput, 'source'> = {
  why: 'is neither a file nor a folder (a socket, a pipe or a device)',
  todo: 'Take it out of the inputs.'
}
const FOREIGN: Omit<BadInput, 'source'> = {
  why: 'has a name that is not UTF-8',
  todo: 'Rename it (convmv -f latin1 -t utf8 --notest -r DIR).'
}

async function walk(files: Files, source: string, path: string, found: Found): Promise<void> {
  const stat = await files.stat(source)
  if (stat === undefined) {
    throw new ShoalError('FILE_NOT_FOUND', `input ${path}: no such file: ${source}`, {
      next: `Check 'inputs' in the job file, or give --input ${path}=FILE.`
    })
  }
  if (stat.kind === 'folder') return await walkFolder(files, source, path, found)
  const problem = stat.kind === 'file' ? badPath(path) : stat.link === true ? LINK : SPECIAL
  if (problem !== undefined) found.bad.push({ source, ...problem })
  else found.files.push({ path, source, range: { start: 0, end: stat.size } })
  if (found.files.length + found.bad.length > JOB_FILES_MAX)
    throw new ShoalError('FILE_TOO_LARGE', `the inputs have more than ${JOB_FILES_MAX} files`, {
      next: 'Pack small files into fewer large ones, or make several jobs of it.'
    })
}

async function walkFolder(files: Files, source: string, path: string, found: Found): Promise<void> {
  const byName = (a: FileEntry, b: FileEntry): number => (a.name < b.name ? -1 : 1)
  for (const { name, foreign } of [...(await files.list(source))].sort(byName)) {
    const below = join(source, name)
    // a name that is no UTF-8 opens nothing, and nothing below it
    if (foreign === true) found.bad.push({ source: below, ...FOREIGN })
    else await walk(files, below, `${path}/${name}`, found)
  }
}

/** Two inputs that want to be the same path under /in, or one that wants to be a file where another is a folder. */
function overlaps(list: readonly InputFile[]): BadInput[] {
  const todo = "Give them other names under /in: the keys of 'inputs'."
  const paths = new Map<string, InputFile>()
  const bad: BadInput[] = []
  for (const f of list) {
    const other = paths.get(f.path)
    if (other !== undefined)
      bad.push({ source: f.source, why: `would be ${f.path} under /in, as ${other.source} is`, todo })
    paths.set(f.path, f)
  }
  for (const { path, source } of list)
    for (let cut = path.indexOf('/'); cut >= 0; cut = path.indexOf('/', cut + 1)) {
      const other = paths.get(path.slice(0, cut))
      if (other !== undefined)
        bad.push({
          source,
          why: `would lie in ${other.path} under /in, which ${other.source} is as a file`,
          todo
        })
    }
  return bad
}

const from = (folder: string, path: string): string => (isAbsolute(path) ? path : resolve(folder, path))

/** The pieces of the split input, one list per shard; none is empty. */
async function pieces(
  job: JobFile,
  split: readonly InputFile[],
  files: Files,
  signal?: AbortSignal
): Promise<InputFile[][]> {
  const { by, input } = job.split ?? { by: 'lines', input: '' }
  const [only] = split
  if (by === 'files') {
    if (split.length < job.count && job.count > 1)
      throw tooFew(by, `'${input}' has ${countText(split.length, 'file')}`, split.length, job.count)
    const byPath = new Map(split.map(f => [f.path, f]))
    return splitNames([...byPath.keys()].sort(), job.count).map(names =>
      names.flatMap(n => byPath.get(n) ?? [])
    )
  }
  if (only === undefined || split.length !== 1) {
    throw new ShoalError('JOB_FILE_INVALID', `split.by ${by}: '${input}' must be one file`, {
      next: "Use 'by: files' for a folder."
    })
  }
  const size = only.range.end
  if (by === 'bytes' && size < job.count && job.count > 1)
    throw tooFew(by, `${only.source} has ${countText(size, 'byte')}`, size, job.count)
  const ranges =
    by === 'lines' ? await splitLines(files, only.source, job.count, signal) : splitBytes(size, job.count)
  return ranges.map(range => [{ ...only, range }])
}

/** FILE_TOO_LARGE when no provider would take what a shard needs. */
function mustFit(shards: readonly (readonly InputFile[])[]): void {
  for (const [shard, list] of shards.entries()) {
    if (list.length > INPUT_FILES_MAX)
      throw new ShoalError(
        'FILE_TOO_LARGE',
        `the input of shard ${shard} has ${list.length} files, at most ${INPUT_FILES_MAX}`,
        {
          data: { shard, files: list.length, most: INPUT_FILES_MAX },
          next: "Deal the files out to more shards ('split: { by: files }'), or pack small ones together."
        }
      )
    const bytes = bundleSize(list.map(({ path, range }) => ({ path, size: sizeOfRange(range) })))
    if (bytes > INPUT_MAX)
      throw new ShoalError(
        'FILE_TOO_LARGE',
        `the input of shard ${shard} has ${bytes} bytes, at most ${formatSize(INPUT_MAX)}`,
        { data: { shard, bytes, most: INPUT_MAX }, next: "Split the input ('split:') into more shards." }
      )
    // shards that get the same files need not be looked at one by one
    if (list === shards[shard + 1]) return
  }
}

/**
 * What shard `i` finds under /in, as a sorted list of files with their byte ranges.
 * @throws FILE_NOT_FOUND for a missing input; PATH_INVALID, which names every file that cannot travel; JOB_FILE_INVALID when there are fewer
 * parts than shards; FILE_TOO_LARGE above the limits
 */
export async function shardInputs(
  job: JobFile,
  folder: string,
  files: Files,
  signal?: AbortSignal
): Promise<InputFile[][]> {
  const whole: Found = { files: [], bad: [] }
  const split: Found = { files: [], bad: [] }
  for (const [path, source] of Object.entries(job.inputs)) {
    await walk(files, from(folder, source), path, path === job.split?.input ? split : whole)
  }
  const bad = badInputs([...whole.bad, ...split.bad, ...overlaps([...whole.files, ...split.files])])
  if (bad !== undefined) throw bad
  const shards =
    job.split === undefined
      ? Array.from({ length: job.count }, () => whole.files)
      : (await pieces(job, split.files, files, signal)).map(piece => [...whole.files, ...piece])
  mustFit(shards)
  return shards
}

export const sizeOf = (inputs: readonly InputFile[]): number =>
  inputs.reduce((sum, f) => sum + sizeOfRange(f.range), 0)

async function* withMark(
  mark: Uint8Array,
  data: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array, void, undefined> {
  yield mark
  yield* data
}

/** Bundle entries in path order; the bytes are read when the bundle is. */
export function entriesOf(inputs: readonly InputFile[], files: Files, signal?: AbortSignal): BundleEntry[] {
  return [...inputs]
    .sort((a, b) => comparePaths(a.path, b.path))
    .map(({ path, source, range }) => {
      const data = files.stream(source, { start: range.start, end: range.end, signal })
      return {
        path,
        size: sizeOfRange(range),
        data: range.mark === undefined ? data : withMark(range.mark, data)
      }
    })
}
