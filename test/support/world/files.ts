/** A file system in memory. */
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Files, FileEntry } from '../../../src/protocol/ports/files.ts'

const bytesOf = async (data: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  if (data instanceof Uint8Array) return data
  const parts: Uint8Array[] = []
  for await (const p of data) parts.push(p)
  return new Uint8Array(Buffer.concat(parts))
}

export function memoryFiles(): Files {
  const files = new Map<string, Uint8Array>()
  const folders = new Set<string>(['/'])
  const must = (path: string): Uint8Array => {
    const found = files.get(path)
    if (found === undefined) throw new ShoalError('FILE_NOT_FOUND', `no such file: ${path}`)
    return found
  }
  const under = (path: string): string[] => [...files.keys()].filter(f => f.startsWith(`${path}/`))
  let made = 0
  return {
    read: async path => must(path),
    async *stream(path, { start = 0, end } = {}) {
      yield must(path).subarray(start, end)
    },
    write: async (path, data) => void files.set(path, await bytesOf(data)),
    stat: async path => {
      const found = files.get(path)
      if (found !== undefined) return { kind: 'file', size: found.byteLength }
      return folders.has(path) || under(path).length > 0 ? { kind: 'folder', size: 0 } : undefined
    },
    list: async path => {
      const names = new Map<string, FileEntry>()
      for (const f of under(path)) {
        const [name = '', ...rest] = f.slice(path.length + 1).split('/')
        names.set(name, { name, kind: rest.length === 0 ? 'file' : 'folder' })
      }
      return [...names.values()]
    },
    makeFolder: async path => void folders.add(path),
    remove: async path => {
      files.delete(path)
      folders.delete(path)
      for (const f of under(path)) files.delete(f)
    },
    rename: async (from, to) => {
      const found = files.get(from)
      if (found !== undefined) files.set(to, found)
      files.delete(from)
      for (const f of under(from)) {
        files.set(to + f.slice(from.length), must(f))
        files.delete(f)
      }
      if (folders.delete(from)) folders.add(to)
    },
    temporaryFolder: async prefix => `/tmp/${prefix}${++made}`
  }
}
