/** What the commands ask of the machine itself. */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Bytes that this user may still write where `path` is or would be. */
export async function freeBytes(path: string): Promise<number> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at)
      return bavail * bsize
    } catch (e) {
      if (dirname(at) === at) throw e
    }
  }
}

export const nodeVersion = (): string => process.versions.node
