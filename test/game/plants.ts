/** Wrong rules, one at a time: the search must find every one of them. */
import type { EscrowCall } from '../../src/protocol/machines/escrow-rules.ts'
import { disputeBondOf, graceEnds } from '../../src/protocol/machines/escrow.ts'
import { realRules, type Rules } from './model/rules.ts'

export interface Plant {
  readonly name: string
  /** What is wrong. */
  readonly what: string
  readonly rules: Rules
}

type ApplyCall = Rules['applyCall']
const contract = (name: string, what: string, apply: (real: ApplyCall) => ApplyCall): Plant => ({
  name,
  what,
  rules: { ...realRules, applyCall: apply(realRules.applyCall) }
})
const asRequester = (name: string, what: string, steps: Partial<Rules['requester']>): Plant => ({
  name,
  what,
  rules: { ...realRules, requester: { ...realRules.requester, ...steps } }
})
const asProvider = (name: string, what: string, steps: Partial<Rules['provider']>): Plant => ({
  name,
  what,
  rules: { ...realRules, provider: { ...realRules.provider, ...steps } }
})

/** The call in another state than it is in. */
const pretend =
  (kind: EscrowCall['kind'], from: 'delivered' | 'closed', as: 'open' | 'delivered') =>
  (real: ApplyCall): ApplyCall =>
  (r, slot, caller, call, now) =>
    real(r, call.kind === kind && slot.state === from ? { ...slot, state: as } : slot, caller, call, now)

type Verdict = ReturnType<ApplyCall>
type Move = Extract<Verdict, { readonly moves: unknown }>['moves'][number]
/** The money of one outcome goes elsewhere. */
const diverted =
  (outcome: string, move: (m: Move) => Move) =>
  (real: ApplyCall): ApplyCall =>
  (r, slot, caller, call, now) => {
    const verdict = real(r, slot, caller, call, now)
    if ('refused' in verdict || verdict.slot.outcome !== outcome) return verdict
    return { ...verdict, moves: verdict.moves.map(move) }
  }
const isBurnt = (m: Move): boolean => m.op === 'pay' && m.to === 'burned'

export const plants: readonly Plant[] = [
  contract(
    'refund-beats-delivery',
    'a refund takes back what was delivered',
    pretend('refund', 'delivered', 'open')
  ),
  contract(
    'second-payout',
    'a closed escrow can be released again',
    pretend('release', 'closed', 'delivered')
  ),
  contract(
    'early-refund',
    'the refund is possible in the last second in which receipts count',
    real => (r, slot, caller, call, now) =>
      real(r, slot, caller, call, call.kind === 'refund' && now === graceEnds(r) ? now + 1n : now)
  ),
  contract(
    'bond-taken-at-refund',
    'a refund takes the bond as well',
    real => (r, slot, caller, call, now) => {
      const verdict = real(r, slot, caller, call, now)
      if ('refused' in verdict || verdict.slot.outcome !== 'refunded') return verdict
      const moves = verdict.moves.map(m =>
        m.op === 'unlock' && m.who === 'provider'
          ? ({ op: 'pay', who: 'provider', to: 'requester', amount: m.amount } as const)
          : m
      )
      return { ...verdict, moves }
    }
  ),
  contract(
    'anyone-rules',
    'whoever calls it is the arbiter',
    real => (r, slot, caller, call, now) =>
      real(r, slot, call.kind === 'rule' ? 'arbiter' : caller, call, now)
  ),
  contract(
    'dispute-bond-forgotten',
    'the bond of a dispute stays locked after a split',
    real => (r, slot, caller, call, now) => {
      const verdict = real(r, slot, caller, call, now)
      if ('refused' in verdict || verdict.slot.outcome !== 'split') return verdict
      const moves = verdict.moves.map(m =>
        m.op === 'unlock' && m.who === 'requester' ? { ...m, amount: m.amount - disputeBondOf(r) } : m
      )
      return { ...verdict, moves }
    }
  ),
  contract(
    'anyone-opens',
    'whoever has the signature of the provider opens in the name of the requester',
    real => (r, slot, caller, call, now) =>
      real(r, slot, call.kind === 'open' ? 'requester' : caller, call, now)
  ),
  contract(
    'forged-receipts',
    'receipts are not checked',
    real => (r, slot, caller, call, now) =>
      real(r, slot, caller, call.kind === 'acknowledge' ? { ...call, requesterSigned: true } : call, now)
  ),
  contract(
    'one-sided-cancel',
    'the requester cancels without consent',
    real => (r, slot, caller, call, now) =>
      real(r, slot, caller, call.kind === 'cancel' ? { ...call, providerSigned: true } : call, now)
  ),
  contract(
    'receipts-die-at-the-deadline',
    'a receipt counts no more once the deadline has passed',
    real => (r, slot, caller, call, now) =>
      call.kind === 'acknowledge' && slot.state === 'open' && now > r.deliverBy
        ? { refused: 'AmountOutOfRange' }
        : real(r, slot, caller, call, now)
  ),
  contract(
    'lies-of-checkpoints-stand',
    'what was never delivered cannot be disputed',
    real => (r, slot, caller, call, now) =>
      call.kind === 'dispute' && slot.state === 'open'
        ? { refused: 'WrongState' }
        : real(r, slot, caller, call, now)
  ),
  contract(
    'closes-itself',
    'the provider closes with receipts below the price, before the requester can dispute',
    real => (r, slot, caller, call, now) =>
      real(r, slot, call.kind === 'acknowledge' && slot.deliveredAt > 0n ? 'requester' : caller, call, now)
  ),
  contract(
    'claim-forgotten',
    'after the window the whole price is paid, whatever was claimed',
    real => (r, slot, caller, call, now) =>
      real(r, call.kind === 'release' ? { ...slot, claim: 0n } : slot, caller, call, now)
  ),
  contract(
    'undelivered-is-ruled-for',
    'a ruling about a checkpoint pays the price of what was never delivered',
    real => (r, slot, caller, call, now) =>
      real(
        r,
        call.kind === 'rule' && slot.deliveredAt === 0n ? { ...slot, deliveredAt: 1n } : slot,
        caller,
        call,
        now
      )
  ),
  contract(
    'silence-pays-the-provider',
    'garbage earns while nobody rules',
    diverted('split', m => (isBurnt(m) && m.op === 'pay' ? { ...m, to: 'beneficiary' } : m))
  ),
  contract(
    'silence-pays-the-requester',
    'disputing pays while nobody rules',
    diverted('split', m => (isBurnt(m) ? { op: 'unlock', who: 'requester', amount: m.amount } : m))
  ),
  contract(
    'silence-pays-the-treasury',
    'an arbiter who is the treasury earns by silence',
    diverted('split', m => (isBurnt(m) && m.op === 'pay' ? { ...m, to: 'treasury' } : m))
  ),
  contract(
    'dispute-bond-whole-or-none',
    'only a ruling that is wholly for the provider costs the dispute bond',
    diverted('ruled', m =>
      m.op === 'pay' && m.who === 'requester' && m.to === 'provider' && m.amount < 100n
        ? { op: 'unlock', who: 'requester', amount: m.amount }
        : m
    )
  ),
  contract(
    'dispute-bond-later',
    'the dispute bond is locked with the dispute, and need not be there',
    real => (r, slot, caller, call, now) => {
      const verdict = real(r, slot, caller, call, now)
      if ('refused' in verdict || call.kind !== 'dispute') return verdict
      return { ...verdict, moves: [{ op: 'lock', who: 'requester', amount: disputeBondOf(r) }] }
    }
  ),
  asProvider('receipt-by-sequence', 'the newest receipt replaces the highest', {
    takesReceipt: (_, amount, a) => amount <= a.price
  }),
  asProvider('unsecured-checkpoints', 'a running provider waits with its receipts until it has failed', {
    runningStep: () => 'wait'
  }),
  asProvider('claims-only-the-price', 'a committed provider forgets what its checkpoints earned', {
    committedStep: (view, a, owed) => realRules.provider.committedStep(view, a, owed >= a.price ? owed : 0n)
  }),
  asProvider('forgets-its-commit', 'a commit whose answer was lost counts as never made', {
    failedCommit: (view, a) => (view.now > a.deliverBy ? 'too-late' : 'wait'),
    failedStep: (view, a, owed) => {
      const step = realRules.provider.failedStep(view, a, owed)
      return view.escrow.state === 'open' || view.escrow.state === 'none' ? step : 'wait'
    }
  }),
  asProvider('gives-results-away', 'a provider consents to a cancel after the result was shown', {
    consentTo: (_, held) => held
  }),
  asRequester('unguarded', 'a provider that only beats its heart outwaits the window', {
    guardStep: () => 'wait'
  }),
  asRequester('stuck-dispute', 'a dispute whose answer was lost is never taken up', {
    recoupStep: (view, a, refused, signed) => {
      const step = realRules.requester.recoupStep(view, a, refused, signed)
      return step === 'await-ruling' ? 'wait' : step
    }
  }),
  asRequester('takes-any-release', 'a release for more than was acknowledged is used', {
    takesRelease: () => true
  }),
  asRequester('no-split', 'a silent arbiter is waited for without end', {
    rulingStep: (view, a) => {
      const step = realRules.requester.rulingStep(view, a)
      return step === 'split' ? 'wait' : step
    }
  }),
  {
    name: 'never-final',
    what: 'a paid execution starts again',
    rules: { ...realRules, providerTable: { ...realRules.providerTable, paid: { start: 'started' } } }
  },
  {
    name: 'resumed-at-full-price',
    what: 'the rest of a resumed shard costs as much as the whole',
    rules: { ...realRules, work: { ...realRules.work, priceFor: (_, rate) => rate.price } }
  }
]
