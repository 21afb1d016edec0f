/** The Blender of this machine. */
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { parseVersion } from '../blender/output.ts'

/** Starting it takes half a second; a machine under load takes longer, in milliseconds. */
const PATIENCE_MS = 60_000

export interface FoundBlender {
  readonly program: string
  readonly version: string
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)) {
    const path = join(folder, name)
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false
    )
    if (there) return path
  }
  return undefined
}

/** Undefined when there is none on the PATH, or it does not say its version. Linux only: a task's use is read from /proc. */
export async function findBlender(): Promise<FoundBlender | undefined> {
  const program = process.platform === 'linux' ? await onPath('blender') : undefined
  if (program === undefined) return undefined
  const said = await new Promise<string>(done =>
    execFile(program, ['--version'], { timeout: PATIENCE_MS, maxBuffer: 65536, env: {} }, (_, stdout) =>
      done(stdout)
    )
  )
  const version = parseVersion(said)
  return version === undefined ? undefined : { program, version }
}
