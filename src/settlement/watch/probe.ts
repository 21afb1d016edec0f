/** How many blocks of events an RPC gives at once: for people who want to know why jobs settle late. */
import type { CallOptions, NetworkParameters } from '../../protocol/ports/settlement.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { quantity, RpcRefused, toNumber } from '../rpc/rpc.ts'

/** Sizes that are tried, the usual one first. */
const SIZES = [2_000, 500, 100, 10, 1] as const

export interface LogLimit {
  /** Largest range that was answered; 0 when none was. */
  readonly blocks: number
  /** Why a larger one was refused; undefined when the largest was answered. */
  readonly reason: string | undefined
}

/** Asks for the newest events in ranges of falling size. Throws CHAIN_UNREACHABLE when the RPC does not answer. */
export async function logLimit(
  rpc: Rpc,
  network: NetworkParameters,
  { signal }: CallOptions = {}
): Promise<LogLimit> {
  const head = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
  let reason: string | undefined
  for (const size of SIZES) {
    const fromBlock = quantity(Math.max(network.fromBlock, head - size + 1, 0))
    const filter = { address: network.escrow, fromBlock, toBlock: quantity(head) }
    try {
      await rpc.call('eth_getLogs', [filter], { signal })
      return { blocks: size, reason }
    } catch (e) {
      if (!(e instanceof RpcRefused)) throw e
      reason = e.message
    }
  }
  return { blocks: 0, reason }
}
