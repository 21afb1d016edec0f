/** All that can happen in a state, by who plays honestly. */
import { graceEnds } from '../../../src/protocol/machines/escrow.ts'
import { adversaryProvider, adversaryRequester, anyArbiter, passerBy } from './adversary.ts'
import { duelCount, type Config } from './config.ts'
import { base, D, G, REQUESTER, secondsAt, SENT } from './layout.ts'
import { mayProvider, mustProvider } from './provider.ts'
import { mayRequester, mustRequester, type Facts } from './requester.ts'
import { seat } from './seats.ts'
import { PRICE } from './terms.ts'
import type { Act, World } from './world.ts'

const bit = (s: Uint8Array, d: number, sent: number): boolean => ((s[base(d) + D.sent] ?? 0) & sent) !== 0

/** What the requester may have heard from provider `d`. */
export const factsOf = (c: Config, d: number): Facts =>
  c.providers[d] === 'honest'
    ? { said: bit, providerIsHonest: true }
    : { said: () => true, providerIsHonest: false }

const fromHonest = {
  said: bit,
  receipt: (s: Uint8Array, d: number, amount: number): boolean => amount <= (s[base(d) + D.signed] ?? 0)
}
const fromAdversary = { said: () => true, receipt: () => true }

/** What honest sides must still do before time goes on. */
export function owing(w: World, s: Uint8Array, side: 'requester' | 'provider'): boolean {
  const { config } = w.game
  for (let d = 0; d < duelCount(config); d++) {
    if (side === 'requester' && config.requester === 'honest') {
      if (mustRequester(w, s, d, factsOf(config, d)).length > 0) return true
    } else if (side === 'provider' && config.providers[d] === 'honest' && mustProvider(w, s, d).length > 0)
      return true
  }
  return false
}

const proposals = [false, true].map((resumed): Act => ({
  label: `the requester proposes an agreement${resumed ? ' for the rest of the shard' : ''}`,
  run: (w, s, d) => {
    const b = base(d)
    s[b + D.requester] = REQUESTER.indexOf('awarded')
    s[b + D.resumed] = resumed ? 1 : 0
    const both = w.chain.costOfBoth()
    if (resumed && both > PRICE) w.problem ??= `both parts of a shard cost ${both}, the bid was ${PRICE}`
    s[b + D.sent] = (s[b + D.sent] ?? 0) | SENT.agree
  }
}))

/** Emits every act of every player on agreement `d`. */
export function actsOn(w: World, s: Uint8Array, d: number, emit: (a: Act) => void): void {
  const c = w.game.config
  const provider = c.providers[d]
  if (c.requester === 'honest') {
    const facts = factsOf(c, d)
    if ((s[base(d) + D.requester] ?? 0) === 0) {
      const free = seat(w, s, d)
      const terms = w.chain.terms(s, d)
      if (free !== undefined && secondsAt(s[G.tick] ?? 0) <= terms.openBy)
        emit(proposals[free.resumed ? 1 : 0] as Act)
      return
    }
    for (const a of mustRequester(w, s, d, facts)) emit(a)
    mayRequester(w, s, d, facts, emit)
  } else adversaryRequester(w, s, d, emit)
  if (provider === 'honest') {
    for (const a of mustProvider(w, s, d)) emit(a)
    mayProvider(w, s, d, c.requester === 'honest' ? fromHonest : fromAdversary, emit)
  } else adversaryProvider(w, s, d, emit)
  passerBy(w, s, d, emit)
  if (c.arbiter === 'any') anyArbiter(w, s, d, emit)
}

/** What each honest provider holds at the end of a tick cannot be taken from it any more. */
function secure(w: World, s: Uint8Array, d: number): void {
  const b = base(d)
  if (w.game.config.providers[d] !== 'honest' || (s[b + D.escrow] ?? 0) === 4) return
  const now = secondsAt(s[G.tick] ?? 0)
  const terms = w.chain.terms(s, d)
  const held = s[b + D.held] ?? 0
  if (now <= graceEnds(terms)) s[b + D.secured] = Math.max(held, s[b + D.secured] ?? 0)
  if (now <= w.game.rules.provider.secureFrom(terms))
    s[b + D.securedEarly] = Math.max(held, s[b + D.securedEarly] ?? 0)
}

/** Time goes on. `out` says which sides did not do what they must: they were away. */
export function passTick(
  w: World,
  s: Uint8Array,
  out: { readonly requester: boolean; readonly provider: boolean }
): void {
  for (let d = 0; d < duelCount(w.game.config); d++) if (!out.provider) secure(w, s, d)
  if (out.requester) {
    s[G.requesterOutages] = (s[G.requesterOutages] ?? 0) - 1
    s[G.requesterWasOut] = 1
  }
  if (out.provider) {
    s[G.providerOutages] = (s[G.providerOutages] ?? 0) - 1
    s[G.providerWasOut] = 1
  }
  s[G.tick] = (s[G.tick] ?? 0) + 1
}
