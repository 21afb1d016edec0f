/**
 * The escrow of one agreement as a pure table: what `contracts/src/Escrow.sol` decides, in TypeScript. Both sides' flows ask it when a
 * call is due, the game check searches it, and test/contracts/escrow-table.test.ts proves it equal to the contract.
 */
import type { Agreement } from '../eip712.ts'
import type { Escrow, EscrowOutcome } from '../ports/settlement.ts'

/** The terms that the contract's decisions depend on. */
export type Terms = Pick<
  Agreement,
  'price' | 'bond' | 'openBy' | 'deliverBy' | 'challengeWindow' | 'arbitrationWindow' | 'splitBps'
>

/** One escrow as the contract keeps it. */
export interface Slot extends Escrow {
  readonly outcome: EscrowOutcome | undefined
}

export const emptySlot: Slot = {
  state: 'none',
  outcome: undefined,
  acknowledged: 0n,
  claim: 0n,
  deliveredAt: 0n,
  disputedAt: 0n
}

/** What one side sees of the chain: the escrow, and the chain's time in seconds. */
export interface ChainView {
  readonly escrow: Escrow
  readonly now: bigint
}

/**
 * Terms of the contracts of generation 1: only those split a price when an arbiter is silent. They know no grace, no claims and no
 * disputes about checkpoints.
 */
export const isFirstGeneration = (a: Pick<Terms, 'splitBps'>): boolean => a.splitBps > 0

/** What the provider says it has earned: nothing before a delivery, nor in a dispute about a checkpoint. */
export const claimOf = (e: Escrow, a: Pick<Terms, 'price'>): bigint => {
  if (e.deliveredAt === 0n) return 0n
  return e.claim === 0n ? a.price : e.claim
}

/**
 * What of the requester's money is locked beside the price, and goes to the provider as far as a ruling is for it: as much as the
 * provider's bond, at least a tenth of the price, rounded up.
 */
export const disputeBondOf = (a: Pick<Terms, 'price' | 'bond'>): bigint => {
  const tenth = (a.price + 9n) / 10n
  return a.bond > tenth ? a.bond : tenth
}

/** The last second in which a receipt for something that was never delivered counts for sure; a refund is possible after it. */
export const graceEnds = (a: Pick<Terms, 'deliverBy' | 'challengeWindow' | 'splitBps'>): bigint =>
  isFirstGeneration(a) ? a.deliverBy : a.deliverBy + BigInt(a.challengeWindow)

/** The last second at which the escrow can still be waiting for anybody: delivered at the last moment, disputed at the last moment, never ruled on. */
export const lastEndOf = (a: Terms): bigint =>
  (a.openBy > a.deliverBy ? a.openBy : a.deliverBy) +
  2n * BigInt(a.challengeWindow) +
  BigInt(a.arbitrationWindow)

/** The last second in which a delivery can be disputed; anyone may release after it. */
export const challengeEnds = (e: Escrow, a: Pick<Terms, 'challengeWindow'>): bigint =>
  e.deliveredAt + BigInt(a.challengeWindow)

/** The last second in which the arbiter can rule; anyone may apply the split after it. */
export const arbitrationEnds = (e: Escrow, a: Pick<Terms, 'arbitrationWindow'>): bigint =>
  e.disputedAt + BigInt(a.arbitrationWindow)

/** The times of a call, `open` to `split`, in one place: true when the contract would not refuse it for its time or state. */
export const due = {
  open: ({ escrow, now }: ChainView, a: Terms): boolean => escrow.state === 'none' && now <= a.openBy,
  deliver: ({ escrow, now }: ChainView, a: Terms): boolean => escrow.state === 'open' && now <= a.deliverBy,
  refund: ({ escrow, now }: ChainView, a: Terms): boolean => escrow.state === 'open' && now > graceEnds(a),
  dispute: ({ escrow, now }: ChainView, a: Terms): boolean =>
    escrow.state === 'delivered' && now <= challengeEnds(escrow, a),
  /** Nothing was delivered: against a checkpoint that was acknowledged and was a lie. */
  disputeCheckpoint: ({ escrow, now }: ChainView, a: Terms): boolean =>
    escrow.state === 'open' && now > a.deliverBy && now <= graceEnds(a),
  release: ({ escrow, now }: ChainView, a: Terms): boolean =>
    escrow.state === 'delivered' && now > challengeEnds(escrow, a),
  rule: ({ escrow, now }: ChainView, a: Terms): boolean =>
    escrow.state === 'disputed' && now <= arbitrationEnds(escrow, a),
  split: ({ escrow, now }: ChainView, a: Terms): boolean =>
    escrow.state === 'disputed' && now > arbitrationEnds(escrow, a)
} as const

/** Open, delivered or disputed: money is locked. */
export const isLive = (e: Escrow): boolean =>
  e.state === 'open' || e.state === 'delivered' || e.state === 'disputed'
