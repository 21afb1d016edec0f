/** The escrow in the game: every call goes through the program's table once for each different situation, with the money counted. */
import type { Account, Caller, EscrowCall } from '../../../src/protocol/machines/escrow-rules.ts'
import { disputeBondOf, type ChainView, type Slot } from '../../../src/protocol/machines/escrow.ts'
import { totalOf, type Holdings } from '../../../src/protocol/machines/vault.ts'
import { CALLERS, EVERY_CALL, type GameCall } from './calls.ts'
import type { Game } from './config.ts'
import { unjust } from './justice.ts'
import { base, D, ESCROW, G, OUTCOME, secondsAt } from './layout.ts'
import { RIGHTS } from './rights.ts'
import { allTerms, amountAt, type DuelTerms } from './terms.ts'

/** What each account held before: exactly what an opening locks, so that nothing later may need more. */
const purseOf = (t: DuelTerms, account: Account): bigint => {
  if (account === 'requester') return t.price + disputeBondOf(t)
  return account === 'provider' ? t.bond : 0n
}

/** How the money of one escrow ended. */
export interface Ending {
  readonly outcome: (typeof OUTCOME)[number]
  /** The provider's part before the fee. */
  readonly gross: bigint
  /** Of the dispute bond, to the provider. */
  readonly lost: bigint
  /** What the provider's own account gained or lost (bonds). */
  readonly bonds: bigint
  readonly requesterLoss: bigint
}

export interface Effect {
  /** Bytes escrow..disputedAt of the block. */
  readonly bytes: readonly [number, number, number, number, number, number]
  readonly ending: Ending | undefined
  /** A rule of money that was broken. */
  readonly problem: string | undefined
}

const withAmounts = (c: GameCall, t: DuelTerms): EscrowCall => {
  if (c.kind === 'acknowledge' || c.kind === 'cancel' || c.kind === 'deliver')
    return { ...c, amount: amountAt(t, Number(c.amount)) }
  return c.kind === 'refund' ? { ...c, acknowledged: amountAt(t, Number(c.acknowledged)) } : c
}

/** What was worked out about one situation: the effect of each call, once it was asked for. */
interface Row {
  readonly view: ChainView
  readonly terms: DuelTerms
  readonly effects: (Effect | null | undefined)[]
  /** No call is taken any more. */
  final?: boolean
  /** Everybody's rights were looked at. */
  granted?: boolean
}

export class Chain {
  readonly #game: Game
  readonly #terms: DuelTerms[][]
  readonly #rows = new Map<number, Row>()

  constructor(game: Game) {
    this.#game = game
    this.#terms = allTerms(game)
  }

  terms(s: Uint8Array, duel: number): DuelTerms {
    const t = this.#terms[duel]?.[s[base(duel) + D.resumed] ?? 0]
    if (t === undefined) throw new Error('no such agreement')
    return t
  }

  /** What a shard costs whose first provider got as far as its checkpoint and whose second did the rest. */
  costOfBoth(): bigint {
    const [first, second] = [this.#terms[0]?.[0], this.#terms[1]?.[1]]
    return (first?.amounts[1] ?? 0n) + (second?.price ?? 0n)
  }

  /** A number for everything that a decision about this escrow can depend on. */
  key(s: Uint8Array, duel: number): number {
    const b = base(duel)
    const at = (i: number): number => s[b + i] ?? 0
    let k = at(D.escrow) * 8 + at(D.outcome)
    k = ((k * 4 + at(D.known)) * 4 + at(D.claim)) * 64 + at(D.deliveredAt)
    k = (k * 64 + at(D.disputedAt)) * 64 + (s[G.tick] ?? 0)
    return (k * 2 + duel) * 2 + at(D.resumed)
  }

  /** All that is known about one situation of one escrow. */
  row(s: Uint8Array, duel: number): Row {
    const k = this.key(s, duel)
    let row = this.#rows.get(k)
    if (row === undefined) {
      const now = secondsAt(s[G.tick] ?? 0)
      const effects: Row['effects'] = new Array<undefined>(CALLERS.length * EVERY_CALL.length).fill(undefined)
      row = { view: { escrow: this.#slot(s, duel), now }, terms: this.terms(s, duel), effects }
      this.#rows.set(k, row)
    }
    return row
  }

  view = (s: Uint8Array, duel: number): ChainView => this.row(s, duel).view

  #slot(s: Uint8Array, duel: number): Slot {
    const b = base(duel)
    // 0 means never
    const seconds = (stamp: number): bigint => (stamp === 0 ? 0n : secondsAt(stamp - 1))
    return {
      state: ESCROW[s[b + D.escrow] ?? 0] ?? 'none',
      outcome: OUTCOME[s[b + D.outcome] ?? 0],
      acknowledged: amountAt(this.terms(s, duel), s[b + D.known] ?? 0),
      claim: amountAt(this.terms(s, duel), s[b + D.claim] ?? 0),
      deliveredAt: seconds(s[b + D.deliveredAt] ?? 0),
      disputedAt: seconds(s[b + D.disputedAt] ?? 0)
    }
  }

  /** What a call does, or null when it is refused. `row`: when it is at hand. */
  effect(s: Uint8Array, duel: number, caller: Caller, c: GameCall, row = this.row(s, duel)): Effect | null {
    const i = CALLERS.indexOf(caller) * EVERY_CALL.length + c.index
    let e = row.effects[i]
    if (e === undefined) row.effects[i] = e = this.#judge(s, duel, caller, c)
    return e
  }

  /** The first call that a closed escrow takes; there must be none. */
  reopens(s: Uint8Array, duel: number): string | undefined {
    const row = this.row(s, duel)
    if (row.final === true) return undefined
    for (const caller of CALLERS)
      for (const c of EVERY_CALL)
        if (this.effect(s, duel, caller, c, row) !== null)
          return `${caller} changed a closed escrow: ${c.text}`
    row.final = true
    return undefined
  }

  /** A right that the contract does not grant here; there must be none. */
  denies(s: Uint8Array, duel: number): string | undefined {
    const row = this.row(s, duel)
    if (row.granted === true) return undefined
    for (const { what, caller, call, holds } of RIGHTS)
      if (holds(row.view, row.terms) && this.effect(s, duel, caller, call, row) === null)
        return `the contract denies that ${what}`
    row.granted = true
    return undefined
  }

  #judge(s: Uint8Array, duel: number, caller: Caller, c: GameCall): Effect | null {
    const t = this.terms(s, duel)
    const slot = this.#slot(s, duel)
    const now = secondsAt(s[G.tick] ?? 0)
    const verdict = this.#game.rules.applyCall(t, slot, caller, withAmounts(c, t), now)
    if ('refused' in verdict) return null
    const b = base(duel)
    const known = t.amounts.indexOf(verdict.slot.acknowledged)
    const stamp = (s[G.tick] ?? 0) + 1
    const becomes = (state: Slot['state']): boolean => slot.state !== state && verdict.slot.state === state
    const bytes = [
      ESCROW.indexOf(verdict.slot.state),
      OUTCOME.indexOf(verdict.slot.outcome),
      Math.max(0, known),
      Math.max(0, t.amounts.indexOf(verdict.slot.claim)),
      becomes('delivered') ? stamp : (s[b + D.deliveredAt] ?? 0),
      becomes('disputed') ? stamp : (s[b + D.disputedAt] ?? 0)
    ] as const
    const money = this.#money(t, slot, verdict)
    const problem = money.problem ?? unjust(t, slot, money.ending, caller, c)
    return { bytes, ending: money.ending, problem }
  }

  #money(
    t: DuelTerms,
    slot: Slot,
    verdict: Extract<ReturnType<Game['rules']['applyCall']>, { readonly slot: Slot }>
  ): Pick<Effect, 'ending' | 'problem'> {
    if (slot.state === 'closed') return { ending: undefined, problem: 'a closed escrow was changed' }
    const before = this.#held(t, slot)
    let after: Holdings | 'FundsLow'
    try {
      after = this.#game.rules.settleMoves(before, verdict.moves)
    } catch (e) {
      return { ending: undefined, problem: `money that is not there: ${String(e)}` }
    }
    if (after === 'FundsLow')
      return { ending: undefined, problem: 'a purse that holds enough is called empty' }
    if (totalOf(after) !== totalOf(before)) return { ending: undefined, problem: 'money was made or lost' }
    if (t.amounts.indexOf(verdict.slot.acknowledged) < 0)
      return { ending: undefined, problem: 'an amount that nobody signed' }
    if (verdict.slot.state !== 'closed') return { ending: undefined, problem: undefined }
    if (after.requester.locked + after.provider.locked !== 0n)
      return { ending: undefined, problem: 'a closed escrow still locks money' }
    const gross = after.beneficiary.free + after.treasury.free
    const lost = verdict.moves
      .filter(m => m.op === 'pay' && m.who === 'requester' && m.to === 'provider')
      .reduce((n, m) => n + m.amount, 0n)
    const ending = {
      outcome: verdict.slot.outcome,
      gross,
      lost,
      bonds: after.provider.free - purseOf(t, 'provider'),
      requesterLoss: purseOf(t, 'requester') - after.requester.free
    }
    return { ending, problem: gross > t.price ? 'more than the price was paid' : undefined }
  }

  /** Balances while this escrow is in `slot`. */
  #held(t: DuelTerms, slot: Slot): Holdings {
    const locked = { requester: 0n, provider: 0n, beneficiary: 0n, treasury: 0n, burned: 0n }
    if (slot.state !== 'none') {
      locked.requester = t.price + disputeBondOf(t)
      locked.provider = t.bond
    }
    const of = (a: Account) => ({ free: purseOf(t, a) - locked[a], locked: locked[a] })
    return {
      requester: of('requester'),
      provider: of('provider'),
      beneficiary: of('beneficiary'),
      treasury: of('treasury'),
      burned: of('burned')
    }
  }
}
