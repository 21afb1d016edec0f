/** The honest requester: what it must do about one agreement, and what may happen to it. All decisions are the program's. */
import { due } from '../../../src/protocol/machines/escrow.ts'
import type { ExecutionMove } from '../../../src/protocol/machines/execution.ts'
import { base, D, ESCROW, FLAG, OUTCOME, REQUESTER, SENT, SIG, type TxName } from './layout.ts'
import { accepts } from './seats.ts'
import { amountAt } from './terms.ts'
import { mining, sends } from './transactions.ts'
import type { Act, World } from './world.ts'

const NONE: readonly Act[] = []
const moving = (move: ExecutionMove, why: string): Act => ({
  label: `the requester: ${why}`,
  run: (w, s, d) => void w.requesterMove(s, d, move)
})
const flag = (f: number) => (_: World, s: Uint8Array, d: number) => {
  const at = base(d) + D.flags
  s[at] = (s[at] ?? 0) | f
}
const both =
  (...runs: Act['run'][]): Act['run'] =>
  (w, s, d) =>
    runs.forEach(run => run(w, s, d))
const lose: Act['run'] = (w, s, d) => void w.requesterMove(s, d, 'lose')

const mined = mining('requester', (w, s, d, name) => {
  if (name === 'open') w.requesterMove(s, d, 'open')
  if (name === 'dispute' && REQUESTER[s[base(d) + D.requester] ?? 0] === 'lost')
    w.requesterMove(s, d, 'dispute')
})
/** A provider that keeps its bond away lets the opening fail. */
const openingFails: Act = {
  label: "the requester's opening fails for want of funds",
  run: (w, s, d) => {
    s[base(d) + D.requesterTx] = 0
    w.requesterMove(s, d, 'withdraw')
  }
}
const hearsClosed: readonly Act[] = [
  {
    label: 'the requester hears that the escrow closed',
    run: (w, s, d) => {
      const outcome = OUTCOME[s[base(d) + D.outcome] ?? 0]
      if (outcome !== undefined) w.requesterMove(s, d, w.game.rules.moveOf[outcome])
    }
  }
]
const hearsOpened = [moving('open', 'hears that the escrow is open')]
const declines = [moving('decline', 'the time to open is over')]
const loses = [moving('lose', 'gives the provider up (guard)')]
const marks = [moving('dispute', 'sees the dispute')]
const neverOpened = [moving('closed-cancelled', 'it was never opened')]
const findsResult: Act = moving('deliver', 'finds a late result')

export interface Facts {
  /** Whether something that a provider says can have been said: an adversary says anything at any time. */
  readonly said: (s: Uint8Array, d: number, sent: number) => boolean
  readonly providerIsHonest: boolean
}

/** What the requester must do before this tick ends; the first act is what it does when nobody answers. */
export function mustRequester(w: World, s: Uint8Array, d: number, facts: Facts): readonly Act[] {
  const b = base(d)
  const state = REQUESTER[s[b + D.requester] ?? 0]
  if (state === undefined) return NONE
  if ((s[b + D.requesterTx] ?? 0) !== 0) {
    const canFail = s[b + D.requesterTx] === 1 && !facts.providerIsHonest
    return canFail ? [...mined, openingFails] : mined
  }
  const escrow = ESCROW[s[b + D.escrow] ?? 0]
  if (Object.keys(w.game.rules.executionTable[state]).length === 0) return NONE
  if (escrow === 'closed') return hearsClosed
  if (escrow !== 'none' && (state === 'agreed' || state === 'withdrawn')) return hearsOpened
  return decided(w, s, d, facts)
}

function decided(w: World, s: Uint8Array, d: number, facts: Facts): readonly Act[] {
  const b = base(d)
  const { requester } = w.game.rules
  const state = REQUESTER[s[b + D.requester] ?? 0]
  const view = w.chain.view(s, d)
  const t = w.chain.terms(s, d)
  const tx = (name: TxName): readonly Act[] => [sends('requester', name)]
  const refund = (): readonly Act[] => tx(`refund ${s[b + D.signed] ?? 0}` as TxName)
  switch (state) {
    case 'agreed':
    case 'withdrawn':
      return requester.openingStep(view, t) === 'over' ? declines : NONE
    case 'open':
    case 'started':
    case 'delivered': {
      const step = requester.guardStep(state, view, t)
      return step === 'lose' ? loses : step === 'dispute' ? tx('dispute') : NONE
    }
    case 'lost': {
      const step = requester.recoupStep(
        view,
        t,
        ((s[b + D.flags] ?? 0) & FLAG.refused) !== 0,
        amountAt(t, s[b + D.signed] ?? 0)
      )
      if (step === 'refund') return refund()
      if (step === 'acknowledge') return tx(`acknowledge ${s[b + D.signed] ?? 0}` as TxName)
      if (step === 'await-ruling') return marks
      if (step === 'never-opened') return neverOpened
      if (step === 'dispute' || step === 'release') return tx(step)
      if (step === 'seek-result')
        return facts.said(s, d, SENT.result) ? [...tx('dispute'), findsResult] : tx('dispute')
      return NONE
    }
    case 'disputed': {
      const step = requester.rulingStep(view, t)
      return step === 'refund' ? refund() : step === 'wait' ? NONE : tx(step)
    }
    default:
      return NONE
  }
}

const agrees = moving('agree', 'has the provider’s signature')
const gaveUp = moving('decline', 'the provider refused or did not answer')
const sendsOpen = sends('requester', 'open')
const tells = (bit: number, what: string): Act => ({
  label: `the requester tells: ${what}`,
  run: (_, s, d) => {
    s[base(d) + D.sent] = (s[base(d) + D.sent] ?? 0) | bit
  }
})
const tellsStart = tells(SENT.start, 'start')
const tellsCancel = tells(SENT.cancel, 'cancel')
const started = moving('start', 'the task is handed over')
const startTimeout = moving('lose', 'the provider did not start, or is not needed')
const acknowledges: Act = {
  label: 'the requester fetches a checkpoint and signs for it',
  run: (_, s, d) => {
    const b = base(d)
    s[b + D.flags] = (s[b + D.flags] ?? 0) | FLAG.checkpoint
    s[b + D.signed] = Math.max(1, s[b + D.signed] ?? 0)
  }
}
const announced: Act = moving('deliver', 'a result is announced')
const wrongAnnounced: Act = {
  label: 'the requester: a wrong result is announced',
  run: both((w, s, d) => void w.requesterMove(s, d, 'deliver'), flag(FLAG.wrong))
}
const leaseMissed = moving('lose', 'lease missed, task failed, or not needed')
const fetches: Act = { label: 'the requester fetches the result', run: flag(FLAG.fetched) }
const refuses: Act = {
  label: 'the requester cannot have the result that was announced',
  run: both(flag(FLAG.refused), lose)
}
const pays: Act = {
  label: 'the requester accepts and signs for the price',
  run: (w, s, d) => {
    s[base(d) + D.signed] = 2
    w.requesterMove(s, d, 'accept')
  }
}
const differs = moving('dispute', 'the result differs from the others')
const acknowledgesOnChain = sends('requester', 'acknowledge 2')

/** What may happen to the requester: answers, timeouts, its own mind. The first act is what happens when nobody answers. */
export function mayRequester(w: World, s: Uint8Array, d: number, facts: Facts, emit: (a: Act) => void): void {
  const b = base(d)
  if ((s[b + D.requesterTx] ?? 0) !== 0) return
  const flags = s[b + D.flags] ?? 0
  const said = (bit: number): boolean => facts.said(s, d, bit)
  switch (REQUESTER[s[b + D.requester] ?? 0]) {
    case 'awarded':
      emit(gaveUp)
      if (((s[b + D.public] ?? 0) & SIG.provider) !== 0 || !facts.providerIsHonest) emit(agrees)
      return
    case 'agreed':
      if (due.open(w.chain.view(s, d), w.chain.terms(s, d))) emit(sendsOpen)
      return
    case 'open':
      emit(startTimeout)
      if (facts.providerIsHonest && !said(SENT.start)) emit(tellsStart)
      if (said(SENT.started)) emit(started)
      if (said(SENT.result)) emit(announced)
      return
    case 'started':
      emit(leaseMissed)
      if ((flags & FLAG.checkpoint) === 0 && said(SENT.checkpoint)) emit(acknowledges)
      if (said(SENT.result)) emit(announced)
      if (said(SENT.result) && !facts.providerIsHonest) emit(wrongAnnounced)
      return
    case 'delivered':
      if ((flags & FLAG.fetched) === 0) {
        emit(refuses)
        emit(fetches)
        return
      }
      if (accepts(w, s, d) === 'accept') emit(pays)
      if (accepts(w, s, d) === 'dispute') emit(differs)
      return
    case 'accepted':
      emit(acknowledgesOnChain)
      return
    case 'lost':
      mayRecoup(w, s, d, facts, emit)
      return
    default:
  }
}

/** A lost provider is asked to let the money go; its consent is used when it asks for no more than was acknowledged. */
function mayRecoup(w: World, s: Uint8Array, d: number, facts: Facts, emit: (a: Act) => void): void {
  const b = base(d)
  if (facts.providerIsHonest && !facts.said(s, d, SENT.cancel)) emit(tellsCancel)
  if (ESCROW[s[b + D.escrow] ?? 0] !== 'open') return
  const t = w.chain.terms(s, d)
  const signed = amountAt(t, s[b + D.signed] ?? 0)
  for (const amount of [0, 1, 2]) {
    const released = facts.providerIsHonest ? ((s[b + D.release] ?? 0) & (1 << amount)) !== 0 : true
    if (released && w.game.rules.requester.takesRelease(signed, amountAt(t, amount)))
      emit(sends('requester', `cancel ${amount}` as TxName))
  }
}

/** When nobody answers and nothing is due: what ends the requester's waiting. */
export function givesUp(s: Uint8Array, d: number): Act | undefined {
  const fetched = ((s[base(d) + D.flags] ?? 0) & FLAG.fetched) !== 0
  switch (REQUESTER[s[base(d) + D.requester] ?? 0]) {
    case 'awarded':
      return gaveUp
    case 'open':
      return startTimeout
    case 'started':
      return leaseMissed
    case 'delivered':
      // at the end of its job a result that is here and undecided is paid (wind.ts)
      return fetched ? pays : refuses
    case 'accepted':
      return acknowledgesOnChain
    default:
      return undefined
  }
}
