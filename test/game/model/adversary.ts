/** Everything that a dishonest side can do with its own keys and what it has been given. It is told everything and is never late. */
import type { Caller } from '../../../src/protocol/machines/escrow-rules.ts'
import { CALLS, type GameCall } from './calls.ts'
import { base, D, SIG } from './layout.ts'
import type { Act, World } from './world.ts'

const acts = new Map<string, Act[]>()
function calling(caller: Caller, c: GameCall, who: string): Act {
  let known = acts.get(who)
  if (known === undefined) acts.set(who, (known = []))
  return (known[c.index] ??= { label: `${who}: ${c.text}`, run: (w, s, d) => void w.call(s, d, caller, c) })
}

type Emit = (a: Act) => void

/** Emits those calls that the contract takes. */
function tryAll(
  w: World,
  s: Uint8Array,
  d: number,
  caller: Caller,
  who: string,
  list: readonly GameCall[],
  emit: Emit
): void {
  const row = w.chain.row(s, d)
  for (const c of list) if (w.chain.effect(s, d, caller, c, row) !== null) emit(calling(caller, c, who))
}

/** A dishonest requester's calls: it signs receipts of any amount for itself. */
export function adversaryRequester(w: World, s: Uint8Array, d: number, emit: Emit): void {
  const b = base(d)
  const list: GameCall[] = [
    ...CALLS.acknowledge,
    ...CALLS.refund,
    ...CALLS.cancelAlone,
    ...CALLS.deliver,
    CALLS.release,
    CALLS.dispute,
    CALLS.split,
    CALLS.forged,
    CALLS.unsigned,
    ...CALLS.rule
  ]
  if (((s[b + D.public] ?? 0) & SIG.provider) !== 0) list.push(CALLS.open)
  const released = s[b + D.release] ?? 0
  list.push(...CALLS.cancel.filter((_, amount) => (released & (1 << amount)) !== 0))
  tryAll(w, s, d, 'requester', 'the dishonest requester', list, emit)
}

/** A dishonest provider's calls: with all receipts that it was ever sent. To open it has all that the contract asks for but the sender. */
export function adversaryProvider(w: World, s: Uint8Array, d: number, emit: Emit): void {
  const b = base(d)
  const list: GameCall[] = [
    ...CALLS.acknowledge.slice(0, 1 + (s[b + D.signed] ?? 0)),
    ...CALLS.refund,
    ...CALLS.cancelAlone,
    ...CALLS.deliver,
    CALLS.release,
    CALLS.dispute,
    CALLS.split,
    CALLS.forged,
    CALLS.open,
    ...CALLS.rule
  ]
  tryAll(w, s, d, 'provider', 'the dishonest provider', list, emit)
}

/** Somebody who is no party: what anyone may call, and what nobody may. */
export function passerBy(w: World, s: Uint8Array, d: number, emit: Emit): void {
  const b = base(d)
  const list: GameCall[] = [
    CALLS.release,
    CALLS.split,
    ...CALLS.deliver,
    CALLS.dispute,
    CALLS.forged,
    ...CALLS.refund,
    ...CALLS.cancelAlone,
    ...CALLS.rule
  ]
  if (((s[b + D.public] ?? 0) & SIG.provider) !== 0) list.push(CALLS.open)
  tryAll(w, s, d, 'other', 'a passer-by', list, emit)
}

/** An arbiter who may be anybody's friend. */
export const anyArbiter = (w: World, s: Uint8Array, d: number, emit: Emit): void =>
  tryAll(w, s, d, 'arbiter', 'the arbiter', CALLS.rule, emit)
