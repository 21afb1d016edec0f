/** Where a watcher stands: its cursor, and hashes of recent blocks by which it notices that the chain was replaced. */
import { z } from 'zod'
import { check } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { hex32, uint } from '../../protocol/fields.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { ChainCursor } from '../../protocol/ports/settlement.ts'
import type { Store } from '../../protocol/ports/store.ts'

/** A scanned block. */
export interface Mark {
  readonly block: number
  readonly hash: Hex32
}

export interface Marks {
  /** The last event that was handled. */
  readonly cursor: ChainCursor | undefined
  /** Ascending; the last one is the end of the last scanned page. */
  readonly blocks: readonly Mark[]
}

/** Hashes kept; with one page per half second this reaches back over a minute, further over quiet times. */
export const MARKS_MAX = 128

const schema = z.strictObject({
  cursor: z.strictObject({ block: uint(), index: uint() }).optional(),
  blocks: z.array(z.strictObject({ block: uint(), hash: hex32 })).max(MARKS_MAX)
})

export interface MarkStore {
  load(): Promise<Marks>
  save(marks: Marks): Promise<void>
}

/** Kept under `watch/<network>`. A damaged entry is JOURNAL_CORRUPT. */
export function markStore(store: Store, network: string): MarkStore {
  const key = `watch/${network}`
  return {
    load: async () => {
      const bytes = await store.get(key)
      if (bytes === undefined) return { cursor: undefined, blocks: [] }
      try {
        const read = check(schema, JSON.parse(new TextDecoder().decode(bytes)), 'watch')
        return { cursor: read.cursor, blocks: read.blocks }
      } catch (cause) {
        throw new ShoalError('JOURNAL_CORRUPT', 'the watch cursor cannot be read', { cause })
      }
    },
    save: async marks => {
      await store.batch([{ put: key, value: new TextEncoder().encode(JSON.stringify(marks)) }])
    }
  }
}
