/** A log file that does not grow for ever: at its limit it becomes FILE.1 (replacing the last one) and begins anew. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Bytes of one file: some 40,000 lines. */
const MAX = 8 * 1024 * 1024

/** What pino writes lines to. Lines go to the system at once, so that a killed process has said its last. */
export interface LogFile {
  write(line: string): void
  /** Lines after it are lost. Harmless twice. */
  close(): void
}

/** Opens FILE for appending, with its folder. A line that cannot be written (full disk) is lost: logging must not end a peer. */
export function openLogFile(file: string, max = MAX): LogFile {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  let fd = openSync(file, 'a', 0o600)
  let size = fstatSync(fd).size
  let closed = false
  const turn = (): void => {
    closeSync(fd)
    renameSync(file, `${file}.1`)
    fd = openSync(file, 'a', 0o600)
    size = 0
  }
  return {
    close: () => {
      if (!closed) closeSync(fd)
      closed = true
    },
    write: line => {
      if (closed) return
      try {
        if (size > 0 && size + line.length > max) turn()
        size += writeSync(fd, line)
      } catch {
        // the disk is full or gone: whoever needs it is told by the journal
      }
    }
  }
}
