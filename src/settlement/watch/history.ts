/** Looks for the events of one agreement, from the head backwards, page by page. */
import type { AgreementId } from '../../protocol/ids.ts'
import type { CallOptions, NetworkParameters, SettlementEvent } from '../../protocol/ports/settlement.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { malformed, quantity, toNumber } from '../rpc/rpc.ts'
import { decodeLog } from './decode.ts'

/** Pages that are read at most: a million blocks of the default size. */
const PAGES_MAX = 500

export interface HistoryParts {
  readonly rpc: Rpc
  readonly network: NetworkParameters
  readonly pageBlocks: number
}

/** Every agreement begins with `opened`, so the search ends there. */
export async function historyOf(
  { rpc, network, pageBlocks }: HistoryParts,
  id: AgreementId,
  { signal }: CallOptions = {}
): Promise<SettlementEvent[]> {
  const found: SettlementEvent[] = []
  let to = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
  for (let page = 0; page < PAGES_MAX && to >= network.fromBlock; page++) {
    const from = Math.max(network.fromBlock, to - pageBlocks + 1)
    const filter = {
      address: network.escrow,
      fromBlock: quantity(from),
      toBlock: quantity(to),
      topics: [null, id]
    }
    const logs = await rpc.call('eth_getLogs', [filter], { signal })
    if (!Array.isArray(logs)) throw malformed('log list')
    // a node that ignores the filter is not believed
    const events = logs.flatMap(l => decodeLog(l) ?? []).filter(e => e.agreement === id)
    found.unshift(...events)
    if (events.some(e => e.kind === 'opened')) break
    to = from - 1
  }
  return found.sort((a, b) => a.cursor.block - b.cursor.block || a.cursor.index - b.cursor.index)
}
