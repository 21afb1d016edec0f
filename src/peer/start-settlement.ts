/** The first words with the chain. */
import { isShoalError, ShoalError } from '../protocol/errors.ts'
import type { Clock } from '../protocol/ports/clock.ts'
import type { Settlement } from '../protocol/ports/settlement.ts'
import { deadline, within } from '../protocol/signals.ts'

/** How long a chain may take to answer when a peer starts, ms. */
const CHAIN_START_MS = 15_000

/** Outages of a running peer are waited out; a person who starts one hears of a wrong address soon: CHAIN_UNREACHABLE. */
export async function startSettlement(
  settlement: Pick<Settlement, 'start'>,
  clock: Clock,
  rpcUrl: string,
  signal?: AbortSignal
): Promise<void> {
  const message = `the chain does not answer at ${rpcUrl}`
  const limit = deadline(clock, CHAIN_START_MS, 'CHAIN_UNREACHABLE', message, signal)
  try {
    await within(limit, s => settlement.start(s))
  } catch (cause) {
    if (!isShoalError(limit.signal.reason, 'CHAIN_UNREACHABLE')) throw cause
    throw new ShoalError('CHAIN_UNREACHABLE', message, {
      next: 'Check chain.rpcUrl, or start the chain with `shoal chain`.',
      cause
    })
  }
}
