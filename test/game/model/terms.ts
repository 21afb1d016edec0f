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
/** What the whole shard may meter, and what a first and a resumed attempt have metered of it at their checkpoints. */
const GAS = 10_000n
const FIRST = 5_000n
const SECOND = 7_500n

export interface DuelTerms extends EscrowRules {
  readonly amounts: readonly [bigint, bigint, bigint]
}

export function termsOf(game: Game, duel: number, resumed: boolean): DuelTerms {
  const later = duel === 0 ? 0 : game.config.later
  const { earned, gasFor, priceFor, restOf } = game.rules.work
  const bid = { price: PRICE, gas: GAS }
  const price = resumed ? priceFor(restOf(FIRST, bid), bid) : PRICE
  const bought = { price, gas: gasFor(price, bid) }
  const metered = resumed ? SECOND - FIRST : FIRST
  return {
    price,
    bond: BOND,
    feeBps: FEE_BPS,
    openBy: secondsAt(OPEN_BY + later),
    deliverBy: secondsAt(DELIVER_BY + later),
    challengeWindow: Number(2n * TICK),
    arbitrationWindow: Number(TICK),
    splitBps: 0,
    amounts: [0n, earned(metered, bought), price]
  }
}

/** All agreements of a game: by duel, then plain or resumed. */
export const allTerms = (game: Game): DuelTerms[][] =>
  game.config.providers.map((_, d) => [termsOf(game, d, false), termsOf(game, d, true)])

export const amountAt = (t: DuelTerms, index: number): bigint => t.amounts[index as AmountIndex]
/** What the program reads of a checkpoint. */
export const CHECKPOINT = { progress: 5_000, gas: FIRST } as const
export { applyCall, feeOf, BOND, PRICE }
