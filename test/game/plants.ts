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
