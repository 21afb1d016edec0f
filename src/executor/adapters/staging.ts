/**
 * Files that a sandbox shows must be within reach of the task's user. A peer of root often keeps its own where nobody else gets to:
 * those are copied once into a folder that everybody may read and only root may write.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const PREFIX = 'shoal-stage-'
const OTHERS_ENTER = 0o001
const OTHERS_READ = 0o004

/** True when any user gets to the path and may read it. */
function reachable(path: string): boolean {
  for (let at = dirname(path); ; at = dirname(at)) {
    if ((statSync(at).mode & OTHERS_ENTER) === 0) return false
    if (at === dirname(at)) break
  }
  const { mode } = statSync(path)
  return (mode & OTHERS_READ) !== 0 && (!statSync(path).isDirectory() || (mode & OTHERS_ENTER) !== 0)
}

/** Folders of peers that were killed. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function readableForAll(path: string): void {
  const folder = statSync(path).isDirectory()
  chmodSync(path, statSync(path).mode | (folder ? 0o555 : 0o444))
  if (folder) for (const name of readdirSync(path)) readableForAll(join(path, name))
}

export class Staging {
  readonly #copies = new Map<string, string>()
  #folder: string | undefined

  /** The path itself, or that of a copy within everybody's reach. Errors of the file system. */
  of(path: string): string {
    const real = realpathSync(path)
    const known = this.#copies.get(real)
    if (known !== undefined) return known
    if (reachable(real)) return real
    const copy = join(this.#open(), `${this.#copies.size}-${basename(real)}`)
    cpSync(real, copy, { recursive: true })
    readableForAll(copy)
    this.#copies.set(real, copy)
    return copy
  }

  /** Removes the copies. Harmless twice. */
  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
    this.#copies.clear()
  }

  #open(): string {
    if (this.#folder === undefined) {
      sweep()
      this.#folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
      chmodSync(this.#folder, 0o755)
    }
    return this.#folder
  }
}
