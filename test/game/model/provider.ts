/** The honest provider: what it must do about one agreement, and what may happen to it. All decisions are the program's. */
import { GRACE_MS } from '../../../src/peer/provider/steps.ts'
import type { ProviderMove } from '../../../src/protocol/machines/execution.ts'
import { base, D, ESCROW, G, OUTCOME, PROVIDER, secondsAt, SENT, SIG, type TxName } from './layout.ts'
import { amountAt } from './terms.ts'
import { mining, sends } from './transactions.ts'
import type { Act, World } from './world.ts'

const NONE: readonly Act[] = []
const moving = (move: ProviderMove, why: string, tells = 0): Act => ({
  label: `the provider: ${why}`,
  run: (w, s, d) => {
    if (w.providerMove(s, d, move)) s[base(d) + D.sent] = (s[base(d) + D.sent] ?? 0) | tells
  }
})

const mined = mining('provider', (w, s, d, name) => {
  if (name === 'deliver 2') w.providerMove(s, d, 'deliver')
})
const hearsClosed: readonly Act[] = [
  {
    label: 'the provider hears that the escrow closed',
    run: (w, s, d) => {
      const outcome = OUTCOME[s[base(d) + D.outcome] ?? 0]
      if (outcome !== undefined) w.providerMove(s, d, w.game.rules.moveOf[outcome])
    }
  }
]
const expires = [moving('expire', 'it was never opened')]
const neverStarted = [moving('fail', 'the task never came')]
const committed = [moving('deliver', 'its commit is on the chain')]
const tooLate = [moving('fail', 'the deadline has passed')]
const neverOpened = [moving('closed-cancelled', 'it was never opened')]

/** What the provider must do before this tick ends. */
export function mustProvider(w: World, s: Uint8Array, d: number): readonly Act[] {
  const b = base(d)
  const state = PROVIDER[s[b + D.provider] ?? 0]
  if (state === undefined) return NONE
  if ((s[b + D.providerTx] ?? 0) !== 0) return mined
  if (Object.keys(w.game.rules.providerTable[state]).length === 0) return NONE
  if (ESCROW[s[b + D.escrow] ?? 0] === 'closed') return hearsClosed
  return decided(w, s, d)
}

const acknowledge = (held: number): readonly Act[] => [sends('provider', `acknowledge ${held}` as TxName)]

function decided(w: World, s: Uint8Array, d: number): readonly Act[] {
  const b = base(d)
  const { provider } = w.game.rules
  const view = w.chain.view(s, d)
  const t = w.chain.terms(s, d)
  const held = s[b + D.held] ?? 0
  const owed = amountAt(t, held)
  switch (PROVIDER[s[b + D.provider] ?? 0]) {
    case 'agreed': {
      const step = provider.agreedStep(view, t, owed)
      if (step === 'claim') return acknowledge(held)
      return step === 'expire' ? expires : step === 'fail' ? neverStarted : NONE
    }
    case 'started':
      return provider.runningStep(view, t, owed) === 'claim' ? acknowledge(held) : NONE
    case 'finished': {
      const failed = provider.failedCommit(view, t)
      if (failed !== 'wait') return failed === 'committed' ? committed : tooLate
      return finished(
        provider.finishedStep(now(s), 0, { held: owed, due: t.price }, t),
        held,
        s[b + D.known] ?? 0
      )
    }
    case 'delivered': {
      const step = provider.committedStep(view, t, owed)
      return step === 'claim' ? acknowledge(held) : step === 'wait' ? NONE : [sends('provider', step)]
    }
    case 'failed': {
      const step = provider.failedStep(view, t, owed)
      if (step === 'never-opened') return neverOpened
      if (step === 'refund') return [sends('provider', 'refund 0')]
      return step === 'claim' ? acknowledge(held) : step === 'wait' ? NONE : [sends('provider', step)]
    }
    default:
      return NONE
  }
}

const now = (s: Uint8Array): bigint => secondsAt(s[G.tick] ?? 0)

/** Calls that the chain knows already are not sent again (settlement/effects.ts). */
function finished(
  step: ReturnType<World['game']['rules']['provider']['finishedStep']>,
  held: number,
  known: number
): readonly Act[] {
  if (step === 'wait') return NONE
  if (step === 'claim') return held > known ? acknowledge(held) : NONE
  if (step === 'claim-and-commit' && held > known)
    return [sends('provider', `acknowledge ${held}, deliver 2` as TxName)]
  return [sends('provider', 'deliver 2')]
}

const signs: Act = {
  label: 'the provider signs the agreement',
  run: (_, s, d) => {
    const b = base(d)
    s[b + D.provider] = PROVIDER.indexOf('agreed')
    s[b + D.public] = (s[b + D.public] ?? 0) | SIG.provider
  }
}
const starts = moving('start', 'takes the task', SENT.started)
const checkpoints: Act = {
  label: 'the provider makes a checkpoint',
  run: (_, s, d) => {
    s[base(d) + D.sent] = (s[base(d) + D.sent] ?? 0) | SENT.checkpoint
  }
}
const finishes = moving('finish', 'the result is ready', SENT.result)
const fails = moving('fail', 'the task fails', SENT.failed)
const receives = [1, 2].map((amount): Act => ({
  label: `the provider gets a receipt for ${amount}`,
  run: (_, s, d) => {
    s[base(d) + D.held] = amount
  }
}))
const consents: Act = {
  label: 'the provider consents to end it',
  run: (w, s, d) => {
    const b = base(d)
    const before = PROVIDER[s[b + D.provider] ?? 0]
    if ((before === 'finished' || before === 'delivered') && (s[b + D.held] ?? 0) < 2)
      w.problem ??= 'the provider let a result go that was ready'
    w.providerMove(s, d, 'fail')
    if (PROVIDER[s[b + D.provider] ?? 0] === 'failed')
      s[b + D.release] = (s[b + D.release] ?? 0) | (1 << (s[b + D.held] ?? 0))
  }
}

/** What may happen to the provider. `said` and `receipt`: whether the requester may have sent it. */
export function mayProvider(
  w: World,
  s: Uint8Array,
  d: number,
  heard: {
    readonly said: (s: Uint8Array, d: number, sent: number) => boolean
    readonly receipt: (s: Uint8Array, d: number, amount: number) => boolean
  },
  emit: (a: Act) => void
): void {
  const b = base(d)
  const state = PROVIDER[s[b + D.provider] ?? 0]
  const open = ESCROW[s[b + D.escrow] ?? 0] === 'open'
  if (state === undefined) {
    if (heard.said(s, d, SENT.agree) && now(s) <= w.chain.terms(s, d).openBy) emit(signs)
    return
  }
  if (Object.keys(w.game.rules.providerTable[state]).length === 0) return
  const t = w.chain.terms(s, d)
  const held = s[b + D.held] ?? 0
  for (const amount of [1, 2])
    if (
      heard.receipt(s, d, amount) &&
      amount !== held &&
      w.game.rules.provider.takesReceipt(amountAt(t, held), amountAt(t, amount), t)
    )
      emit(receives[amount - 1] as Act)
  if ((s[b + D.providerTx] ?? 0) !== 0) return
  if (
    heard.said(s, d, SENT.cancel) &&
    w.game.rules.provider.consentTo(state, amountAt(t, held), t.price) !== undefined
  )
    if (((s[b + D.release] ?? 0) & (1 << held)) === 0) emit(consents)
  if (state === 'agreed' && open && heard.said(s, d, SENT.start)) emit(starts)
  if (state === 'started') {
    emit(fails)
    emit(finishes)
    if (((s[b + D.sent] ?? 0) & SENT.checkpoint) === 0) emit(checkpoints)
  }
  if (state !== 'finished') return
  for (const act of finished(
    w.game.rules.provider.finishedStep(now(s), GRACE_MS + 1, { held: amountAt(t, held), due: t.price }, t),
    held,
    s[b + D.known] ?? 0
  ))
    emit(act)
}

/** What ends the provider's waiting when nobody answers. */
export const givesUpWork = (s: Uint8Array, d: number): Act | undefined =>
  PROVIDER[s[base(d) + D.provider] ?? 0] === 'started' ? fails : undefined
