/** One call on the escrow table: the next slot and the money that moves, or the contract's reason to refuse. Amounts are uint128. */
import type { Agreement } from '../eip712.ts'
import type { EscrowOutcome } from '../ports/settlement.ts'
import { due, isLive, type Slot, type Terms } from './escrow.ts'

const BPS = 10_000n
/** Seconds: no term may hold money for longer. */
export const MAX_SPAN = 366n * 86_400n

export type Caller = 'requester' | 'provider' | 'arbiter' | 'other'

/** `...Signed`: that side's signature on exactly this is valid and, where the contract asks, not revoked. */
export type EscrowCall =
  | { readonly kind: 'open'; readonly requesterSigned: boolean; readonly providerSigned: boolean }
  | { readonly kind: 'acknowledge'; readonly amount: bigint; readonly requesterSigned: boolean }
  | { readonly kind: 'deliver' | 'release' | 'dispute' | 'split' }
  | { readonly kind: 'refund'; readonly acknowledged: bigint }
  | {
      readonly kind: 'cancel'
      readonly amount: bigint
      readonly requesterSigned: boolean
      readonly providerSigned: boolean
    }
  | { readonly kind: 'rule'; readonly providerBps: bigint; readonly bondSlashBps: bigint }

/** The contract's errors, by name. FundsLow is the vault's. */
export type Refusal =
  | 'WrongState'
  | 'TooLate'
  | 'TooEarly'
  | 'BadTerms'
  | 'BadSignature'
  | 'NotAllowed'
  | 'AmountOutOfRange'
  | 'BadBps'
  | 'FundsLow'

/** Whose balance in the vault. */
export type Account = 'requester' | 'provider' | 'beneficiary' | 'treasury'

/** What the escrow tells the vault: `pay` takes locked money of `from` and credits `to`. */
export type Move =
  | { readonly op: 'lock' | 'unlock'; readonly who: Account; readonly amount: bigint }
  | { readonly op: 'pay'; readonly who: Account; readonly to: Account; readonly amount: bigint }

export type Verdict =
  | { readonly slot: Slot; readonly moves: readonly Move[] }
  | { readonly refused: Exclude<Refusal, 'FundsLow'> }

/** Terms, and the network's fee in basis points. */
export type Rules = Terms & { readonly feeBps: bigint }

/** Which term the contract would refuse at `now`, in its order; undefined when all are good. */
export function termsProblem(a: Agreement, now: bigint): string | undefined {
  const zero = (address: string): boolean => BigInt(address) === 0n
  const same = (x: string, y: string): boolean => x.toLowerCase() === y.toLowerCase()
  if (a.price === 0n) return 'price'
  if (same(a.requester, a.provider)) return 'provider'
  if (zero(a.arbiter) || same(a.arbiter, a.requester) || same(a.arbiter, a.provider)) return 'arbiter'
  if (zero(a.beneficiary)) return 'beneficiary'
  if (a.openBy >= a.deliverBy) return 'openBy'
  if (a.deliverBy > now + MAX_SPAN) return 'deliverBy'
  if (BigInt(a.challengeWindow) > MAX_SPAN) return 'challengeWindow'
  if (BigInt(a.arbitrationWindow) > MAX_SPAN) return 'arbitrationWindow'
  if (BigInt(a.splitBps) > BPS) return 'splitBps'
  return undefined
}

const share = (amount: bigint, bps: bigint): bigint => (amount * bps) / BPS
const atLeast = (floor: bigint, value: bigint): bigint => (value < floor ? floor : value)
/** Rounded up, so that rounding never favours the claimer. */
export const feeOf = (gross: bigint, feeBps: bigint): bigint => (gross * feeBps + BPS - 1n) / BPS

/** Closes for good. `gross` is the provider's part of the price before the fee. */
function close(
  rules: Rules,
  slot: Slot,
  outcome: EscrowOutcome,
  gross: bigint,
  slashed = 0n,
  disputeBondLost = false
): Verdict {
  const fee = feeOf(gross, rules.feeBps)
  const moves: Move[] = [
    { op: 'pay', who: 'requester', to: 'beneficiary', amount: gross - fee },
    { op: 'pay', who: 'requester', to: 'treasury', amount: fee },
    { op: 'pay', who: 'provider', to: 'requester', amount: slashed },
    { op: 'unlock', who: 'provider', amount: rules.bond - slashed }
  ]
  const posted = slot.state === 'disputed' ? rules.bond : 0n
  if (disputeBondLost) moves.push({ op: 'pay', who: 'requester', to: 'provider', amount: posted })
  moves.push({
    op: 'unlock',
    who: 'requester',
    amount: rules.price - gross + (disputeBondLost ? 0n : posted)
  })
  return { slot: { ...slot, state: 'closed', outcome }, moves: moves.filter(m => m.amount > 0n) }
}

const refused = (reason: Exclude<Refusal, 'FundsLow'>): Verdict => ({ refused: reason })
type CallOf<K extends EscrowCall['kind']> = Extract<EscrowCall, { readonly kind: K }>

function acknowledge(r: Rules, slot: Slot, call: CallOf<'acknowledge'>): Verdict {
  if (!isLive(slot)) return refused('WrongState')
  if (call.amount <= slot.acknowledged || call.amount > r.price) return refused('AmountOutOfRange')
  if (!call.requesterSigned) return refused('BadSignature')
  const known = { ...slot, acknowledged: call.amount }
  return call.amount === r.price ? close(r, known, 'accepted', r.price) : { slot: known, moves: [] }
}

function refund(r: Rules, slot: Slot, caller: Caller, call: CallOf<'refund'>, now: bigint): Verdict {
  if (slot.state !== 'open') return refused('WrongState')
  if (caller !== 'requester' && caller !== 'provider') return refused('NotAllowed')
  if (!due.refund({ escrow: slot, now }, r)) return refused('TooEarly')
  if (call.acknowledged <= slot.acknowledged) return close(r, slot, 'refunded', slot.acknowledged)
  if (caller !== 'requester') return refused('NotAllowed')
  if (call.acknowledged > r.price) return refused('AmountOutOfRange')
  return close(r, { ...slot, acknowledged: call.acknowledged }, 'refunded', call.acknowledged)
}

function cancel(r: Rules, slot: Slot, caller: Caller, call: CallOf<'cancel'>): Verdict {
  if (!isLive(slot)) return refused('WrongState')
  if (call.amount < slot.acknowledged || call.amount > r.price) return refused('AmountOutOfRange')
  if (caller !== 'provider') {
    if (slot.state !== 'open') return refused('WrongState')
    if (!call.providerSigned) return refused('BadSignature')
  }
  if (caller !== 'requester' && !call.requesterSigned) return refused('BadSignature')
  return close(r, slot, 'cancelled', call.amount)
}

function rule(r: Rules, slot: Slot, caller: Caller, call: CallOf<'rule'>, now: bigint): Verdict {
  if (slot.state !== 'disputed') return refused('WrongState')
  if (caller !== 'arbiter') return refused('NotAllowed')
  if (call.providerBps > BPS || call.bondSlashBps > BPS) return refused('BadBps')
  if (!due.rule({ escrow: slot, now }, r)) return refused('TooLate')
  const gross = atLeast(slot.acknowledged, share(r.price, call.providerBps))
  return close(r, slot, 'ruled', gross, share(r.bond, call.bondSlashBps), call.providerBps === BPS)
}

function open(r: Rules, slot: Slot, call: CallOf<'open'>, now: bigint): Verdict {
  if (slot.state !== 'none') return refused('WrongState')
  if (!due.open({ escrow: slot, now }, r)) return refused('TooLate')
  if (!call.requesterSigned || !call.providerSigned) return refused('BadSignature')
  const moves: Move[] = [
    { op: 'lock', who: 'requester', amount: r.price },
    { op: 'lock', who: 'provider', amount: r.bond }
  ]
  return { slot: { ...slot, state: 'open' }, moves: moves.filter(m => m.amount > 0n) }
}

function deliver(r: Rules, slot: Slot, caller: Caller, now: bigint): Verdict {
  if (slot.state !== 'open') return refused('WrongState')
  if (caller !== 'provider') return refused('NotAllowed')
  if (!due.deliver({ escrow: slot, now }, r)) return refused('TooLate')
  return { slot: { ...slot, state: 'delivered', deliveredAt: now }, moves: [] }
}

function dispute(r: Rules, slot: Slot, caller: Caller, now: bigint): Verdict {
  if (slot.state !== 'delivered') return refused('WrongState')
  if (caller !== 'requester') return refused('NotAllowed')
  if (!due.dispute({ escrow: slot, now }, r)) return refused('TooLate')
  const moves: Move[] = r.bond > 0n ? [{ op: 'lock', who: 'requester', amount: r.bond }] : []
  return { slot: { ...slot, state: 'disputed', disputedAt: now }, moves }
}

/** What the contract answers to one call at `now` (seconds), but for the vault's FundsLow, which `settleMoves` finds. Terms are checked apart. */
export function applyCall(r: Rules, slot: Slot, caller: Caller, call: EscrowCall, now: bigint): Verdict {
  switch (call.kind) {
    case 'open':
      return open(r, slot, call, now)
    case 'acknowledge':
      return acknowledge(r, slot, call)
    case 'deliver':
      return deliver(r, slot, caller, now)
    case 'release':
      if (slot.state !== 'delivered') return refused('WrongState')
      if (!due.release({ escrow: slot, now }, r)) return refused('TooEarly')
      return close(r, slot, 'released', r.price)
    case 'refund':
      return refund(r, slot, caller, call, now)
    case 'cancel':
      return cancel(r, slot, caller, call)
    case 'dispute':
      return dispute(r, slot, caller, now)
    case 'rule':
      return rule(r, slot, caller, call, now)
    case 'split':
      if (slot.state !== 'disputed') return refused('WrongState')
      if (!due.split({ escrow: slot, now }, r)) return refused('TooEarly')
      return close(r, slot, 'split', atLeast(slot.acknowledged, share(r.price, BigInt(r.splitBps))))
  }
}
