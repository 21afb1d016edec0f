/** The task's own file system: trees in memory, each with a quota. Nothing here knows the host's files. */
import type { BundleEntry } from '../../../protocol/bundle.ts'
import { comparePaths, pathProblem } from '../../../protocol/bundle.ts'
import { OUTPUT_FILES_MAX } from '../../../protocol/task-limits.ts'
import { WasiError } from './errno.ts'
import { TaskStop } from './stop.ts'

/** What a tree may hold; files that are unlinked but still open count. */
export class Quota {
  readonly #name: string
  readonly #maxBytes: number
  #bytes = 0
  #nodes = 0

  constructor(name: string, maxBytes: number) {
    this.#name = name
    this.#maxBytes = maxBytes
  }

  addBytes(n: number): void {
    if (this.#bytes + n > this.#maxBytes) {
      throw new TaskStop('output', `${this.#name} would hold more than ${this.#maxBytes} bytes`)
    }
    this.#bytes += n
  }

  addNode(): void {
    if (this.#nodes >= OUTPUT_FILES_MAX.wasm)
      throw new TaskStop('output', `${this.#name} would hold more than ${OUTPUT_FILES_MAX.wasm} files`)
    this.#nodes++
  }

  removeNode(bytes: number): void {
    this.#nodes--
    this.#bytes -= bytes
  }
}

export class FileNode {
  readonly kind = 'file'
  readonly inode: bigint
  /** Undefined: read-only. */
  readonly quota: Quota | undefined
  #bytes: Uint8Array
  #size: number
  #opened = 0
  #linked = true

  constructor(inode: bigint, content: Uint8Array, quota: Quota | undefined) {
    this.inode = inode
    this.quota = quota
    this.#bytes = content
    this.#size = content.length
    quota?.addNode()
    quota?.addBytes(content.length)
  }

  get size(): number {
    return this.#size
  }

  content(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  write(at: number, data: Uint8Array): void {
    if (this.quota === undefined) throw new WasiError('rofs')
    if (at + data.length > this.#size) this.resize(at + data.length)
    this.#bytes.set(data, at)
  }

  /** Grows with zeros or cuts. */
  resize(size: number): void {
    if (this.quota === undefined) throw new WasiError('rofs')
    this.quota.addBytes(size - this.#size)
    if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(size, Math.min(this.#bytes.length * 2, size + 16_777_216)))
      larger.set(this.content())
      this.#bytes = larger
    }
    this.#size = size
  }

  open(): void {
    this.#opened++
  }

  close(): void {
    this.#opened--
    this.#release()
  }

  unlink(): void {
    this.#linked = false
    this.#release()
  }

  #release(): void {
    if (this.#linked || this.#opened > 0) return
    this.quota?.removeNode(this.#size)
    this.#bytes = new Uint8Array(0)
    this.#size = 0
  }
}

export class FolderNode {
  readonly kind = 'folder'
  readonly inode: bigint
  readonly parent: FolderNode | undefined
  /** From the tree's root, ends with '/'; '' for the root. Fixed: folders cannot be renamed. */
  readonly prefix: string
  readonly entries = new Map<string, Node>()

  constructor(inode: bigint, parent: FolderNode | undefined, name: string) {
    this.inode = inode
    this.parent = parent
    this.prefix = parent === undefined ? '' : `${parent.prefix}${name}/`
  }
}

export type Node = FileNode | FolderNode

/** One tree: `/in`, `/out` or `/ckpt`. */
export class Tree {
  readonly name: string
  readonly root: FolderNode
  readonly quota: Quota | undefined
  #nextInode = 1n

  /** `maxBytes` undefined makes a tree that the guest cannot change. */
  constructor(name: string, maxBytes: number | undefined) {
    this.name = name
    this.quota = maxBytes === undefined ? undefined : new Quota(name, maxBytes)
    this.root = new FolderNode(this.#nextInode++, undefined, '')
  }

  /** Fills the tree from a bundle's files. */
  load(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, data] of files) {
      const parts = path.split('/')
      const name = parts.pop() ?? ''
      let folder = this.root
      for (const part of parts) {
        const next = folder.entries.get(part)
        folder = next?.kind === 'folder' ? next : this.#newFolder(folder, part)
      }
      folder.entries.set(name, new FileNode(this.#nextInode++, data, this.quota))
    }
  }

  addFile(parent: FolderNode, name: string): FileNode {
    this.checkName(parent, name)
    const file = new FileNode(this.#nextInode++, new Uint8Array(0), this.quota)
    parent.entries.set(name, file)
    return file
  }

  addFolder(parent: FolderNode, name: string): FolderNode {
    this.checkName(parent, name)
    return this.#newFolder(parent, name)
  }

  #newFolder(parent: FolderNode, name: string): FolderNode {
    this.quota?.addNode()
    const folder = new FolderNode(this.#nextInode++, parent, name)
    parent.entries.set(name, folder)
    return folder
  }

  /** EINVAL for a name that could not stand in a bundle, EROFS in a tree that cannot be changed. */
  checkName(parent: FolderNode, name: string): void {
    if (this.quota === undefined) throw new WasiError('rofs')
    if (pathProblem(parent.prefix + name) !== undefined) throw new WasiError('inval')
  }

  /** All files, in a bundle's order. */
  entries(): BundleEntry[] {
    const out: BundleEntry[] = []
    const visit = (folder: FolderNode): void => {
      for (const [name, node] of folder.entries) {
        if (node.kind === 'folder') visit(node)
        else out.push({ path: folder.prefix + name, size: node.size, data: node.content() })
      }
    }
    visit(this.root)
    return out.sort((a, b) => comparePaths(a.path, b.path))
  }
}
