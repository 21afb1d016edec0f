/** Terms and amounts of the agreements in the game. */
import { applyCall, feeOf, type Rules as EscrowRules } from '../../../src/protocol/machines/escrow-rules.ts'
import { secondsAt, TICK, type AmountIndex } from './layout.ts'
import type { Game } from './config.ts'

const PRICE = 1_000n
const BOND = 100n
const FEE_BPS = 100n
/** Ticks: open up to 1, deliver up to 3, dispute within 2, rule within 1. */
const OPEN_BY = 1
const DELIVER_BY = 3
/** Progress of the checkpoint of a first and of a resumed attempt, in basis points. */
const FIRST = 5_000
const SECOND = 7_500

export interface DuelTerms extends EscrowRules {
  readonly amounts: readonly [bigint, bigint, bigint]
}

export function termsOf(game: Game, duel: number, resumed: boolean): DuelTerms {
  const later = duel === 0 ? 0 : game.config.later
  const price = resumed ? game.rules.resumedPrice(PRICE, FIRST) : PRICE
  const begun = resumed ? FIRST : 0
  return {
    price,
    bond: BOND,
    feeBps: FEE_BPS,
    openBy: secondsAt(OPEN_BY + later),
    deliverBy: secondsAt(DELIVER_BY + later),
    challengeWindow: Number(2n * TICK),
    arbitrationWindow: Number(TICK),
    splitBps: 0,
    amounts: [0n, game.rules.earned(price, begun, resumed ? SECOND : FIRST), price]
  }
}

/** All agreements of a game: by duel, then plain or resumed. */
export const allTerms = (game: Game): DuelTerms[][] =>
  game.config.providers.map((_, d) => [termsOf(game, d, false), termsOf(game, d, true)])

export const amountAt = (t: DuelTerms, index: number): bigint => t.amounts[index as AmountIndex]
export const CHECKPOINT_PROGRESS = FIRST
export { applyCall, feeOf, BOND, PRICE }
