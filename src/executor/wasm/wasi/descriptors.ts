import type { FileNode, FolderNode, Tree } from './tree.ts'
import { WasiError } from './errno.ts'

/** Open files that a task may have at once. */
export const MAX_DESCRIPTORS = 1024

export const FILE_TYPE = { character: 2, folder: 3, file: 4 } as const
/** WASI rights that matter here. */
export const RIGHT = { read: 1n << 1n, write: 1n << 6n } as const
export const ALL_RIGHTS = (1n << 29n) - 1n

/** Standard input: always at its end. */
export interface InputStream {
  readonly kind: 'input'
}

/** Standard output or error. */
export interface OutputStream {
  readonly kind: 'output'
  write(data: Uint8Array): void
}

export interface OpenFile {
  readonly kind: 'file'
  readonly tree: Tree
  readonly file: FileNode
  readonly readable: boolean
  readonly writable: boolean
  append: boolean
  position: number
}

export interface OpenFolder {
  readonly kind: 'folder'
  readonly tree: Tree
  readonly folder: FolderNode
  /** The name under which the guest finds it at its start. */
  readonly preopen: string | undefined
}

export type Descriptor = InputStream | OutputStream | OpenFile | OpenFolder

/** Numbers for open things; the lowest free number is given out. */
export class Descriptors {
  readonly #table: (Descriptor | undefined)[]

  constructor(initial: readonly Descriptor[]) {
    this.#table = [...initial]
  }

  get(fd: number): Descriptor {
    const found = this.#table[fd]
    if (found === undefined) throw new WasiError('badf')
    return found
  }

  file(fd: number): OpenFile {
    const found = this.get(fd)
    if (found.kind === 'file') return found
    throw new WasiError(found.kind === 'folder' ? 'isdir' : 'spipe')
  }

  folder(fd: number): OpenFolder {
    const found = this.get(fd)
    if (found.kind !== 'folder') throw new WasiError('notdir')
    return found
  }

  add(descriptor: Descriptor): number {
    const free = this.#table.indexOf(undefined)
    const fd = free < 0 ? this.#table.length : free
    if (fd >= MAX_DESCRIPTORS) throw new WasiError('mfile')
    this.#table[fd] = descriptor
    if (descriptor.kind === 'file') descriptor.file.open()
    return fd
  }

  close(fd: number): void {
    const found = this.get(fd)
    this.#table[fd] = undefined
    if (found.kind === 'file') found.file.close()
  }

  /** Moves `from` to the number `to`, which is closed before. */
  renumber(from: number, to: number): void {
    const moved = this.get(from)
    this.get(to)
    if (from === to) return
    this.close(to)
    this.#table[to] = moved
    this.#table[from] = undefined
  }
}
