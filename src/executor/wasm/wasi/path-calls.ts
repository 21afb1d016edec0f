/** Host calls on paths. A path is walked inside the tree of the folder it starts from; there is nothing else to reach. */
import type { OpenFolder } from './descriptors.ts'
import type { Guest, HostCalls } from './guest.ts'
import type { FileNode, FolderNode, Node, Tree } from './tree.ts'
import { PATH_LIMITS } from '../../../protocol/bundle.ts'
import { RIGHT } from './descriptors.ts'
import { ERRNO, WasiError } from './errno.ts'
import { fileType, writeFileStat } from './fd-calls.ts'

const { success } = ERRNO
const OPEN = { create: 1, folder: 2, exclusive: 4, truncate: 8 } as const
const FLAG_APPEND = 1
/** Gas for work on one part of a path. */
const GAS_PER_PART = 50

/** Where a path leads: a name in a folder, and what is there. `name` is undefined for the folder itself. */
interface Place {
  readonly tree: Tree
  readonly folder: FolderNode
  readonly name: string | undefined
  readonly node: Node | undefined
  /** The path ends with '/': only a folder may be meant. */
  readonly mustBeFolder: boolean
}

function step(folder: FolderNode, part: string, start: FolderNode): FolderNode {
  if (part === '..') {
    if (folder === start || folder.parent === undefined) throw new WasiError('notcapable')
    return folder.parent
  }
  const next = folder.entries.get(part)
  if (next === undefined) throw new WasiError('noent')
  if (next.kind !== 'folder') throw new WasiError('notdir')
  return next
}

/** ENOTCAPABLE for an absolute path and for one that climbs out of the folder it starts from. */
function locate(guest: Guest, start: OpenFolder, path: string): Place {
  if (path.length > PATH_LIMITS.bytes * 4) throw new WasiError('nametoolong')
  if (path === '') throw new WasiError('noent')
  if (path.startsWith('/')) throw new WasiError('notcapable')
  if (path.includes('\0')) throw new WasiError('ilseq')
  const parts = path.split('/').filter(p => p !== '' && p !== '.')
  guest.charge(parts.length * GAS_PER_PART)
  const { tree } = start
  const mustBeFolder = path.endsWith('/')
  const last = parts.at(-1)
  const walk = last === undefined || last === '..' ? parts : parts.slice(0, -1)
  const folder = walk.reduce((at, part) => step(at, part, start.folder), start.folder)
  if (last === undefined || last === '..')
    return { tree, folder, name: undefined, node: folder, mustBeFolder }
  const node = folder.entries.get(last)
  if (mustBeFolder && node?.kind === 'file') throw new WasiError('notdir')
  return { tree, folder, name: last, node, mustBeFolder }
}

function existing(place: Place): Node {
  if (place.node === undefined) throw new WasiError('noent')
  return place.node
}

/** The entry's name, for calls that change its folder. EROFS in a tree that cannot be changed. */
function changeable(place: Place): string {
  if (place.tree.quota === undefined) throw new WasiError('rofs')
  if (place.name === undefined) throw new WasiError('inval')
  return place.name
}

function create(place: Place): FileNode {
  const name = changeable(place)
  if (place.mustBeFolder) throw new WasiError('isdir')
  return place.tree.addFile(place.folder, name)
}

interface OpenOptions {
  readonly flags: number
  readonly rights: bigint
  readonly append: boolean
}

function openFile(guest: Guest, place: Place, found: FileNode | undefined, options: OpenOptions): number {
  const writable = (options.rights & RIGHT.write) !== 0n
  const truncate = (options.flags & OPEN.truncate) !== 0
  if ((options.flags & OPEN.folder) !== 0) throw new WasiError(found === undefined ? 'noent' : 'notdir')
  if ((writable || truncate) && place.tree.quota === undefined) throw new WasiError('rofs')
  const file = found ?? create(place)
  if (truncate) file.resize(0)
  const readable = (options.rights & RIGHT.read) !== 0n
  const { append } = options
  return guest.descriptors.add({
    kind: 'file',
    tree: place.tree,
    file,
    readable,
    writable,
    append,
    position: 0
  })
}

function open(guest: Guest, place: Place, options: OpenOptions): number {
  const { node } = place
  if (node === undefined) {
    if ((options.flags & OPEN.create) === 0) throw new WasiError('noent')
    return openFile(guest, place, undefined, options)
  }
  if ((options.flags & OPEN.create) !== 0 && (options.flags & OPEN.exclusive) !== 0)
    throw new WasiError('exist')
  if (node.kind === 'file') return openFile(guest, place, node, options)
  if ((options.flags & OPEN.truncate) !== 0) throw new WasiError('isdir')
  return guest.descriptors.add({ kind: 'folder', tree: place.tree, folder: node, preopen: undefined })
}

function makeFolder(place: Place): number {
  if (place.node !== undefined) throw new WasiError('exist')
  place.tree.addFolder(place.folder, changeable(place))
  return success
}

function removeFile(place: Place): number {
  const name = changeable(place)
  const node = existing(place)
  if (node.kind === 'folder') throw new WasiError('isdir')
  place.folder.entries.delete(name)
  node.unlink()
  return success
}

function removeFolder(place: Place): number {
  const name = changeable(place)
  const node = existing(place)
  if (node.kind === 'file') throw new WasiError('notdir')
  if (node.entries.size > 0) throw new WasiError('notempty')
  place.folder.entries.delete(name)
  place.tree.quota?.removeNode(0)
  return success
}

/** Files move inside their tree and replace what is there; folders stay where they are. */
function rename(guest: Guest, from: Place, to: Place): number {
  const name = changeable(from)
  const node = existing(from)
  const newName = changeable(to)
  if (from.tree !== to.tree) throw new WasiError('xdev')
  if (node.kind === 'folder') throw new WasiError('notsup')
  if (to.mustBeFolder || to.node?.kind === 'folder') throw new WasiError('isdir')
  if (to.node !== node) {
    to.tree.checkName(to.folder, newName)
    from.folder.entries.delete(name)
    to.folder.entries.set(newName, node)
    to.node?.unlink()
  }
  guest.renamed(to.tree)
  return success
}

/** Links do not exist here. */
const linkCalls: HostCalls = {
  path_link: () => ERRNO.notsup,
  path_symlink: () => ERRNO.notsup,
  path_readlink: () => ERRNO.inval
}

export function pathCalls(guest: Guest): HostCalls {
  const { memory, descriptors } = guest
  const at = (fd: number, path: number, length: number): Place =>
    locate(guest, descriptors.folder(fd), memory.text(path, length))
  return {
    ...linkCalls,
    path_open: (
      ...[fd, , path, length, flags, rights, , fdFlags, out]: [
        fd: number,
        lookup: number,
        path: number,
        length: number,
        flags: number,
        rights: bigint,
        inheriting: bigint,
        fdFlags: number,
        out: number
      ]
    ) => {
      const options = { flags, rights, append: (fdFlags & FLAG_APPEND) !== 0 }
      memory.setU32(out, open(guest, at(fd, path, length), options))
      return success
    },
    path_filestat_get: (fd: number, _flags: number, path: number, length: number, out: number) => {
      const node = existing(at(fd, path, length))
      writeFileStat(guest, out, fileType(node), node.inode, node.kind === 'file' ? node.size : 0)
      return success
    },
    path_filestat_set_times: (fd: number, _flags: number, path: number, length: number) => {
      existing(at(fd, path, length))
      return success
    },
    path_create_directory: (fd: number, path: number, length: number) => makeFolder(at(fd, path, length)),
    path_remove_directory: (fd: number, path: number, length: number) => removeFolder(at(fd, path, length)),
    path_unlink_file: (fd: number, path: number, length: number) => removeFile(at(fd, path, length)),
    path_rename: (
      ...[fd, path, length, newFd, newPath, newLength]: [number, number, number, number, number, number]
    ) => rename(guest, at(fd, path, length), at(newFd, newPath, newLength))
  }
}
