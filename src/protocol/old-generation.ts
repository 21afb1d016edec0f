/** Networks whose contracts are of generation 1: what was begun on them is ended, nothing is begun. */
import { ShoalError } from './errors.ts'
import type { Settlement } from './ports/settlement.ts'

/** CHAIN_OLD_GENERATION, with what can still be done and what to do instead. */
export const oldGeneration = (): ShoalError =>
  new ShoalError(
    'CHAIN_OLD_GENERATION',
    "this network's contracts are of generation 1, which is no longer safe",
    {
      data: { generation: 1, wanted: 2 },
      next: 'Nothing new is bought or sold on it. What is under way is ended, and money can be withdrawn: shoal wallet withdraw AMOUNT. A new network is made with: shoal chain --folder NEW, or shoal devnet.'
    }
  )

/** Throws CHAIN_OLD_GENERATION when nothing new may be begun on the network. */
export function refuseOldGeneration({ generation }: Pick<Settlement, 'generation'>): void {
  if (generation === 1) throw oldGeneration()
}
