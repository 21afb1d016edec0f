/** Explicit fees (EIP-1559): twice the base fee plus the node's suggested tip, under a cap. */
import type { Clock } from '../../protocol/ports/clock.ts'
import { RpcRefused, malformed, toNumber, toQuantity } from '../rpc/rpc.ts'
import type { Rpc } from '../rpc/reliable.ts'

export interface Fees {
  readonly maxFee: bigint
  readonly tip: bigint
}

/** What a transaction should offer now. */
export interface FeesNow extends Fees {
  /** Of the newest block: one that offers less is not mined. */
  readonly base: bigint
  /** That block. */
  readonly block: number
}

/** Bounds what is offered, by what gas has cost. */
export interface FeeBound {
  /** What gas costs now: base fee and tip in wei. `past` are base fees of earlier blocks, told once. */
  note(base: bigint, tip: bigint, past?: readonly bigint[]): void
  /** Highest fee per gas in wei. */
  highest(): bigint
}

const GWEI = 1_000_000_000n
/** The base fee is read again after this many milliseconds. */
const FRESH_MS = 1000
/** Tip where the node suggests none: 1 gwei. */
const TIP_DEFAULT = GWEI
/** Blocks whose base fees are read at first, where the node tells them (0x400: 1,024, the most that nodes serve). */
const HISTORY_BLOCKS = '0x400'

/** Without a word of the owner: so many times what gas usually costs, and within these bounds. */
const TIMES_USUAL = 20n
const CAP_MIN = GWEI
const CAP_MAX = 500n * GWEI
/** What gas usually costs is the median of so many samples, taken so far apart (milliseconds): the last two hours. */
const SAMPLES_MAX = 120
const SAMPLE_MS = 60_000

/** A node's refusal that says nothing of the call: the base fee rose above the offer since it was asked for. */
export const tooCheap = ({ message }: RpcRefused): boolean =>
  /less than (the )?(block )?base ?fee|base fee exceeds|fee ?cap less than|feetoolow/i.test(message)

/** Raises both fees by a quarter (nodes ask for at least a tenth), for a replacement. */
export const raised = (f: Fees): Fees => ({ maxFee: (f.maxFee * 5n) / 4n + 1n, tip: (f.tip * 5n) / 4n + 1n })

/** Fees that replace those of an earlier form and are no lower than what is asked now, where the cap allows that. */
export function replacing(earlier: Fees, now: Fees, cap: bigint): Fees {
  const higher = raised(earlier)
  const wanted = higher.maxFee > now.maxFee ? higher.maxFee : now.maxFee
  const tip = higher.tip > now.tip ? higher.tip : now.tip
  const maxFee = wanted < cap ? wanted : cap
  return { maxFee, tip: tip < maxFee ? tip : maxFee }
}

/** Nodes take a replacement only for a tenth more. */
export const replaces = (earlier: Fees, later: Fees): boolean => later.maxFee * 10n > earlier.maxFee * 11n

const median = (list: readonly bigint[]): bigint => {
  const sorted = [...list].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted[Math.floor(sorted.length / 2)] ?? 0n
}

/**
 * The owner's cap, or else a cap of its own: twenty times what gas usually costs (medians of base fee and tip over the last hours), from
 * 1 gwei to 500 gwei. A surge that lasts becomes usual within an hour; one that does not is waited out.
 */
export function feeBound(clock: Clock, owner: bigint | undefined): FeeBound {
  let samples: bigint[] = []
  let tips: bigint[] = []
  let sampledAt = -Infinity
  return {
    note: (base, tip, past = []) => {
      if (clock.monotonic() - sampledAt < SAMPLE_MS) return
      sampledAt = clock.monotonic()
      tips = [...tips, tip].slice(-SAMPLES_MAX)
      const seeds = past.length === 0 ? [] : [median(past)]
      // half of the samples that will be, so that the past outweighs the moment of the start
      if (samples.length === 0) samples = seeds.flatMap(s => Array.from({ length: SAMPLES_MAX / 2 }, () => s))
      samples = [...samples, base].slice(-SAMPLES_MAX)
    },
    highest: () => {
      if (owner !== undefined) return owner
      const derived = TIMES_USUAL * (median(samples) + median(tips))
      if (derived > CAP_MAX) return CAP_MAX
      return derived < CAP_MIN ? CAP_MIN : derived
    }
  }
}

async function orNone<T>(work: () => Promise<T>, none: T): Promise<T> {
  try {
    return await work()
  } catch (e) {
    if (e instanceof RpcRefused) return none // a node without this method
    throw e
  }
}

/** Base fees of earlier blocks; none where the node does not tell them. */
async function pastFees(rpc: Rpc, signal?: AbortSignal): Promise<bigint[]> {
  const answer = await orNone(
    () => rpc.call('eth_feeHistory', [HISTORY_BLOCKS, 'latest', []], { signal }),
    null
  )
  if (answer === null || typeof answer !== 'object' || !('baseFeePerGas' in answer)) return []
  const list = answer.baseFeePerGas
  return Array.isArray(list) ? list.slice(0, 2048).map(v => toQuantity(v, 'base fee')) : []
}

/** A source of fees with a short memory. `bound` limits the fee per gas; without one there is no limit. */
export function feeSource(
  rpc: Rpc,
  clock: Clock,
  bound: FeeBound | undefined
): (signal?: AbortSignal) => Promise<FeesNow> {
  let known: { at: number; fees: FeesNow } | undefined
  let past: readonly bigint[] | undefined
  return async signal => {
    if (known !== undefined && clock.monotonic() - known.at < FRESH_MS) return known.fees
    const [block, tip] = await Promise.all([
      rpc.call('eth_getBlockByNumber', ['latest', false], { signal }),
      orNone(
        async () => toQuantity(await rpc.call('eth_maxPriorityFeePerGas', [], { signal }), 'tip'),
        TIP_DEFAULT
      )
    ])
    if (bound !== undefined) past ??= await pastFees(rpc, signal)
    if (block === null || typeof block !== 'object' || !('number' in block)) throw malformed('block')
    const base = toQuantity('baseFeePerGas' in block ? block.baseFeePerGas : '0x0', 'base fee')
    bound?.note(base, tip, past)
    const wanted = base * 2n + tip
    const cap = bound?.highest() ?? wanted
    const maxFee = cap < wanted ? cap : wanted
    const fees = {
      ...{ maxFee, tip: tip < maxFee ? tip : maxFee, base },
      block: toNumber(block.number, 'block number')
    }
    known = { at: clock.monotonic(), fees }
    return fees
  }
}
