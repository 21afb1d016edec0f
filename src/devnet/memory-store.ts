/** A Store that forgets: for readers that send no transactions. */
import type { Store } from '../protocol/ports/store.ts'

export function memoryStore(): Store {
  const map = new Map<string, Uint8Array>()
  return {
    get: async key => map.get(key),
    batch: async ops => {
      for (const op of ops) {
        if ('put' in op) map.set(op.put, op.value)
        else map.delete(op.del)
      }
    },
    async *range(prefix, options = {}) {
      const keys = [...map.keys()].filter(k => k.startsWith(prefix)).sort()
      if (options.reverse === true) keys.reverse()
      for (const key of keys.slice(0, options.limit)) yield [key, map.get(key) ?? new Uint8Array()] as const
    },
    close: async () => map.clear()
  }
}
