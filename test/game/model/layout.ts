/** A state of the game as bytes: some globals, then one block for each agreement. */

/** Seconds of one tick: the margins of both sides are one or two of them. */
export const TICK = 10n
/** The first tick, in seconds: not 0, which means never in the escrow's slot. */
const START = 1_000n
/** The chain's time in a tick. */
export const secondsAt = (tick: number): bigint => START + BigInt(tick) * TICK

export const G = {
  tick: 0,
  requesterOutages: 1,
  providerOutages: 2,
  requesterWasOut: 3,
  providerWasOut: 4
} as const
export const GLOBALS = 5

export const D = {
  /** The escrow: state, outcome, acknowledged amount and claim below the price (as indexes), ticks of delivery and dispute plus one. */
  escrow: 0,
  outcome: 1,
  known: 2,
  claim: 3,
  deliveredAt: 4,
  disputedAt: 5,
  /** The requester's machine (0: not proposed), the amount that it has signed for, what it knows (FLAG). */
  requester: 6,
  signed: 7,
  flags: 8,
  /** The provider's machine (0: nothing signed), the receipt that it holds. */
  provider: 9,
  held: 10,
  /** The receipt it held at the end of a tick of the grace or before, and up to SECURE before the deadline: what it cannot lose any more. */
  secured: 11,
  securedEarly: 12,
  /** Messages between honest parties that were sent; each may arrive at any later time, often, or never. */
  sent: 13,
  /** Transactions on their way. */
  requesterTx: 14,
  providerTx: 15,
  /** Whether the provider's signature is known to others (SIG), and the releases that the provider signed: bit n for amount n. */
  public: 16,
  release: 17,
  /** 1: the agreement pays for the rest of a resumed shard. */
  resumed: 18
} as const
export const BLOCK = 19
/** How many of the fields the chain keeps: those from `escrow` to `disputedAt`. */
export const ON_CHAIN = 6

export const FLAG = { wrong: 1, fetched: 2, refused: 4, checkpoint: 8 } as const
export const SIG = { provider: 2 } as const
export const SENT = {
  agree: 1,
  start: 2,
  started: 4,
  checkpoint: 8,
  result: 16,
  failed: 32,
  cancel: 64
} as const

export const ESCROW = ['none', 'open', 'delivered', 'disputed', 'closed'] as const
export const OUTCOME = [undefined, 'accepted', 'released', 'refunded', 'cancelled', 'ruled', 'split'] as const
export const REQUESTER = [
  undefined,
  'awarded',
  'agreed',
  'withdrawn',
  'open',
  'started',
  'delivered',
  'accepted',
  'lost',
  'disputed',
  'declined',
  'settled',
  'refunded',
  'cancelled',
  'resolved'
] as const
export const PROVIDER = [
  undefined,
  'agreed',
  'started',
  'finished',
  'delivered',
  'failed',
  'expired',
  'paid',
  'refunded',
  'cancelled',
  'resolved'
] as const

/** Amounts by index: nothing, a checkpoint, the price. */
export type AmountIndex = 0 | 1 | 2

/** Calls that a party has sent to the chain. */
export const TX = [
  undefined,
  'open',
  'acknowledge 1',
  'acknowledge 2',
  'refund 0',
  'refund 1',
  'refund 2',
  'dispute',
  'release',
  'split',
  'cancel 0',
  'cancel 1',
  'cancel 2',
  'deliver 2',
  'acknowledge 1, deliver 2',
  'acknowledge 2, deliver 2'
] as const
export type TxName = Exclude<(typeof TX)[number], undefined>
export const txIndex = (name: TxName): number => TX.indexOf(name)

export const base = (duel: number): number => GLOBALS + duel * BLOCK
