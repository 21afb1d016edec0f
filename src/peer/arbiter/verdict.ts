/**
 * What an arbiter rules. Pure: what each side brought and what running the task again gave in, the ruling out. Whoever withholds what it must
 * have loses; what cannot be judged is left undecided, which costs both sides alike.
 */

/** Why a side's evidence does not count, or that it is complete. */
export type Brought =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'flawed'; readonly why: string }
  | { readonly kind: 'complete' }

/** What came of running the task again. */
export type Again =
  /** `shareBps`: of what is claimed, as much as the work that it really takes; all of it when absent. */
  | { readonly kind: 'same'; readonly shareBps?: number }
  | { readonly kind: 'differs'; readonly why: string }
  | { readonly kind: 'impossible'; readonly why: string }

export interface CaseFacts {
  readonly requester: Brought
  readonly provider: Brought
  /** Undefined while it was not tried. */
  readonly again?: Again
  /** The time in which evidence is waited for is over. */
  readonly late: boolean
}

export interface Ruling {
  /** The provider's share of what it claims, and how much of its bond it loses, basis points. */
  readonly providerBps: number
  readonly slashBps: number
  readonly reason: string
}

export type CaseStep =
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'run' }
  | { readonly kind: 'rule'; readonly ruling: Ruling }
  | { readonly kind: 'leave'; readonly reason: string }

const WHOLE = 10_000
const forProvider = (reason: string, providerBps = WHOLE): CaseStep => ({
  kind: 'rule',
  ruling: { providerBps, slashBps: 0, reason }
})
const forRequester = (reason: string): CaseStep => ({
  kind: 'rule',
  ruling: { providerBps: 0, slashBps: WHOLE, reason }
})

/** A flaw that the side itself has signed decides at once; what is missing may still come. */
export function caseStep({ requester, provider, again, late }: CaseFacts): CaseStep {
  if (again?.kind === 'same') return forProvider('running the task again gives the same', again.shareBps)
  if (again?.kind === 'differs')
    return forRequester(`running the task again gives something else: ${again.why}`)
  if (again?.kind === 'impossible') return { kind: 'leave', reason: again.why }
  if (requester.kind === 'complete' && provider.kind === 'complete') return { kind: 'run' }
  if (!late) {
    const missing = [
      ...(requester.kind === 'complete' ? [] : ['requester']),
      ...(provider.kind === 'complete' ? [] : ['provider'])
    ]
    return { kind: 'wait', reason: `waiting for the ${missing.join(' and the ')}` }
  }
  if (requester.kind === 'nothing' && provider.kind === 'nothing')
    return { kind: 'leave', reason: 'neither side brought its evidence' }
  // what was to be done is the requester's to show; without it nobody can hold a result against the provider
  if (requester.kind !== 'complete') return forProvider(`the requester ${flaw(requester)}`)
  return forRequester(`the provider ${flaw(provider)}`)
}

const flaw = (b: Brought): string => (b.kind === 'flawed' ? b.why : 'withholds its evidence')
