/** What the contract must take in a situation, written down once more beside its table. */
import type { Caller } from '../../../src/protocol/machines/escrow-rules.ts'
import {
  arbitrationEnds,
  challengeEnds,
  graceEnds,
  isLive,
  type ChainView
} from '../../../src/protocol/machines/escrow.ts'
import { CALLS, type GameCall } from './calls.ts'
import type { DuelTerms } from './terms.ts'

/** A call that must be taken wherever `holds` says so. */
export interface Right {
  readonly what: string
  readonly caller: Caller
  readonly call: GameCall
  readonly holds: (view: ChainView, t: DuelTerms) => boolean
}
export const RIGHTS: readonly Right[] = [
  {
    what: 'a receipt counts until the grace is over, and in a dispute',
    caller: 'provider',
    call: CALLS.acknowledge[2],
    holds: ({ escrow, now }, t) => isLive(escrow) && (escrow.state !== 'open' || now <= graceEnds(t))
  },
  {
    what: 'a delivery can be disputed while its window is open',
    caller: 'requester',
    call: CALLS.dispute,
    holds: ({ escrow, now }, t) => escrow.state === 'delivered' && now <= challengeEnds(escrow, t)
  },
  {
    what: 'a checkpoint can be disputed in the grace, when nothing was delivered',
    caller: 'requester',
    call: CALLS.dispute,
    holds: ({ escrow, now }, t) => escrow.state === 'open' && now > t.deliverBy && now <= graceEnds(t)
  },
  {
    what: 'both sides can end it together',
    caller: 'provider',
    call: CALLS.cancel[2],
    holds: ({ escrow }) => isLive(escrow)
  },
  {
    what: 'the arbiter can rule while its window is open',
    caller: 'arbiter',
    call: CALLS.rule[0] as GameCall,
    holds: ({ escrow, now }, t) => escrow.state === 'disputed' && now <= arbitrationEnds(escrow, t)
  }
]
