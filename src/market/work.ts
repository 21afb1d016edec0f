/**
 * How much work a price buys, and what work that was metered has earned. Both sides ask these functions, so that what a message says about
 * progress decides nothing: the signed price bounds the work, the metered work bounds the pay. Pure; amounts in the token's smallest unit,
 * work in the engine's billing units.
 */

const BPS = 10_000n
/** The least share of an offer's work that an agreement may buy: what starting and fetching cost is not metered. */
const REST_LEAST_BPS = 500n
/** Share of the price that checkpoints can earn together; the rest is for the result, which must stay worth delivering. */
const CHECKPOINT_SHARE_BPS = 9_000n
/** How many times as fast as its own bid says a provider may turn out to be: programs differ from the benchmark by as much. */
const FASTER = 4n
/** What a requester adds to the time that it has seen: the provider began before the answer came, ms. */
export const BEGAN_EARLIER_MS = 2_000

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** What a bid covers: its price buys `gas`. */
export interface Rate {
  readonly price: bigint
  readonly gas: bigint
}

/** The work that `price` buys at a bid's rate: never more than the bid covers. */
export const gasFor = (price: bigint, bid: Rate): bigint =>
  bid.price === 0n ? bid.gas : min(bid.gas, (price * bid.gas) / bid.price)

/** What `gas` of the bid's work costs, rounded up, so that it buys all of it; at least one unit. */
export const priceFor = (gas: bigint, bid: Rate): bigint =>
  bid.gas === 0n ? max(1n, bid.price) : max(1n, (bid.price * gas + bid.gas - 1n) / bid.gas)

/** The least work that an agreement under this bid may buy. */
export const leastGas = (bid: Rate): bigint => (bid.gas * REST_LEAST_BPS) / BPS

/** The work that is left after `used`, as much as an agreement must buy at least. */
export const restOf = (used: bigint, bid: Rate): bigint =>
  max(leastGas(bid), used >= bid.gas ? 0n : bid.gas - used)

/** What `used` of the `gas` that a price bought is worth, rounded down. */
export const worth = (used: bigint, { price, gas }: Rate): bigint =>
  gas === 0n ? 0n : (price * min(used, gas)) / gas

/** What a checkpoint after `used` has earned. */
export const earned = (used: bigint, bought: Rate): bigint =>
  (worth(used, bought) * CHECKPOINT_SHARE_BPS) / BPS

/** Engines whose work is one thread's: what is metered cannot be more than time allows. The others count nanoseconds of any number of cores. */
const ONE_THREAD: ReadonlySet<string> = new Set(['wasm'])

/** As much of what is said to be metered as can have been done in `ms` at the bid's `speed` (units per second). */
export function plausible(used: bigint, engine: string, ms: number, speed: bigint): bigint {
  if (!ONE_THREAD.has(engine)) return used
  const ever = (speed * FASTER * BigInt(Math.max(0, Math.ceil(ms)))) / 1_000n
  return min(used, ever)
}

/** What a provider may be faster than its own bid says before it is looked at more closely, percent. */
const FAST_PERCENT = 125n

/** Whether more is said to be metered than a provider with the speed of this bid does in `ms`: it may be true, and should be looked at. */
export const isFast = (used: bigint, engine: string, ms: number, speed: bigint): boolean =>
  ONE_THREAD.has(engine) && used * 100_000n > speed * BigInt(Math.max(0, Math.ceil(ms))) * FAST_PERCENT
