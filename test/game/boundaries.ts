/** Amounts at the edges of uint128 and of the basis points, through every way to end an escrow: nothing overflows, nothing is lost. */
import { applyCall, feeOf, termsProblem, type EscrowCall } from '../../src/protocol/machines/escrow-rules.ts'
import { disputeBondOf, emptySlot, type Slot } from '../../src/protocol/machines/escrow.ts'
import { settleMoves, totalOf, type Holdings } from '../../src/protocol/machines/vault.ts'
import { agreement } from '../support/records.ts'

const UINT128_MAX = (1n << 128n) - 1n
const EDGES = [
  1n,
  2n,
  9_999n,
  10_000n,
  10_001n,
  1n << 63n,
  (1n << 64n) - 1n,
  1n << 127n,
  UINT128_MAX - 1n,
  UINT128_MAX
]
const BPS = [0n, 1n, 4_999n, 9_999n, 10_000n]
const NOW = 1_000n

interface Edge {
  readonly price: bigint
  readonly bond: bigint
  readonly fee: bigint
  readonly bps: bigint
}

function* edges(): Generator<Edge> {
  for (const price of EDGES)
    for (const bond of [0n, ...EDGES])
      for (const fee of BPS) for (const bps of BPS) yield { price, bond, fee, bps }
}

/** Claims: the whole price, half of it, one unit; and what was never delivered, also in a dispute. */
const slots = (e: Edge): Slot[] =>
  [0n, e.price / 2n, e.price - 1n].flatMap(acknowledged => {
    const known = { ...emptySlot, acknowledged }
    const claims = [0n, ...(e.price > 1n ? [1n, e.price / 2n] : [])]
    return [
      { ...known, state: 'open' } as const,
      { ...known, state: 'disputed', disputedAt: 1n } as const,
      ...claims.flatMap(claim => [
        { ...known, state: 'delivered', claim, deliveredAt: 1n } as const,
        { ...known, state: 'disputed', claim, deliveredAt: 1n, disputedAt: 1n } as const
      ])
    ]
  })
const calls = (e: Edge): EscrowCall[] => [
  { kind: 'acknowledge', amount: e.price, requesterSigned: true },
  { kind: 'refund', acknowledged: e.price },
  { kind: 'refund', acknowledged: 0n },
  { kind: 'cancel', amount: e.price, requesterSigned: true, providerSigned: true },
  { kind: 'release' },
  { kind: 'split' },
  ...BPS.map(slash => ({ kind: 'rule', providerBps: e.bps, bondSlashBps: slash }) as const)
]

/** The first thing that is wrong with one call, or undefined. */
function wrong(e: Edge, slot: Slot, call: EscrowCall): string | undefined {
  const late = call.kind === 'rule' ? 0n : NOW
  const rules = {
    price: e.price,
    bond: e.bond,
    feeBps: e.fee,
    openBy: 0n,
    deliverBy: 1n,
    challengeWindow: 5,
    arbitrationWindow: 5,
    splitBps: 0
  }
  const verdict = applyCall(rules, slot, call.kind === 'rule' ? 'arbiter' : 'requester', call, late)
  if ('refused' in verdict || verdict.slot.state !== 'closed') return undefined
  const posted = disputeBondOf(e)
  const before: Holdings = {
    requester: { free: 0n, locked: e.price + posted },
    provider: { free: 0n, locked: e.bond },
    beneficiary: { free: 0n, locked: 0n },
    treasury: { free: 0n, locked: 0n },
    burned: { free: 0n, locked: 0n }
  }
  const after = settleMoves(before, verdict.moves)
  if (after === 'FundsLow') return 'a purse was called empty'
  if (totalOf(after) !== totalOf(before)) return 'money was made or lost'
  if (after.requester.locked + after.provider.locked !== 0n) return 'money stays locked'
  if (after.burned.free > 0n && verdict.slot.outcome !== 'split') return 'money was burned without silence'
  if (
    call.kind === 'rule' &&
    call.providerBps === 10_000n &&
    after.provider.free * 10n < e.price - e.bond * 10n
  )
    return 'a false accusation cost less than a tenth of the price'
  // the terms refuse a price that does not fit with its dispute bond
  if (e.price + posted <= UINT128_MAX && verdict.moves.some(m => m.amount < 0n || m.amount > UINT128_MAX))
    return 'an amount left uint128'
  const gross = after.beneficiary.free + after.treasury.free
  if (gross + after.burned.free > e.price) return 'more than the price was paid'
  return feeOf(gross, e.fee) > gross ? 'the fee is more than the pay' : undefined
}

export interface Checked {
  readonly states: number
  readonly problem: string | undefined
}

/** Goes through all edges. */
export function checkBoundaries(): Checked {
  let states = 0
  for (const e of edges())
    for (const slot of slots(e))
      for (const call of calls(e)) {
        states++
        const problem = wrong(e, slot, call)
        if (problem !== undefined)
          return {
            states,
            problem: `${problem}: ${call.kind}, ${slot.state}, price ${e.price}, bond ${e.bond}`
          }
      }
  return { states, problem: undefined }
}

/** Nobody judges where he has a key: terms that name a side as arbiter are refused. */
export function checkArbiters(): Checked {
  const a = agreement()
  for (const arbiter of [a.requester, a.provider, a.requester.toLowerCase() as typeof a.requester])
    if (termsProblem({ ...a, arbiter }, 1_800_000_000n, []) !== 'arbiter')
      return { states: 3, problem: `${arbiter} is a side and may rule` }
  return { states: 3, problem: undefined }
}
