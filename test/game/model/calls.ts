/** Calls on the escrow in the game: those that somebody may make with the signatures that there can be. */
import type { Caller, EscrowCall } from '../../../src/protocol/machines/escrow-rules.ts'

export type GameCall = EscrowCall & { readonly index: number; readonly text: string }
let calls = 0
const call = (text: string, c: EscrowCall): GameCall => ({ ...c, index: calls++, text })

/** By index of the amount. */
const byAmount = <T>(f: (i: 0 | 1 | 2) => T): readonly [T, T, T] => [f(0), f(1), f(2)]
const signed = { requesterSigned: true, providerSigned: true }

/** All calls that are made with valid signatures. Amounts are indexes here; `Chain` puts the agreement's own in. */
export const CALLS = {
  open: call('open', { kind: 'open', providerSigned: true }),
  acknowledge: byAmount(i =>
    call(`acknowledge ${i}`, { kind: 'acknowledge', amount: BigInt(i), requesterSigned: true })
  ),
  refund: byAmount(i => call(`refund ${i}`, { kind: 'refund', acknowledged: BigInt(i) })),
  cancel: byAmount(i => call(`cancel ${i}`, { kind: 'cancel', amount: BigInt(i), ...signed })),
  /** With the caller's signature alone. */
  cancelAlone: byAmount(i =>
    call(`cancel ${i} alone`, {
      kind: 'cancel',
      amount: BigInt(i),
      requesterSigned: false,
      providerSigned: false
    })
  ),
  unsigned: call('open without the provider', { kind: 'open', providerSigned: false }),
  forged: call('acknowledge a forged receipt', { kind: 'acknowledge', amount: 2n, requesterSigned: false }),
  deliver: byAmount(i => call(`deliver ${i}`, { kind: 'deliver', amount: BigInt(i) })),
  release: call('release', { kind: 'release' }),
  dispute: call('dispute', { kind: 'dispute' }),
  split: call('split', { kind: 'split' }),
  rule: [0n, 5_000n, 10_000n].flatMap(p =>
    [0n, 10_000n].map(b =>
      call(`rule ${p} for the provider, slash ${b}`, { kind: 'rule', providerBps: p, bondSlashBps: b })
    )
  )
} as const
export const EVERY_CALL: readonly GameCall[] = Object.values(CALLS).flat()
export const CALLERS: readonly Caller[] = ['requester', 'provider', 'arbiter', 'other']
