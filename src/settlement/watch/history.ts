/** Looks for the events of one agreement, from the head backwards, page by page. */
import { ShoalError } from '../../protocol/errors.ts'
import type { AgreementId } from '../../protocol/ids.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { CallOptions, NetworkParameters, SettlementEvent } from '../../protocol/ports/settlement.ts'
import type { Rpc } from '../rpc/reliable.ts'
import { toNumber } from '../rpc/rpc.ts'
import { decodeLog } from './decode.ts'
import type { LogPages } from './log-pages.ts'

/** Pages that are read at most: a million blocks of the default size. */
const PAGES_MAX = 500
/** Queries that may fail in one search: pages of 2,000 blocks are halved eleven times down to one. */
const FAILURES_MAX = 12

export interface HistoryParts {
  readonly rpc: Rpc
  readonly clock: Clock
  readonly network: NetworkParameters
  readonly pages: LogPages
}

/** Every agreement begins with `opened`, so the search ends there. CHAIN_UNREACHABLE when events cannot be read, soon: a look waits for it. */
export async function historyOf(
  { rpc, clock, network, pages }: HistoryParts,
  id: AgreementId,
  { signal }: CallOptions = {}
): Promise<SettlementEvent[]> {
  const found: SettlementEvent[] = []
  const filter = { address: network.escrow, topics: [null, id] }
  let to = toNumber(await rpc.call('eth_blockNumber', [], { signal }), 'block number')
  let failures = 0
  for (let page = 0; page < PAGES_MAX && to >= network.fromBlock;) {
    try {
      const part = await pages.read(filter, { from: network.fromBlock, to }, { signal, backwards: true })
      // a node that ignores the filter is not believed
      const events = part.logs.flatMap(l => decodeLog(l) ?? []).filter(e => e.agreement === id)
      found.unshift(...events)
      if (events.some(e => e.kind === 'opened')) break
      to = part.from - 1
      page++
    } catch (cause) {
      if (signal?.aborted === true) throw cause
      if (++failures > FAILURES_MAX || pages.isSmallest)
        throw new ShoalError('CHAIN_UNREACHABLE', 'the events of an agreement cannot be read', { cause })
      await clock.sleep(pages.pauseMs, signal)
    }
  }
  return found.sort((a, b) => a.cursor.block - b.cursor.block || a.cursor.index - b.cursor.index)
}
