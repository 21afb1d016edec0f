/** Balances in the vault under the escrow's orders, as `contracts/src/Vault.sol` keeps them. */
import type { Account, Move } from './escrow-rules.ts'

export interface Holding {
  readonly free: bigint
  readonly locked: bigint
}
export type Holdings = { readonly [A in Account]: Holding }

/** The balances after all moves, or FundsLow when a lock is not covered: then nothing has moved. An unlock that is not covered is our mistake. */
export function settleMoves(holdings: Holdings, moves: readonly Move[]): Holdings | 'FundsLow' {
  const next: Record<Account, Holding> = { ...holdings }
  const add = (who: Account, free: bigint, locked: bigint): boolean => {
    const h = { free: next[who].free + free, locked: next[who].locked + locked }
    next[who] = h
    return h.free >= 0n && h.locked >= 0n
  }
  for (const m of moves) {
    if (m.op === 'pay') {
      if (!add(m.who, 0n, -m.amount)) throw new Error(`${m.who} has less locked than is paid`)
      add(m.to, m.amount, 0n)
    } else if (m.op === 'lock') {
      if (!add(m.who, -m.amount, m.amount)) return 'FundsLow'
    } else if (!add(m.who, m.amount, -m.amount)) {
      throw new Error(`${m.who} has less locked than is unlocked`)
    }
  }
  return next
}

/** All money there is: constant for every order of calls. */
export const totalOf = (holdings: Holdings): bigint =>
  Object.values(holdings).reduce((n, h) => n + h.free + h.locked, 0n)
