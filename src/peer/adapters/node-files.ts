/** The Files port on the machine's disk. */
import { createReadStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { concatBytes } from '../../protocol/byte-source.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { MiB } from '../../protocol/limits.ts'
import type { FileEntry, Files, FileStat } from '../../protocol/ports/files.ts'

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS'])
const MISSING = new Set(['ENOENT', 'ENOTDIR'])

/** A system error as one of ours. */
function translate(cause: unknown, path: string): never {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (MISSING.has(code)) {
    throw new ShoalError('FILE_NOT_FOUND', `no such file: ${path}`, {
      data: { path },
      next: 'Check the path.',
      cause
    })
  }
  if (code === 'EISDIR') {
    throw new ShoalError('DISK_ERROR', `${path} is a folder, not a file`, {
      data: { path },
      next: 'Give the path of a file.',
      cause
    })
  }
  if (FULL.has(code)) {
    throw new ShoalError('DISK_FULL', `the disk is full: ${path}`, {
      data: { path },
      next: 'Free some space and try again; nothing was lost.',
      cause
    })
  }
  if (cause instanceof ShoalError) throw cause
  throw new ShoalError('DISK_ERROR', `${code === '' ? 'input or output failed' : code}: ${path}`, {
    data: { path, code },
    next: REFUSED.has(code) ? 'Check who owns it and its permissions.' : 'Check the disk.',
    cause
  })
}

const at = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (e) {
    return translate(e, path)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Writes beside the target, syncs, renames: a reader sees the old file or the new one. */
async function write(
  path: string,
  data: Uint8Array | AsyncIterable<Uint8Array>,
  mode = 0o600
): Promise<void> {
  const temporary = `${path}.${process.pid}.${(counter += 1)}.tmp`
  try {
    const file = await open(temporary, 'w', mode)
    try {
      if (data instanceof Uint8Array) await file.writeFile(data)
      else for await (const chunk of data) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (e) {
    await rm(temporary, { force: true })
    throw e
  }
}
let counter = 0

/** The bytes are counted as they come: a link or a device does not tell its size. */
async function read(path: string, max: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    size += (part as Uint8Array).byteLength
    if (size > max)
      throw new ShoalError('FILE_TOO_LARGE', `${path} has more than ${max} bytes`, {
        data: { path, max },
        next: 'Give a smaller file.'
      })
    parts.push(part as Uint8Array)
  }
  return concatBytes(parts)
}

async function* stream(
  path: string,
  options: { start?: number; end?: number; signal?: AbortSignal } = {}
): AsyncIterable<Uint8Array> {
  const { start, end, signal } = options
  if (end !== undefined && end <= (start ?? 0)) return
  const source = createReadStream(path, {
    start,
    end: end === undefined ? undefined : end - 1,
    signal,
    highWaterMark: 256 * 1024
  })
  try {
    for await (const chunk of source) yield chunk as Uint8Array
  } catch (e) {
    if (signal?.aborted === true) throw e
    translate(e, path)
  }
}

const kindOf = (e: { isFile(): boolean; isDirectory(): boolean }): FileEntry['kind'] =>
  e.isFile() ? 'file' : e.isDirectory() ? 'folder' : 'other'

const codeOf = (e: unknown): string | undefined => (e as NodeJS.ErrnoException).code

/**
 * The folder and its parents, each asked for once. Node's own recursive form never ends below a folder that says ENOENT to everything new
 * (`/proc`), and keeps a thread busy with it.
 */
async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
    return
  } catch (e) {
    if (codeOf(e) === 'EEXIST') {
      if ((await stat(path)).isDirectory()) return
      throw e
    }
    if (codeOf(e) !== 'ENOENT' || dirname(path) === path) throw e
  }
  await makeFolder(dirname(path), mode)
  try {
    await mkdir(path, { mode })
  } catch (e) {
    // another one was faster
    if (codeOf(e) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw e
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name's bytes as text; what is not UTF-8 of them as `\\xE9`, with a word that this is no name to open. */
function nameOf(bytes: Buffer): Pick<FileEntry, 'name' | 'foreign'> {
  try {
    return { name: UTF8.decode(bytes) }
  } catch {
    const shown = [...bytes].map(b =>
      b < 128 ? String.fromCharCode(b) : `\\x${b.toString(16).toUpperCase().padStart(2, '0')}`
    )
    return { name: shown.join(''), foreign: true }
  }
}

const list = async (path: string): Promise<FileEntry[]> =>
  (await readdir(path, { withFileTypes: true, encoding: 'buffer' })).map(e => ({
    ...nameOf(e.name),
    kind: kindOf(e)
  }))

export const nodeFiles: Files = {
  read: (path, options) => at(path, () => read(path, options?.max ?? 64 * MiB)),
  stream,
  write: (path, data, options) => at(path, () => write(path, data, options?.mode)),
  stat: async path => {
    try {
      const s = await lstat(path)
      const link = s.isSymbolicLink() ? { link: true } : {}
      return { kind: kindOf(s), size: s.size, ...link } satisfies FileStat
    } catch (e) {
      return MISSING.has((e as NodeJS.ErrnoException).code ?? '') ? undefined : translate(e, path)
    }
  },
  list: path => at(path, () => list(path)),
  makeFolder: (path, options) => at(path, () => makeFolder(path, options?.mode ?? 0o700)),
  remove: path => at(path, () => rm(path, { recursive: true, force: true })),
  rename: (from, to) =>
    at(from, async () => {
      await rename(from, to)
      await syncFolder(dirname(to))
    }),
  temporaryFolder: prefix => at(prefix, () => mkdtemp(prefix))
}
