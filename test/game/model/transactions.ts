/** A transaction that an honest side has sent: others may come before it, but it is in a block before the tick ends. */
import type { Caller } from '../../../src/protocol/machines/escrow-rules.ts'
import { CALLS, type GameCall } from './calls.ts'
import { base, D, TX, txIndex, type TxName } from './layout.ts'
import type { Act, World } from './world.ts'

const callOf = (name: TxName): GameCall => {
  const [kind = '', index = '0'] = name.split(/[ ,]+/)
  const c = CALLS[kind as keyof typeof CALLS]
  if (c === undefined) throw new Error(`no call ${name}`)
  return Array.isArray(c) ? ((c as readonly GameCall[])[Number(index)] as GameCall) : (c as GameCall)
}
const table: readonly (GameCall | undefined)[] = TX.map(name =>
  name === undefined ? undefined : callOf(name)
)

/** What the sender does when it hears that its call worked. */
export type Then = (w: World, s: Uint8Array, duel: number, name: TxName) => void

/** The transaction is mined. `heard` is false when the sender never learns it (crash, lost answer): then it looks again by itself. */
export function mine(
  w: World,
  s: Uint8Array,
  duel: number,
  side: 'requester' | 'provider',
  then: Then,
  heard: boolean
): void {
  const at = base(duel) + (side === 'requester' ? D.requesterTx : D.providerTx)
  const name = TX[s[at] ?? 0]
  const c = table[s[at] ?? 0]
  if (name === undefined || c === undefined) return
  s[at] = name.includes(',') ? txIndex('deliver 2') : 0
  const caller: Caller = side
  if (w.call(s, duel, caller, c) && heard) then(w, s, duel, name)
}

/** The acts by which a side's transaction is mined: the first when all goes well. */
export const mining = (side: 'requester' | 'provider', then: Then): readonly Act[] => [
  {
    label: `the ${side}'s transaction is mined`,
    run: (w, s, d) => mine(w, s, d, side, then, true)
  },
  {
    label: `the ${side}'s transaction is mined, it does not learn it`,
    run: (w, s, d) => mine(w, s, d, side, then, false)
  }
]

const senders = new Map<string, Act>()
/** The act of sending; a commit of two calls is one act. */
export function sends(side: 'requester' | 'provider', name: TxName): Act {
  const key = `${side} ${name}`
  let act = senders.get(key)
  if (act === undefined) {
    const field = side === 'requester' ? D.requesterTx : D.providerTx
    const index = txIndex(name)
    act = {
      label: `the ${side} sends ${name}`,
      run: (_, s, d) => {
        s[base(d) + field] = index
      }
    }
    senders.set(key, act)
  }
  return act
}
