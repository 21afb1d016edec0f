/** Where a job's result goes: looked at before anything is bought, and named when it cannot go there. */
import { dirname, join } from 'node:path'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'

const next = 'Give another folder with --out.'

/** What the system's codes mean for a folder that a result shall take the place of. */
const WORDS: Readonly<Record<string, string>> = {
  EBUSY: 'it is a mount point, or in use',
  EXDEV: 'it lies on another device than the folder around it',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  EROFS: 'the disk there is read-only',
  ENAMETOOLONG: 'the path is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk fails'
}

/** Somebody has put something there. */
const FILLED = new Set(['ENOTEMPTY', 'EEXIST'])

/** Why a result cannot be put at `out`, from what a call of the Files port threw: OUTPUT_EXISTS, DISK_FULL, DISK_ERROR, each with what to do. */
export function placeError(out: string, e: unknown): ShoalError {
  const error = asShoalError(e, 'DISK_ERROR')
  if (error.code === 'OUTPUT_EXISTS') return error
  const code = String(error.data['code'] ?? '')
  if (FILLED.has(code)) return new ShoalError('OUTPUT_EXISTS', `${out} is not empty`, { next, cause: e })
  const why = error.code === 'DISK_FULL' ? 'the disk is full' : (WORDS[code] ?? error.message)
  return new ShoalError(
    error.code === 'DISK_FULL' ? 'DISK_FULL' : 'DISK_ERROR',
    `the result cannot be put at ${out}: ${why}`,
    {
      data: { out, code },
      next: code === 'EBUSY' ? `Give a folder inside it: --out ${join(out, 'result')}` : next,
      cause: e
    }
  )
}

/** Something that is no empty folder stands where a result shall go: OUTPUT_EXISTS says what. True when an empty folder is there. */
export async function mustBeFree(files: Files, out: string): Promise<boolean> {
  const there = await files.stat(out)
  if (there === undefined) return false
  const refuse = (what: string, todo = next): never => {
    throw new ShoalError('OUTPUT_EXISTS', `${out} ${what}`, { data: { out }, next: todo })
  }
  if (there.link === true)
    refuse('is a link: a result takes the place of a folder and follows none', `${next} Or remove the link.`)
  if (there.kind === 'file') refuse('is a file that exists already')
  if (there.kind === 'other') refuse('is neither a file nor a folder')
  if ((await files.list(out)).length > 0) refuse('already exists and is not empty')
  return true
}

/** A path that leads through a file cannot be made: the file is named. */
async function mustLeadThroughFolders(files: Files, out: string): Promise<void> {
  for (let at = dirname(out); ; at = dirname(at)) {
    const there = await files.stat(at)
    if (there?.kind === 'file' || (there?.kind === 'other' && there.link !== true))
      throw new ShoalError('DISK_ERROR', `the way to it leads through ${at}, which is no folder`)
    if (there?.kind === 'folder' || dirname(at) === at) return
    if (there?.link === true) {
      // what it leads to must be a folder that can be looked into
      await files.list(at)
      return
    }
  }
}

/**
 * Makes the folder that will hold the result, writes there once, and moves an empty folder that is there already to the side and back, as
 * the result will: a job whose result has no place would be paid and never end. `id` names what is written.
 * OUTPUT_EXISTS, DISK_FULL, DISK_ERROR.
 */
export async function prepareOutput(files: Files, out: string, id: string): Promise<void> {
  const folder = dirname(out)
  const probe = join(folder, `.${id}.probe`)
  try {
    const empty = await mustBeFree(files, out)
    await mustLeadThroughFolders(files, out)
    await files.makeFolder(folder, { mode: 0o755 })
    await files.write(probe, new Uint8Array())
    await files.remove(probe)
    if (!empty) return
    await files.rename(out, probe)
    await files.rename(probe, out)
  } catch (e) {
    throw placeError(out, e)
  }
}

/** Tries the folder of the home that keeps what shards bring: without it a result that is paid for cannot be taken. DISK_FULL, DISK_ERROR. */
export async function prepareKeeping(files: Files, folder: string, id: string): Promise<void> {
  const probe = join(folder, `.${id}.probe`)
  try {
    await files.makeFolder(folder)
    await files.write(probe, new Uint8Array())
    await files.remove(probe)
  } catch (cause) {
    const { code, message } = asShoalError(cause, 'DISK_ERROR')
    throw new ShoalError(
      code === 'DISK_FULL' ? code : 'DISK_ERROR',
      `the results of shards cannot be kept in ${folder}: ${message}`,
      { next: 'Mend the disk of this home, then submit again: nothing was bought.', cause }
    )
  }
}
