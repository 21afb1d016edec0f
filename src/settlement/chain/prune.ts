/** Takes old empty blocks out of a dumped state, so that a chain that only waits does not grow without end. */
import { z } from 'zod'
import { check, parseJson } from '../../protocol/codec.ts'

/** Newest blocks that stay whatever they hold: watchers and clients look back this far. */
export const BLOCKS_KEPT = 2000

const schema = z.looseObject({
  best_block_number: z.union([z.number(), z.string()]).transform(Number),
  blocks: z.array(
    z.looseObject({ header: z.looseObject({ number: z.string() }), transactions: z.array(z.unknown()) })
  )
})

/**
 * The state without empty blocks older than `kept`; the first block and all that hold transactions stay. Logs, receipts and
 * balances are untouched. RECORD_INVALID when it is no dumped state.
 */
export function pruneBlocks(state: string, kept = BLOCKS_KEPT): string {
  const parsed = parseJson(state, 'chain state')
  const { best_block_number: best, blocks } = check(schema, parsed, 'chain state')
  const stays = (b: (typeof blocks)[number]): boolean => {
    const number = Number(b.header.number)
    return b.transactions.length > 0 || number === 0 || number > best - kept
  }
  return JSON.stringify({ ...(parsed as object), blocks: blocks.filter(stays) })
}
