/** The chain's folder: whole files written atomically, and a log whose every entry is on the disk before it counts. */
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'

const isMissing = (e: unknown): boolean => (e as { code?: string }).code === 'ENOENT'

const diskError = (what: string, cause: unknown): ShoalError => {
  const full = (cause as { code?: string }).code === 'ENOSPC'
  return new ShoalError(full ? 'DISK_FULL' : 'DISK_ERROR', `${what}: ${(cause as Error).message}`, { cause })
}

/** Makes the folder, for its owner only. */
export async function makePrivateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw diskError('the chain folder cannot be made', cause)
  }
}

/** Undefined when there is no such file. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (e) {
    if (isMissing(e)) return undefined
    throw diskError(`${path.basename(file)} cannot be read`, e)
  }
}

/** Temporary file, fsync, rename, fsync of the folder: all or nothing. Mode 0600. */
export async function writeAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${file}.new`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(data)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
    await syncFolder(path.dirname(file))
  } catch (cause) {
    throw diskError(`${path.basename(file)} cannot be written`, cause)
  }
}

export const removeFile = async (file: string): Promise<void> => await rm(file, { force: true })

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there; the rename itself is journalled
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** An append-only file of lines. */
export interface LineLog {
  /** On the disk before it resolves. */
  append(line: string): Promise<void>
  /** Replaces the content, atomically. */
  rewrite(lines: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Opens the log and gives its lines; a last line that was cut off by a crash was never acknowledged and is dropped. */
export async function openLineLog(
  file: string
): Promise<{ readonly log: LineLog; readonly lines: readonly string[] }> {
  const text = (await readIfThere(file))?.toString('utf8') ?? ''
  const lines = text.split('\n').slice(0, -1)
  await writeAtomic(file, lines.map(l => l + '\n').join(''))
  let handle: FileHandle = await open(file, 'a', 0o600)
  return {
    lines,
    log: {
      append: async line => {
        try {
          await handle.appendFile(line + '\n')
          await handle.datasync()
        } catch (cause) {
          throw diskError('the chain log cannot be written', cause)
        }
      },
      rewrite: async kept => {
        await writeAtomic(file, kept.map(l => l + '\n').join(''))
        await handle.close()
        handle = await open(file, 'a', 0o600)
      },
      close: async () => await handle.close()
    }
  }
}
