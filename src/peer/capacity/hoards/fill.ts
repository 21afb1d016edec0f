/** Makes all blocks of a data set, one after the other, without holding up the event loop for long. */
import { HashTree, leafOf } from '../../../market/hash-tree.ts'
import { recipeOf } from '../../../market/hoard.ts'
import { BLOCK } from '../../../protocol/limits.ts'
import type { HoardSpec } from '../../../protocol/ports/capacity.ts'
import type { Clock } from '../../../protocol/ports/clock.ts'

/** How long the event loop may wait, ms. */
const TURN_MS = 10

/** Lets others run when this has gone on for some milliseconds. */
export function turns(clock: Clock, signal: AbortSignal): () => Promise<void> {
  let begun = clock.monotonic()
  return async () => {
    if (clock.monotonic() - begun < TURN_MS) return
    await clock.sleep(0, signal)
    begun = clock.monotonic()
  }
}

export const blockAt = (data: Uint8Array, index: number): Uint8Array =>
  data.subarray(index * BLOCK, (index + 1) * BLOCK)

/** The whole data set in memory, and its tree. CANCELLED. */
export async function fill(
  spec: HoardSpec,
  clock: Clock,
  signal: AbortSignal
): Promise<{ data: Uint8Array; tree: HashTree }> {
  const data = new Uint8Array(spec.blocks * BLOCK)
  const leaves = new Uint8Array(spec.blocks * 32)
  const recipe = recipeOf(spec)
  const turn = turns(clock, signal)
  for (let i = 0; i < spec.blocks; i++) {
    const sources = recipe.sources(i).map(s => blockAt(data, s))
    const block = recipe.make(i, sources)
    data.set(block, i * BLOCK)
    leaves.set(leafOf(block), i * 32)
    await turn()
  }
  return { data, tree: new HashTree(leaves) }
}
