/** Where a job's result goes: looked at before anything is bought. */
import { dirname, join } from 'node:path'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'

const next = 'Give another folder with --out.'

/** OUTPUT_EXISTS when something is there already. */
async function mustBeFree(files: Files, out: string): Promise<void> {
  const there = await files.stat(out)
  if (there === undefined || (there.kind === 'folder' && (await files.list(out)).length === 0)) return
  throw new ShoalError('OUTPUT_EXISTS', `${out} already exists and is not empty`, { next })
}

/**
 * Makes the folder that will hold the result, and writes there once: a job whose result has no place would be paid and never end. `id`
 * names what is written. OUTPUT_EXISTS, DISK_FULL, DISK_ERROR.
 */
export async function prepareOutput(files: Files, out: string, id: string): Promise<void> {
  const folder = dirname(out)
  const probe = join(folder, `.${id}.probe`)
  try {
    await mustBeFree(files, out)
    await files.makeFolder(folder, { mode: 0o755 })
    await files.write(probe, new Uint8Array())
    await files.remove(probe)
  } catch (e) {
    const { code, message } = asShoalError(e, 'DISK_ERROR')
    if (code === 'OUTPUT_EXISTS') throw e
    const kind = code === 'DISK_FULL' ? code : 'DISK_ERROR'
    throw new ShoalError(kind, `the result cannot be written to ${folder}: ${message}`, { cause: e, next })
  }
}
