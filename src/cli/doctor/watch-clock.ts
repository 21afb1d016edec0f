/** The chain's time, from its blocks, for a machine on which no peer runs. */
import type { ChainTime } from '../../protocol/ports/chain-clock.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import { watchClock, type connectRpc } from '../../settlement/index.ts'
import type { Finding } from './check.ts'
import { clockFinding } from './clock.ts'

/** How long a chain is watched, milliseconds: one whose blocks are slow tells a running peer, not the doctor. */
const WATCH_MS = 4_500
const LOOK_MS = 100

/** Watches the chain for a few seconds; nothing when too few blocks come. */
export async function checkClock(
  clock: Clock,
  rpc: ReturnType<typeof connectRpc>,
  signal: AbortSignal
): Promise<Finding[]> {
  const { rpc: seen, clock: chain } = watchClock(rpc, clock)
  const end = clock.monotonic() + WATCH_MS
  let behind: ChainTime | undefined
  while (behind === undefined && clock.monotonic() < end) {
    await seen.call('eth_getBlockByNumber', ['latest', false], { signal })
    await clock.sleep(LOOK_MS, signal)
    behind = chain.behind()
  }
  return behind === undefined ? [] : [clockFinding(behind)]
}
