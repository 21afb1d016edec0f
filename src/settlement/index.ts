/**
 * What src/peer and src/devnet use of this room. For a fast start import `keys/operator.ts`, `keys/typed.ts` and `network.ts`
 * themselves: they load neither contracts nor RPC.
 */
import type { ChainClock } from '../protocol/ports/chain-clock.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { Logger } from '../protocol/ports/log.ts'
import type { Random } from '../protocol/ports/random.ts'
import { httpRpc } from './rpc/adapters/http-rpc.ts'
import { reliableRpc, type Rpc } from './rpc/reliable.ts'
import { BlockClock } from './time/chain-clock.ts'
import { watched } from './time/sightings.ts'

export { startEmbeddedChain, type EmbeddedChain, type EmbeddedChainOptions } from './chain/embedded.ts'
export { deployContracts, type DeployParts } from './deploy.ts'
export {
  createOperatorKey,
  createTransactionKey,
  operatorAddress,
  type OperatorSigner
} from './keys/operator.ts'
export { domainOf, typedDataVerifier, typedDigest } from './keys/typed.ts'
export { formatNetwork, loadNetwork, networkDigest } from './network.ts'
export { createSettlement, type SettlementOptions, type SettlementParts } from './settlement.ts'
export { verifyNetwork } from './verify.ts'
export { logLimit, type LogLimit } from './watch/probe.ts'

/** A clock that goes by the blocks which pass by in the answers of the RPC that comes with it. */
export function watchClock(rpc: Rpc, clock: Clock): { readonly rpc: Rpc; readonly clock: ChainClock } {
  const blocks = new BlockClock(clock)
  return { rpc: watched(rpc, clock, blocks), clock: blocks }
}

/** An RPC with retries, for deployContracts and verifyNetwork. Close it after use. */
export const connectRpc = (parts: {
  readonly rpcUrl: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Longest wait for an RPC that is away, in milliseconds; default 10 s. */
  readonly patienceMs?: number
}): Rpc => reliableRpc({ ...parts, transport: httpRpc(parts.rpcUrl), patienceMs: parts.patienceMs ?? 10_000 })
