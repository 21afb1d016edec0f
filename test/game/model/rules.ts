/** Everything of Shoal that the game is played by: the program's own tables and decisions. A planted fault replaces one of them. */
import { decideShard, openSeats } from '../../../src/peer/requester/seats.ts'
import * as work from '../../../src/market/work.ts'
import * as provider from '../../../src/peer/provider/steps.ts'
import * as requester from '../../../src/peer/requester/steps.ts'
import { applyCall, termsProblem } from '../../../src/protocol/machines/escrow-rules.ts'
import { executionTable, moveOf, providerTable } from '../../../src/protocol/machines/execution.ts'
import { can, next } from '../../../src/protocol/machines/machine.ts'
import { settleMoves } from '../../../src/protocol/machines/vault.ts'

export interface Rules {
  readonly applyCall: typeof applyCall
  readonly termsProblem: typeof termsProblem
  readonly settleMoves: typeof settleMoves
  readonly executionTable: typeof executionTable
  readonly providerTable: typeof providerTable
  readonly moveOf: typeof moveOf
  readonly requester: typeof requester
  readonly provider: typeof provider
  readonly decideShard: typeof decideShard
  readonly openSeats: typeof openSeats
  readonly work: typeof work
}

export const realRules: Rules = {
  applyCall,
  termsProblem,
  settleMoves,
  executionTable,
  providerTable,
  moveOf,
  requester,
  provider,
  decideShard,
  openSeats,
  work
}

export { can, next }
