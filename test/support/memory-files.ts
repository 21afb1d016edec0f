/** One file in memory, read in chunks of a chosen size: for properties over many contents. Reading only. */
import type { Files } from '../../src/protocol/ports/files.ts'

export function memoryFile(content: Uint8Array, chunk: number): Files {
  const never = (): never => {
    throw new Error('this test file is read-only')
  }
  return {
    read: async () => content,
    async *stream(_path, options = {}) {
      const end = Math.min(options.end ?? content.length, content.length)
      for (let at = options.start ?? 0; at < end; at += chunk)
        yield content.subarray(at, Math.min(at + chunk, end))
    },
    stat: async () => ({ kind: 'file', size: content.length }),
    write: never,
    list: never,
    makeFolder: never,
    remove: never,
    rename: never,
    temporaryFolder: never
  }
}
