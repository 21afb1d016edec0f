import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs'
import type { FileId } from '../runner/process-port.ts'

/** Device and inode of what is opened under this path; a link in its last step, put there meanwhile, is refused (ELOOP). */
export function identify(path: string): FileId {
  const fd = openSync(realpathSync(path), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true })
    return `${dev}:${ino}`
  } finally {
    closeSync(fd)
  }
}
