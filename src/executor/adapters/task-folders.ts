/** A task's files on disk, for engines that run programs. What a program left there is hostile: no link is followed, all is bounded. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync
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

/**
 * All plain files below a folder; links, pipes and names that no bundle can hold are left out. The task may still run: every step goes
 * from an open folder, so a folder that it exchanges for a link leads nowhere. LimitReached above the limits.
 */
export function readTree(folder: string, limits: TreeLimits): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  let [bytes, seen] = [0, 0]
  const visit = (at: number, prefix: string, depth: number): void => {
    for (const name of readdirSync(opened(at))) {
      if (++seen > limits.maxFiles)
        throw new LimitReached('output', `the task has more than ${limits.maxFiles} files`)
      const path = prefix + name
      const fd = pathProblem(path) === undefined ? openPlain(`${opened(at)}/${name}`) : undefined
      if (fd !== undefined) take(fd, path, depth)
    }
  }
  const take = (fd: number, path: string, depth: number): void => {
    try {
      const stat = fstatSync(fd)
      if (stat.isDirectory() && depth < PATH_LIMITS.depth) visit(fd, `${path}/`, depth + 1)
      if (!stat.isFile()) return
      const data = readAll(fd, stat.size, limits.maxBytes - bytes)
      bytes += data.length
      found.set(path, data)
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
  return new Map([...found].sort(([a], [b]) => comparePaths(a, b)))
}

/** What tells one state of a folder from another: names, sizes and times. Bounded like `readTree`; undefined when it is too much. */
export function signature(folder: string, maxFiles: number): string | undefined {
  const parts: string[] = []
  const visit = (at: string, depth: number): boolean =>
    readdirSync(at).every(name => {
      if (parts.length >= maxFiles || depth > PATH_LIMITS.depth) return false
      const full = join(at, name)
      const stat = lstatSync(full, { throwIfNoEntry: false })
      if (stat?.isDirectory() === true) return visit(full, depth + 1)
      if (stat?.isFile() === true) parts.push(`${full}:${stat.size}:${stat.mtimeMs}:${stat.ino}`)
      return true
    })
  return visit(folder, 1) ? parts.sort().join('\n') : undefined
}
