/**
 * Blocks as files, one each, in folders by the last two characters of their names. A block is written beside its place and renamed,
 * so a killed process leaves no half block, only a temporary file that the next start removes. Blocks are made durable in one go, when
 * an object is whole: what a power cut takes before that belongs to no pin. Reading is one `readFile`: with the
 * file streams of blockstore-fs serving costs twice the CPU.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { BlockFiles } from '../blocks.ts'

const BLOCK = '.block'
const TEMPORARY = '.tmp'
/** Files synced at the same time: the disk puts them into one flush. */
const SYNCS = 16
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

const isMissing = (e: unknown): boolean => e instanceof Error && 'code' in e && e.code === 'ENOENT'

function diskError(cause: unknown): ShoalError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  const message = full ? 'The disk is full.' : `The disk failed: ${code}.`
  return new ShoalError(full ? 'DISK_FULL' : 'DISK_ERROR', message, { cause, data: { code } })
}

/** Runs a step on the disk; failures become DISK_FULL or DISK_ERROR. */
async function onDisk<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (cause) {
    throw diskError(cause)
  }
}

/** Flushes a file's bytes, or a folder's entries, to the disk. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Flushes all, some at the same time. The first error ends it when the others in work have ended. */
async function flushAll(paths: Iterable<string>): Promise<void> {
  const rest = paths[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) await flush(next.value)
  }
  const ends = await Promise.allSettled(Array.from({ length: SYNCS }, work))
  const failed = ends.find(e => e.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** `nonce` names temporary files: different for each call. */
export class NodeBlockFiles implements BlockFiles {
  readonly #folder: string
  readonly #nonce: () => string

  constructor(folder: string, nonce: () => string) {
    this.#folder = folder
    this.#nonce = nonce
  }

  /** Makes the folder and removes what a killed process left half written. Returns the bytes of all blocks. */
  async open(): Promise<number> {
    await onDisk(() => mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE }))
    let bytes = 0
    for await (const path of this.#files()) {
      if (path.endsWith(TEMPORARY)) await onDisk(() => rm(path, { force: true }))
      else if (path.endsWith(BLOCK)) bytes += (await onDisk(() => stat(path))).size
    }
    return bytes
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return new Uint8Array(await readFile(this.#path(name)))
    } catch (cause) {
      if (isMissing(cause)) return undefined
      throw diskError(cause)
    }
  }

  async has(name: string): Promise<boolean> {
    try {
      return (await stat(this.#path(name))).isFile()
    } catch (cause) {
      if (isMissing(cause)) return false
      throw diskError(cause)
    }
  }

  /** True when the block is new. */
  async put(name: string, bytes: Uint8Array): Promise<boolean> {
    if (await this.has(name)) return false
    const path = this.#path(name)
    const temporary = `${path}.${this.#nonce()}${TEMPORARY}`
    try {
      await this.#write(temporary, bytes)
    } catch (cause) {
      if (!isMissing(cause)) throw diskError(cause)
      await onDisk(() => mkdir(join(path, '..'), { recursive: true, mode: FOLDER_MODE }))
      await onDisk(() => this.#write(temporary, bytes))
    }
    await onDisk(() => rename(temporary, path))
    return true
  }

  /** The bytes first, then the folders that name them. */
  async sync(names: Iterable<string>): Promise<void> {
    const paths = Array.from(names, name => this.#path(name))
    const folders = new Set([...paths.map(dirname), this.#folder])
    await onDisk(() => flushAll(paths))
    await onDisk(() => flushAll(folders))
  }

  /** Bytes freed; 0 when there was no such block. */
  async delete(name: string): Promise<number> {
    const path = this.#path(name)
    try {
      const { size } = await stat(path)
      await unlink(path)
      return size
    } catch (cause) {
      if (isMissing(cause)) return 0
      throw diskError(cause)
    }
  }

  async *names(): AsyncGenerator<string> {
    for await (const path of this.#files()) {
      if (path.endsWith(BLOCK)) yield path.slice(path.lastIndexOf('/') + 1, -BLOCK.length)
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    const file = await open(path, 'wx', FILE_MODE)
    try {
      await file.writeFile(bytes)
    } catch (cause) {
      await rm(path, { force: true })
      throw cause
    } finally {
      await file.close()
    }
  }

  #path(name: string): string {
    return join(this.#folder, name.slice(-2), name + BLOCK)
  }

  async *#files(): AsyncGenerator<string> {
    for (const shard of await onDisk(() => readdir(this.#folder, { withFileTypes: true }))) {
      if (!shard.isDirectory()) continue
      const folder = join(this.#folder, shard.name)
      for (const name of await onDisk(() => readdir(folder))) yield `${folder}/${name}`
    }
  }
}
