/** Host calls on what is open. */
import type { Guest, HostCalls } from './guest.ts'
import type { Descriptor, OpenFile } from './descriptors.ts'
import type { Node } from './tree.ts'
import { ALL_RIGHTS, FILE_TYPE } from './descriptors.ts'
import { ERRNO, WasiError } from './errno.ts'
import { BYTES_PER_GAS } from './guest.ts'

const { success } = ERRNO
/** No file can be larger: quotas are far below. */
const MAX_OFFSET = 2n ** 48n

export const fileType = (node: Node): number => (node.kind === 'folder' ? FILE_TYPE.folder : FILE_TYPE.file)

/** The 64 bytes of a filestat; times are 0. */
export function writeFileStat(guest: Guest, at: number, type: number, inode: bigint, size: number): void {
  const { memory } = guest
  memory.bytes(at, 64).fill(0)
  memory.setU64(at, 1n)
  memory.setU64(at + 8, inode)
  memory.setU8(at + 16, type)
  memory.setU64(at + 24, 1n)
  memory.setU64(at + 32, BigInt(size))
}

function offset(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value)
  if (unsigned > MAX_OFFSET) throw new WasiError('inval')
  return Number(unsigned)
}

const total = (buffers: readonly Uint8Array[]): number => buffers.reduce((sum, b) => sum + b.length, 0)

function readFrom(guest: Guest, open: OpenFile, at: number, buffers: readonly Uint8Array[]): number {
  if (!open.readable) throw new WasiError('badf')
  const source = open.file.content().subarray(at, at + total(buffers))
  guest.charge(source.length / BYTES_PER_GAS)
  let done = 0
  for (const buffer of buffers) {
    buffer.set(source.subarray(done, done + buffer.length))
    done = Math.min(done + buffer.length, source.length)
  }
  return done
}

function writeTo(guest: Guest, open: OpenFile, at: number, buffers: readonly Uint8Array[]): number {
  if (!open.writable) throw new WasiError('badf')
  const length = total(buffers)
  // A hole in front of the data is filled with zeros, which is work too.
  guest.charge((length + Math.max(0, at - open.file.size)) / BYTES_PER_GAS)
  let done = 0
  for (const buffer of buffers) {
    if (buffer.length > 0) open.file.write(at + done, buffer)
    done += buffer.length
  }
  return done
}

function read(guest: Guest, fd: number, buffers: readonly Uint8Array[]): number {
  const open = guest.descriptors.get(fd)
  if (open.kind === 'input') return 0
  if (open.kind === 'output') throw new WasiError('badf')
  const file = guest.descriptors.file(fd)
  const done = readFrom(guest, file, file.position, buffers)
  file.position += done
  return done
}

function write(guest: Guest, fd: number, buffers: readonly Uint8Array[]): number {
  const open = guest.descriptors.get(fd)
  if (open.kind === 'output') {
    for (const buffer of buffers) open.write(buffer)
    return total(buffers)
  }
  if (open.kind === 'input') throw new WasiError('badf')
  const file = guest.descriptors.file(fd)
  const at = file.append ? file.file.size : file.position
  const done = writeTo(guest, file, at, buffers)
  file.position = at + done
  return done
}

function seek(open: OpenFile, by: bigint, whence: number): bigint {
  const from = [0n, BigInt(open.position), BigInt(open.file.size)][whence]
  if (from === undefined) throw new WasiError('inval')
  const to = from + by
  if (to < 0n || to > MAX_OFFSET) throw new WasiError('inval')
  open.position = Number(to)
  return to
}

function resize(guest: Guest, fd: number, size: number): number {
  const open = guest.descriptors.file(fd)
  if (!open.writable) throw new WasiError('badf')
  guest.charge(Math.abs(size - open.file.size) / BYTES_PER_GAS)
  open.file.resize(size)
  return success
}

/** Entries from `cookie` on, as many bytes of them as fit; the last one may be cut, as the standard says. */
function readFolder(guest: Guest, fd: number, buffer: number, length: number, cookie: bigint): number {
  const { folder } = guest.descriptors.folder(fd)
  const names: [string, Node][] = [['.', folder], ['..', folder.parent ?? folder], ...folder.entries]
  guest.charge(names.length)
  const target = guest.memory.bytes(buffer, length)
  let used = 0
  for (let i = Number(BigInt.asUintN(32, cookie)); i < names.length && used < length; i++) {
    const [name, node] = names[i] ?? ['', folder]
    const entry = directoryEntry(name, node, BigInt(i + 1))
    const part = entry.subarray(0, length - used)
    guest.charge(part.length / BYTES_PER_GAS)
    target.set(part, used)
    used += part.length
  }
  return used
}

function directoryEntry(name: string, node: Node, next: bigint): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  const entry = new Uint8Array(24 + bytes.length)
  const view = new DataView(entry.buffer)
  view.setBigUint64(0, next, true)
  view.setBigUint64(8, node.inode, true)
  view.setUint32(16, bytes.length, true)
  entry[20] = fileType(node)
  entry.set(bytes, 24)
  return entry
}

function fileStat(guest: Guest, fd: number, out: number): number {
  const open = guest.descriptors.get(fd)
  if (open.kind === 'file') writeFileStat(guest, out, FILE_TYPE.file, open.file.inode, open.file.size)
  else if (open.kind === 'folder') writeFileStat(guest, out, FILE_TYPE.folder, open.folder.inode, 0)
  else writeFileStat(guest, out, FILE_TYPE.character, 0n, 0)
  return success
}

function descriptorStat(guest: Guest, fd: number, out: number): number {
  const { memory } = guest
  const open = guest.descriptors.get(fd)
  const type =
    open.kind === 'file' ? FILE_TYPE.file : open.kind === 'folder' ? FILE_TYPE.folder : FILE_TYPE.character
  memory.bytes(out, 24).fill(0)
  memory.setU8(out, type)
  memory.setU16(out + 2, open.kind === 'file' && open.append ? 1 : 0)
  memory.setU64(out + 8, rights(open))
  memory.setU64(out + 16, open.kind === 'folder' ? ALL_RIGHTS : 0n)
  return success
}

/** A stream that cannot seek or tell is a terminal to wasi-libc: it then sends each line at once. */
function rights(open: Descriptor): bigint {
  return open.kind === 'input' || open.kind === 'output' ? ALL_RIGHTS & ~0b100100n : ALL_RIGHTS
}

function preopen(guest: Guest, fd: number): Uint8Array {
  const open = guest.descriptors.get(fd)
  if (open.kind !== 'folder' || open.preopen === undefined) throw new WasiError('badf')
  return new TextEncoder().encode(open.preopen)
}

/** Reading, writing and moving in a file. */
function transferCalls(guest: Guest): HostCalls {
  const { memory, descriptors } = guest
  return {
    fd_read: (fd: number, vectors: number, count: number, out: number) => {
      memory.setU32(out, read(guest, fd, memory.vectors(vectors, count)))
      return success
    },
    fd_write: (fd: number, vectors: number, count: number, out: number) => {
      memory.setU32(out, write(guest, fd, memory.vectors(vectors, count)))
      return success
    },
    fd_pread: (fd: number, vectors: number, count: number, at: bigint, out: number) => {
      memory.setU32(out, readFrom(guest, descriptors.file(fd), offset(at), memory.vectors(vectors, count)))
      return success
    },
    fd_pwrite: (fd: number, vectors: number, count: number, at: bigint, out: number) => {
      memory.setU32(out, writeTo(guest, descriptors.file(fd), offset(at), memory.vectors(vectors, count)))
      return success
    },
    fd_seek: (fd: number, by: bigint, whence: number, out: number) => {
      memory.setU64(out, seek(descriptors.file(fd), by, whence))
      return success
    },
    fd_tell: (fd: number, out: number) => {
      memory.setU64(out, BigInt(descriptors.file(fd).position))
      return success
    },
    fd_filestat_set_size: (fd: number, size: bigint) => resize(guest, fd, offset(size)),
    fd_allocate: (fd: number, at: bigint, length: bigint) =>
      resize(guest, fd, Math.max(descriptors.file(fd).file.size, offset(at) + offset(length)))
  }
}

export function fdCalls(guest: Guest): HostCalls {
  const { memory, descriptors } = guest
  const exists = (fd: number): number => {
    descriptors.get(fd)
    return success
  }
  return {
    ...transferCalls(guest),
    fd_advise: exists,
    fd_datasync: exists,
    fd_sync: exists,
    fd_fdstat_set_rights: exists,
    fd_filestat_set_times: exists,
    fd_close: (fd: number) => {
      descriptors.close(fd)
      return success
    },
    fd_renumber: (from: number, to: number) => {
      descriptors.renumber(from, to)
      return success
    },
    fd_filestat_get: (fd: number, out: number) => fileStat(guest, fd, out),
    fd_fdstat_get: (fd: number, out: number) => descriptorStat(guest, fd, out),
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const open = descriptors.get(fd)
      if (open.kind === 'file') open.append = (flags & 1) === 1
      return success
    },
    fd_prestat_get: (fd: number, out: number) => {
      memory.setU32(out, 0)
      memory.setU32(out + 4, preopen(guest, fd).length)
      return success
    },
    fd_prestat_dir_name: (fd: number, buffer: number, length: number) => {
      const name = preopen(guest, fd)
      if (name.length > length) throw new WasiError('nametoolong')
      memory.bytes(buffer, name.length).set(name)
      return success
    },
    fd_readdir: (fd: number, buffer: number, length: number, cookie: bigint, out: number) => {
      memory.setU32(out, readFolder(guest, fd, buffer, length, cookie))
      return success
    }
  }
}
