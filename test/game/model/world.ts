/** One game being played: calls on the chain, moves of the machines, and the first promise that was broken. */
import type { Caller } from '../../../src/protocol/machines/escrow-rules.ts'
import type { ExecutionMove, ProviderMove } from '../../../src/protocol/machines/execution.ts'
import type { GameCall } from './calls.ts'
import { Chain } from './chain.ts'
import { duelCount, type Game } from './config.ts'
import { broken, type Side } from './judge.ts'
import { base, BLOCK, D, ESCROW, GLOBALS, ON_CHAIN, OUTCOME, PROVIDER, REQUESTER, TX } from './layout.ts'
import { can, next } from './rules.ts'

/** One thing that somebody does. `run` changes the state. */
export interface Act {
  readonly label: string
  readonly run: (w: World, s: Uint8Array, duel: number) => void
}

export class World {
  readonly game: Game
  readonly chain: Chain
  readonly width: number
  /** What was broken by the last action; the search stops at it. */
  problem: string | undefined
  /** Set while one side acts and all others are silent: only its own promises are asked for then. */
  alone: Side | undefined

  constructor(game: Game) {
    this.game = game
    this.chain = new Chain(game)
    this.width = GLOBALS + BLOCK * duelCount(game.config)
  }

  /** A call of the chain; false when the contract refuses it. Checks the money. */
  call(s: Uint8Array, duel: number, caller: Caller, c: GameCall): boolean {
    const e = this.chain.effect(s, duel, caller, c)
    if (e === null) return false
    this.problem ??= e.problem
    if (e.ending !== undefined)
      this.problem ??= broken(s, duel, e.ending, this.chain.terms(s, duel), this.game.config, this.alone)
    const b = base(duel)
    for (let i = 0; i < ON_CHAIN; i++) s[b + D.escrow + i] = e.bytes[i] ?? 0
    if (e.bytes[0] === ESCROW.indexOf('closed')) this.#close(s, duel)
    return true
  }

  /** A closed escrow takes no call of anybody; what else its block held about the chain no longer matters. */
  #close(s: Uint8Array, duel: number): void {
    this.problem ??= this.chain.reopens(s, duel)
    const b = base(duel)
    for (const i of [D.known, D.claim, D.deliveredAt, D.disputedAt, D.secured, D.securedEarly]) s[b + i] = 0
  }

  requesterMove(s: Uint8Array, duel: number, move: ExecutionMove): boolean {
    const at = base(duel) + D.requester
    const from = REQUESTER[s[at] ?? 0]
    const table = this.game.rules.executionTable
    if (from === undefined || !can(table, from, move)) return false
    s[at] = REQUESTER.indexOf(next(table, from, move))
    return true
  }

  providerMove(s: Uint8Array, duel: number, move: ProviderMove): boolean {
    const at = base(duel) + D.provider
    const from = PROVIDER[s[at] ?? 0]
    const table = this.game.rules.providerTable
    if (from === undefined || !can(table, from, move)) return false
    s[at] = PROVIDER.indexOf(next(table, from, move))
    return true
  }

  /** The state for people. */
  show(s: Uint8Array): string {
    return Array.from({ length: duelCount(this.game.config) }, (_, d) => {
      const b = base(d)
      const at = (i: number): number => s[b + i] ?? 0
      const outcome = OUTCOME[at(D.outcome)]
      const parts = [
        `escrow ${ESCROW[at(D.escrow)] ?? '?'}${outcome === undefined ? '' : ` (${outcome})`}`,
        `on chain ${at(D.known)}`,
        `requester ${REQUESTER[at(D.requester)] ?? '-'} signed ${at(D.signed)}`,
        `provider ${PROVIDER[at(D.provider)] ?? '-'} holds ${at(D.held)}`,
        ...(at(D.requesterTx) === 0 ? [] : [`requester sends ${TX[at(D.requesterTx)] ?? ''}`]),
        ...(at(D.providerTx) === 0 ? [] : [`provider sends ${TX[at(D.providerTx)] ?? ''}`])
      ]
      return `[${parts.join(', ')}]`
    }).join(' ')
  }
}
