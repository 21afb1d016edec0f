/** One call on the escrow table: the next slot and the money that moves, or the contract's reason to refuse. Amounts are uint128. */
import type { Agreement } from '../eip712.ts'
import type { EscrowOutcome } from '../ports/settlement.ts'
import type { Address } from '../ids.ts'
import { claimOf, disputeBondOf, due, isLive, type Slot, type Terms } from './escrow.ts'

const BPS = 10_000n
const UINT128_MAX = (1n << 128n) - 1n
/** Seconds: no term may hold money for longer. */
export const MAX_SPAN = 366n * 86_400n
/** Seconds: the shortest window for a dispute, and for a ruling. */
export const MIN_CHALLENGE = 5n
export const MIN_ARBITRATION = 60n

export type Caller = 'requester' | 'provider' | 'arbiter' | 'other'

/** `...Signed`: that side's signature on exactly this is valid and, where the contract asks, not revoked. */
export type EscrowCall =
  | { readonly kind: 'open'; readonly providerSigned: boolean }
  | { readonly kind: 'acknowledge'; readonly amount: bigint; readonly requesterSigned: boolean }
  | { readonly kind: 'deliver'; readonly amount: bigint }
  | { readonly kind: 'release' | 'dispute' | 'split' }
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

/** Whose balance in the vault; `burned` is nobody's. */
export type Account = 'requester' | 'provider' | 'beneficiary' | 'treasury' | 'burned'

/** What the escrow tells the vault: `pay` takes locked money of `from` and credits `to`. */
export type Move =
  | { readonly op: 'lock' | 'unlock'; readonly who: Account; readonly amount: bigint }
  | { readonly op: 'pay'; readonly who: Account; readonly to: Account; readonly amount: bigint }

export type Verdict =
  | { readonly slot: Slot; readonly moves: readonly Move[] }
  | { readonly refused: Exclude<Refusal, 'FundsLow'> }

/** Terms, and the network's fee in basis points. */
export type Rules = Terms & { readonly feeBps: bigint }

/**
 * Which term the contract would refuse at `now`, in its order; undefined when all are good. `contracts`: the network's own
 * addresses (token, vault, escrow, registry), from whose balances nobody could withdraw.
 */
export function termsProblem(a: Agreement, now: bigint, contracts: readonly Address[]): string | undefined {
  const zero = (address: string): boolean => BigInt(address) === 0n
  const same = (x: string, y: string): boolean => x.toLowerCase() === y.toLowerCase()
  const outside = (window: number, least: bigint): boolean =>
    BigInt(window) < least || BigInt(window) > MAX_SPAN
  if (a.price === 0n || a.price + disputeBondOf(a) > UINT128_MAX) return 'price'
  if (same(a.requester, a.provider)) return 'provider'
  if (zero(a.arbiter) || same(a.arbiter, a.requester) || same(a.arbiter, a.provider)) return 'arbiter'
  if (zero(a.beneficiary) || contracts.some(c => same(c, a.beneficiary))) return 'beneficiary'
  if (a.openBy >= a.deliverBy) return 'openBy'
  if (a.deliverBy > now + MAX_SPAN) return 'deliverBy'
  if (outside(a.challengeWindow, MIN_CHALLENGE)) return 'challengeWindow'
  if (outside(a.arbitrationWindow, MIN_ARBITRATION)) return 'arbitrationWindow'
  return a.splitBps === 0 ? undefined : 'splitBps'
}

const share = (amount: bigint, bps: bigint): bigint => (amount * bps) / BPS
const atLeast = (floor: bigint, value: bigint): bigint => (value < floor ? floor : value)
/** Rounded down, so that no pay is all fee. */
export const feeOf = (gross: bigint, feeBps: bigint): bigint => (gross * feeBps) / BPS

/** How an agreement ends; what is left out is nothing. */
interface Ending {
  readonly outcome: EscrowOutcome
  /** The provider's part of the price before the fee. */
  readonly gross: bigint
  /** Nobody's part of the price. */
  readonly burned?: bigint
  /** Of the provider's bond, to the requester. */
  readonly slashed?: bigint
  /** Of the requester's dispute bond, to the provider. */
  readonly lost?: bigint
}

/** Closes for good. */
function close(rules: Rules, slot: Slot, end: Ending): Verdict {
  const { outcome, gross, burned = 0n, slashed = 0n, lost = 0n } = end
  const fee = feeOf(gross, rules.feeBps)
  const moves: Move[] = [
    { op: 'pay', who: 'requester', to: 'beneficiary', amount: gross - fee },
    { op: 'pay', who: 'requester', to: 'treasury', amount: fee },
    { op: 'pay', who: 'requester', to: 'burned', amount: burned },
    { op: 'pay', who: 'requester', to: 'provider', amount: lost },
    { op: 'pay', who: 'provider', to: 'requester', amount: slashed },
    { op: 'unlock', who: 'provider', amount: rules.bond - slashed },
    { op: 'unlock', who: 'requester', amount: rules.price - gross - burned + disputeBondOf(rules) - lost }
  ]
  return { slot: { ...slot, state: 'closed', outcome }, moves: moves.filter(m => m.amount > 0n) }
}

const refused = (reason: Exclude<Refusal, 'FundsLow'>): Verdict => ({ refused: reason })
type CallOf<K extends EscrowCall['kind']> = Extract<EscrowCall, { readonly kind: K }>

/** Below the price only the requester itself closes, and only after a delivery: receipts of before it may be for lies. */
function acknowledge(r: Rules, slot: Slot, caller: Caller, call: CallOf<'acknowledge'>): Verdict {
  const { amount } = call
  if (!isLive(slot)) return refused('WrongState')
  if (amount <= slot.acknowledged || amount > r.price) return refused('AmountOutOfRange')
  if (!call.requesterSigned) return refused('BadSignature')
  const known = { ...slot, acknowledged: amount }
  const conceded = caller === 'requester' && slot.deliveredAt > 0n && amount >= claimOf(slot, r)
  if (amount === r.price || conceded) return close(r, known, { outcome: 'accepted', gross: amount })
  return { slot: known, moves: [] }
}

function refund(r: Rules, slot: Slot, caller: Caller, call: CallOf<'refund'>, now: bigint): Verdict {
  if (slot.state !== 'open') return refused('WrongState')
  if (caller !== 'requester' && caller !== 'provider') return refused('NotAllowed')
  if (!due.refund({ escrow: slot, now }, r)) return refused('TooEarly')
  const known = slot.acknowledged
  if (call.acknowledged <= known) return close(r, slot, { outcome: 'refunded', gross: known })
  if (caller !== 'requester') return refused('NotAllowed')
  if (call.acknowledged > r.price) return refused('AmountOutOfRange')
  const raised = { ...slot, acknowledged: call.acknowledged }
  return close(r, raised, { outcome: 'refunded', gross: call.acknowledged })
}

function cancel(r: Rules, slot: Slot, caller: Caller, call: CallOf<'cancel'>): Verdict {
  if (!isLive(slot)) return refused('WrongState')
  if (call.amount < slot.acknowledged || call.amount > r.price) return refused('AmountOutOfRange')
  if (caller !== 'provider') {
    if (slot.state !== 'open') return refused('WrongState')
    if (!call.providerSigned) return refused('BadSignature')
  }
  if (caller !== 'requester' && !call.requesterSigned) return refused('BadSignature')
  return close(r, slot, { outcome: 'cancelled', gross: call.amount })
}

function rule(r: Rules, slot: Slot, caller: Caller, call: CallOf<'rule'>, now: bigint): Verdict {
  if (slot.state !== 'disputed') return refused('WrongState')
  if (caller !== 'arbiter') return refused('NotAllowed')
  if (call.providerBps > BPS || call.bondSlashBps > BPS) return refused('BadBps')
  if (!due.rule({ escrow: slot, now }, r)) return refused('TooLate')
  return close(r, slot, {
    outcome: 'ruled',
    gross: atLeast(slot.acknowledged, share(claimOf(slot, r), call.providerBps)),
    slashed: share(r.bond, call.bondSlashBps),
    lost: share(disputeBondOf(r), call.providerBps)
  })
}

/** Silence costs both sides alike: nobody gets what is claimed and not acknowledged. */
function split(r: Rules, slot: Slot, now: bigint): Verdict {
  if (slot.state !== 'disputed') return refused('WrongState')
  if (!due.split({ escrow: slot, now }, r)) return refused('TooEarly')
  const gross = slot.acknowledged
  return close(r, slot, { outcome: 'split', gross, burned: atLeast(gross, claimOf(slot, r)) - gross })
}

/** Terms are checked between the two last refusals here, and apart (`termsProblem`). */
function open(r: Rules, slot: Slot, caller: Caller, call: CallOf<'open'>, now: bigint): Verdict {
  if (slot.state !== 'none') return refused('WrongState')
  if (caller !== 'requester') return refused('NotAllowed')
  if (!due.open({ escrow: slot, now }, r)) return refused('TooLate')
  if (!call.providerSigned) return refused('BadSignature')
  const moves: Move[] = [
    { op: 'lock', who: 'requester', amount: r.price + disputeBondOf(r) },
    { op: 'lock', who: 'provider', amount: r.bond }
  ]
  return { slot: { ...slot, state: 'open' }, moves: moves.filter(m => m.amount > 0n) }
}

function deliver(r: Rules, slot: Slot, caller: Caller, call: CallOf<'deliver'>, now: bigint): Verdict {
  if (slot.state !== 'open') return refused('WrongState')
  if (caller !== 'provider') return refused('NotAllowed')
  if (!due.deliver({ escrow: slot, now }, r)) return refused('TooLate')
  if (call.amount <= slot.acknowledged || call.amount > r.price) return refused('AmountOutOfRange')
  const claim = call.amount < r.price ? call.amount : 0n
  return { slot: { ...slot, state: 'delivered', claim, deliveredAt: now }, moves: [] }
}

function dispute(r: Rules, slot: Slot, caller: Caller, now: bigint): Verdict {
  if (slot.state !== 'delivered' && slot.state !== 'open') return refused('WrongState')
  if (caller !== 'requester') return refused('NotAllowed')
  if (slot.state === 'open' && now <= r.deliverBy) return refused('TooEarly')
  const view = { escrow: slot, now }
  if (!due.dispute(view, r) && !due.disputeCheckpoint(view, r)) return refused('TooLate')
  return { slot: { ...slot, state: 'disputed', disputedAt: now }, moves: [] }
}

function release(r: Rules, slot: Slot, now: bigint): Verdict {
  if (slot.state !== 'delivered') return refused('WrongState')
  if (!due.release({ escrow: slot, now }, r)) return refused('TooEarly')
  return close(r, slot, { outcome: 'released', gross: atLeast(slot.acknowledged, claimOf(slot, r)) })
}

/**
 * What the contract of generation 2 answers to one call at `now` (seconds), but for the vault's FundsLow, which `settleMoves` finds.
 * Terms are checked apart.
 */
export function applyCall(r: Rules, slot: Slot, caller: Caller, call: EscrowCall, now: bigint): Verdict {
  switch (call.kind) {
    case 'open':
      return open(r, slot, caller, call, now)
    case 'acknowledge':
      return acknowledge(r, slot, caller, call)
    case 'deliver':
      return deliver(r, slot, caller, call, now)
    case 'release':
      return release(r, slot, now)
    case 'refund':
      return refund(r, slot, caller, call, now)
    case 'cancel':
      return cancel(r, slot, caller, call)
    case 'dispute':
      return dispute(r, slot, caller, now)
    case 'rule':
      return rule(r, slot, caller, call, now)
    case 'split':
      return split(r, slot, now)
  }
}
