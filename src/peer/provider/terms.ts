/** What a provider's owner, its chain and this moment say about terms: what offers and agreements are held against. */
import type { PeerContext } from '../context.ts'
import type { PolicyKeeper } from '../policy/keeper.ts'
import type { Terms } from './agreements.ts'

export function termsOf(ctx: PeerContext, policy: PolicyKeeper | undefined): Terms {
  const { operator, card, settlement, chainNow, config } = ctx
  const { bond, bondLeast, arbiters } = policy?.provider ?? config.provider
  return {
    me: operator.address,
    beneficiary: card().beneficiary,
    arbiters: [settlement.network.arbiter, ...arbiters],
    bondMax: bond,
    bondLeast,
    inclusionMs: settlement.inclusionMs(),
    now: chainNow()
  }
}
