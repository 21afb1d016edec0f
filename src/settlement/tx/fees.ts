/** Explicit fees (EIP-1559): twice the base fee plus the node's suggested tip. */
import type { Clock } from '../../protocol/ports/clock.ts'
import { RpcRefused, malformed, toQuantity } from '../rpc/rpc.ts'
import type { Rpc } from '../rpc/reliable.ts'

export interface Fees {
  readonly maxFee: bigint
  readonly tip: bigint
}

/** What a transaction should offer now. */
export interface FeesNow extends Fees {
  /** Of the newest block: one that offers less is not mined. */
  readonly base: bigint
}

/** The base fee is read again after this many milliseconds. */
const FRESH_MS = 1000
/** Tip where the node suggests none: 1 gwei. */
const TIP_DEFAULT = 1_000_000_000n

/** A node's refusal that says nothing of the call: the base fee rose above the offer since it was asked for. */
export const tooCheap = ({ message }: RpcRefused): boolean =>
  /less than (the )?(block )?base ?fee|base fee exceeds|fee ?cap less than|feetoolow/i.test(message)

/** Raises both fees by a quarter (nodes ask for at least a tenth), for a replacement. */
export const raised = (f: Fees): Fees => ({ maxFee: (f.maxFee * 5n) / 4n + 1n, tip: (f.tip * 5n) / 4n + 1n })

/** A source of fees with a short memory. `cap` limits the fee per gas in wei. */
export function feeSource(
  rpc: Rpc,
  clock: Clock,
  cap: bigint | undefined
): (signal?: AbortSignal) => Promise<FeesNow> {
  let known: { at: number; fees: FeesNow } | undefined
  const tipNow = async (signal?: AbortSignal): Promise<bigint> => {
    try {
      return toQuantity(await rpc.call('eth_maxPriorityFeePerGas', [], { signal }), 'tip')
    } catch (e) {
      if (e instanceof RpcRefused) return TIP_DEFAULT // a node without this method
      throw e
    }
  }
  return async signal => {
    if (known !== undefined && clock.monotonic() - known.at < FRESH_MS) return known.fees
    const [block, tip] = await Promise.all([
      rpc.call('eth_getBlockByNumber', ['latest', false], { signal }),
      tipNow(signal)
    ])
    if (block === null || typeof block !== 'object') throw malformed('block')
    const base = toQuantity('baseFeePerGas' in block ? block.baseFeePerGas : '0x0', 'base fee')
    const wanted = base * 2n + tip
    const maxFee = cap !== undefined && cap < wanted ? cap : wanted
    const fees = { maxFee, tip: tip < maxFee ? tip : maxFee, base }
    known = { at: clock.monotonic(), fees }
    return fees
  }
}
