/** A task's files on disk, for engines that run programs. What a program left there is hostile: no link is followed, all is bounded. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
  type Stats
} from 'node:fs'
import { dirname, join } from 'node:path'
import { comparePaths, PATH_LIMITS, pathProblem } from '../../protocol/bundle.ts'
import type { TaskFolders } from '../native/command-plan.ts'
import { LimitReached } from './runner-io.ts'

export function makeFolders(root: string): TaskFolders {
  const folders = {
    module: join(root, 'module'),
    ...{
      input: join(root, 'in'),
      output: join(root, 'out'),
      checkpoint: join(root, 'ckpt'),
      work: join(root, 'work')
    }
  }
  for (const f of [folders.input, folders.output, folders.checkpoint, folders.work])
    mkdirSync(f, { mode: 0o700 })
  return folders
}

/** Paths were checked when the bundle was read. */
export function writeTree(folder: string, files: ReadonlyMap<string, Uint8Array>, mode = 0o600): void {
  for (const [path, data] of files) {
    const full = join(folder, ...path.split('/'))
    mkdirSync(dirname(full), { recursive: true, mode: 0o700 })
    writeFileSync(full, data, { mode, flag: 'wx' })
  }
}

/** Opens what lies there and no link to it; undefined when there is nothing to read. */
function openPlain(path: string): number | undefined {
  try {
    // not blocking, so that opening a pipe does not wait for its writer
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    return undefined // a link, or gone
  }
}

function readAll(fd: number, size: number, max: number): Uint8Array {
  if (size > max) throw new LimitReached('output', `the task has more than ${max} bytes of output`)
  const bytes = new Uint8Array(size)
  let at = 0
  for (let got = -1; got !== 0 && at < bytes.length; at += got)
    got = readSync(fd, bytes, at, bytes.length - at, at)
  return bytes.subarray(0, at)
}

/** A plain file's bytes; undefined for anything else. LimitReached above `max`. */
export function readPlain(path: string, max: number): Uint8Array | undefined {
  const fd = openPlain(path)
  if (fd === undefined) return undefined
  try {
    const stat = fstatSync(fd)
    return stat.isFile() ? readAll(fd, stat.size, max) : undefined
  } finally {
    closeSync(fd)
  }
}

export interface TreeLimits {
  readonly maxFiles: number
  readonly maxBytes: number
}

/** Path of an open folder: whatever becomes of its name, this stays the same folder (proc(5), /proc/PID/fd). Linux only. */
const opened = (fd: number): string => `/proc/self/fd/${fd}`

/** What an open folder holds; nothing when it has been removed meanwhile. */
function namesIn(fd: number): string[] {
  try {
    return readdirSync(opened(fd))
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw e
  }
}

/**
 * Goes through all that lies below a folder; links and names that no bundle can hold are left out. The task may still run: every step
 * goes from an open folder, so a folder that it exchanges for a link leads nowhere. `file` gets each plain file, open; `more` is told
 * of each name that was met and ends the walk by throwing. Throws when the folder itself cannot be opened.
 */
function walk(folder: string, more: () => void, file: (fd: number, stat: Stats, path: string) => void): void {
  const visit = (at: number, prefix: string, depth: number): void => {
    for (const name of namesIn(at)) {
      more()
      const path = prefix + name
      const fd = pathProblem(path) === undefined ? openPlain(`${opened(at)}/${name}`) : undefined
      if (fd !== undefined) take(fd, path, depth)
    }
  }
  const take = (fd: number, path: string, depth: number): void => {
    try {
      const stat = fstatSync(fd)
      if (stat.isDirectory() && depth < PATH_LIMITS.depth) visit(fd, `${path}/`, depth + 1)
      if (stat.isFile()) file(fd, stat, path)
    } finally {
      closeSync(fd)
    }
  }
  const root = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    visit(root, '', 1)
  } finally {
    closeSync(root)
  }
}

/** Counts names; LimitReached above `max`. */
function counter(max: number): () => void {
  let seen = 0
  return () => {
    if (++seen > max) throw new LimitReached('output', `the task has more than ${max} files`)
  }
}

/** All plain files below a folder, sorted by path. LimitReached above the limits. */
export function readTree(folder: string, limits: TreeLimits): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  let bytes = 0
  walk(folder, counter(limits.maxFiles), (fd, stat, path) => {
    const data = readAll(fd, stat.size, limits.maxBytes - bytes)
    bytes += data.length
    found.set(path, data)
  })
  return new Map([...found].sort(([a], [b]) => comparePaths(a, b)))
}

/** What tells one state of a folder from another: paths, sizes and times. Bounded like `readTree`; undefined when it is too much. */
export function signature(folder: string, maxFiles: number): string | undefined {
  const parts: string[] = []
  try {
    walk(
      folder,
      counter(maxFiles),
      (_fd, stat, path) => void parts.push(`${path}:${stat.size}:${stat.mtimeMs}:${stat.ino}`)
    )
  } catch (e) {
    if (e instanceof LimitReached) return undefined
    throw e
  }
  return parts.sort().join('\n')
}
