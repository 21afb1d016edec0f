/** The escrow's table in TypeScript against the contract on a real chain: random calls at random times, equal answers, equal slots, equal balances. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Agreement } from '../../src/protocol/eip712.ts'
import type { Address } from '../../src/protocol/ids.ts'
import {
  applyCall,
  termsProblem,
  type Caller,
  type EscrowCall,
  type Refusal
} from '../../src/protocol/machines/escrow-rules.ts'
import { disputeBondOf, emptySlot, type Slot } from '../../src/protocol/machines/escrow.ts'
import { settleMoves, totalOf, type Holdings } from '../../src/protocol/machines/vault.ts'
import { EscrowBench } from '../support/escrow-bench.ts'

/** A call as it is tried: who makes it, how many seconds later. */
interface Try {
  readonly caller: Caller
  readonly later: number
  readonly call: EscrowCall
}

const PRICE = 1_003n
const BOND = 101n
const amount = fc.constantFrom(0n, 1n, 450n, PRICE - 1n, PRICE, PRICE + 1n)
const bps = fc.constantFrom(0n, 1n, 3_333n, 9_999n, 10_000n, 10_001n)
const mostly = fc.oneof(
  { weight: 5, arbitrary: fc.constant(true) },
  { weight: 1, arbitrary: fc.constant(false) }
)
const call: fc.Arbitrary<EscrowCall> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), providerSigned: mostly }),
  fc.record({ kind: fc.constant('acknowledge' as const), amount, requesterSigned: mostly }),
  fc.record({ kind: fc.constantFrom('release' as const, 'dispute' as const, 'split' as const) }),
  fc.record({ kind: fc.constant('deliver' as const), amount }),
  fc.record({ kind: fc.constant('dispute' as const) }),
  fc.record({ kind: fc.constant('refund' as const), acknowledged: amount }),
  fc.record({
    kind: fc.constant('cancel' as const),
    amount,
    requesterSigned: mostly,
    providerSigned: mostly
  }),
  fc.record({ kind: fc.constant('rule' as const), providerBps: bps, bondSlashBps: bps })
)
const own: Readonly<Record<EscrowCall['kind'], Caller>> = {
  open: 'requester',
  acknowledge: 'provider',
  deliver: 'provider',
  release: 'provider',
  refund: 'requester',
  cancel: 'requester',
  dispute: 'requester',
  rule: 'arbiter',
  split: 'other'
}
const tries: fc.Arbitrary<Try> = fc
  .record({
    call,
    stranger: fc.constantFrom<Caller | undefined>(
      undefined,
      undefined,
      undefined,
      'requester',
      'provider',
      'arbiter',
      'other'
    ),
    later: fc.constantFrom(0, 0, 1, 5, 10, 11, 20, 61)
  })
  .map(t => ({ call: t.call, caller: t.stranger ?? own[t.call.kind], later: t.later }))
const step = (caller: Caller, c: EscrowCall): Try => ({ caller, later: 1, call: c })
const beginning: readonly Try[] = [
  step('requester', { kind: 'open', providerSigned: true }),
  step('provider', { kind: 'deliver', amount: PRICE }),
  step('requester', { kind: 'dispute' })
]
/** The same for less than the price. */
const less: readonly Try[] = [
  ...beginning.slice(0, 1),
  step('provider', { kind: 'deliver', amount: 450n }),
  ...beginning.slice(2)
]
/** Nothing delivered; 40 seconds from the agreement to the deadline. */
const undelivered: readonly Try[] = [
  ...beginning.slice(0, 1),
  step('provider', { kind: 'acknowledge', amount: 1n, requesterSigned: true }),
  { ...step('requester', { kind: 'dispute' }), later: 39 }
]
/** Opened, delivered or disputed first, so that most sequences get somewhere. */
const sequence = fc
  .tuple(
    fc.constantFrom(beginning, less, undelivered),
    fc.nat({ max: 3 }),
    fc.array(tries, { minLength: 3, maxLength: 10 })
  )
  .map(([first, n, list]) => [...first.slice(0, n), ...list])
const byRequester = (n: bigint): Try =>
  step('requester', { kind: 'acknowledge', amount: n, requesterSigned: true })
/** One way to every outcome, and to every refusal, played before the random ones: luck alone does not reach them all in every run. */
const endings: readonly (readonly Try[])[] = [
  [...beginning.slice(0, 1), step('provider', { kind: 'acknowledge', amount: PRICE, requesterSigned: true })],
  [...beginning.slice(0, 2), { ...step('provider', { kind: 'release' }), later: 21 }],
  [...less.slice(0, 2), { ...step('provider', { kind: 'release' }), later: 21 }],
  [...beginning.slice(0, 1), { ...step('requester', { kind: 'refund', acknowledged: 0n }), later: 60 }],
  [
    ...beginning.slice(0, 1),
    step('requester', { kind: 'cancel', amount: 1n, requesterSigned: true, providerSigned: true })
  ],
  [...beginning, step('arbiter', { kind: 'rule', providerBps: 3_333n, bondSlashBps: 1n })],
  [...less, step('arbiter', { kind: 'rule', providerBps: 9_999n, bondSlashBps: 10_000n })],
  [...undelivered, step('arbiter', { kind: 'rule', providerBps: 3_333n, bondSlashBps: 10_000n })],
  [...beginning, { ...step('other', { kind: 'split' }), later: 61 }],
  [...less, { ...step('other', { kind: 'split' }), later: 61 }],
  [...undelivered, { ...step('other', { kind: 'split' }), later: 61 }],
  // the provider's receipt for the claim closes nothing, the requester's does, below the claim neither
  [
    ...less.slice(0, 2),
    step('provider', { kind: 'acknowledge', amount: 450n, requesterSigned: true }),
    byRequester(PRICE - 1n)
  ],
  [...less, byRequester(1n), byRequester(450n)],
  // nobody concedes what was never delivered
  [...undelivered, byRequester(450n), byRequester(PRICE)],
  [
    step('provider', { kind: 'deliver', amount: PRICE }),
    step('provider', { kind: 'open', providerSigned: true }),
    step('requester', { kind: 'open', providerSigned: false }),
    ...beginning.slice(0, 1),
    step('requester', { kind: 'refund', acknowledged: 0n }),
    step('requester', { kind: 'dispute' }),
    step('other', { kind: 'deliver', amount: PRICE }),
    step('provider', { kind: 'deliver', amount: 0n }),
    step('provider', { kind: 'deliver', amount: PRICE + 1n }),
    step('provider', { kind: 'acknowledge', amount: PRICE + 1n, requesterSigned: true }),
    { ...step('provider', { kind: 'deliver', amount: PRICE }), later: 41 }
  ],
  [...beginning, step('arbiter', { kind: 'rule', providerBps: 10_001n, bondSlashBps: 1n })]
]
const rarely = <T>(good: readonly T[], bad: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: fc.constant(bad) })
const terms = fc.record({
  bond: fc.constantFrom(0n, BOND, 2n * BOND),
  splitBps: rarely([0], 1),
  challengeWindow: rarely([5, 10, 20], 4),
  arbitrationWindow: rarely([60, 70], 59)
})

describe('the escrow table and the contract', function () {
  this.timeout(300_000)
  let bench: EscrowBench
  const reached = new Set<string>()
  before(async () => {
    bench = await EscrowBench.start()
  })
  after(async () => {
    await bench.stop()
  })

  /** What the table says; FundsLow comes from the vault. */
  function predict(
    a: Agreement,
    slot: Slot,
    held: Holdings,
    t: Try,
    now: bigint
  ): { refused: Refusal } | { slot: Slot; held: Holdings } {
    if (
      t.call.kind === 'open' &&
      slot.state === 'none' &&
      t.caller === 'requester' &&
      now <= a.openBy &&
      termsProblem(a, now, bench.contracts) !== undefined
    )
      return { refused: 'BadTerms' }
    const verdict = applyCall({ ...a, feeBps: bench.feeBps }, slot, t.caller, t.call, now)
    if ('refused' in verdict) return verdict
    const next = settleMoves(held, verdict.moves)
    return next === 'FundsLow' ? { refused: 'FundsLow' } : { slot: verdict.slot, held: next }
  }

  async function play(a: Agreement, list: readonly Try[]): Promise<void> {
    let slot = emptySlot
    let held = await bench.holdings()
    const total = totalOf(held)
    for (const [i, t] of list.entries()) {
      const now = await bench.later(t.later)
      const said = predict(a, slot, held, t, now)
      const answer = await bench.call(a, t.caller, t.call)
      const where = `step ${i}: ${t.caller} ${t.call.kind} at ${now - a.openBy} of ${slot.state}`
      expect(answer ?? 'taken', where).to.equal('refused' in said ? said.refused : 'taken')
      reached.add('refused' in said ? said.refused : `${t.call.kind} ${said.slot.outcome ?? said.slot.state}`)
      if (!('refused' in said)) ({ slot, held } = said)
      expect(await bench.slot(a), where).to.deep.equal(slot)
      expect(await bench.holdings(), where).to.deep.equal(held)
    }
    expect(totalOf(held)).to.equal(total)
  }

  it('agree on every call of random sequences: taken or refused and why, the slot, and every balance', async () => {
    for (const list of endings) await play(await bench.agreement({ price: PRICE }), list)
    await fc.assert(
      fc.asyncProperty(terms, sequence, async (changes, list) => {
        await play(await bench.agreement({ price: PRICE, ...changes }), list)
      }),
      { numRuns: 200, endOnFailure: true }
    )
    for (const outcome of ['accepted', 'released', 'refunded', 'cancelled', 'ruled', 'split'])
      expect(
        [...reached].some(r => r.endsWith(outcome)),
        outcome
      ).to.equal(true)
    for (const refusal of [
      'WrongState',
      'TooLate',
      'TooEarly',
      'BadSignature',
      'NotAllowed',
      'AmountOutOfRange',
      'BadBps',
      // receipts that close nothing
      'acknowledge open',
      'acknowledge delivered',
      'acknowledge disputed'
    ])
      expect([...reached], refusal).to.include(refusal)
  })

  it('agree on the last second of every window and on the one after it', async () => {
    const opened: Try = { ...step('requester', { kind: 'open', providerSigned: true }), later: 0 }
    const at = (kind: 'dispute' | 'release' | 'split', later: number): Try => ({
      ...{ caller: own[kind], later },
      call: { kind }
    })
    const deliver = (later: number): Try => ({
      ...{ caller: 'provider', later },
      call: { kind: 'deliver', amount: 1_000n }
    })
    const refund = (later: number): Try => ({
      caller: 'requester',
      later,
      call: { kind: 'refund', acknowledged: 0n }
    })
    const ruled = (later: number): Try => ({
      ...{ caller: 'arbiter', later },
      call: { kind: 'rule', providerBps: 1n, bondSlashBps: 1n }
    })
    // openBy 20, deliverBy 40, challenge 20, arbitration 60 seconds
    for (const late of [0, 1]) {
      const delivered = [opened, deliver(1)]
      const disputed = [...delivered, at('dispute', 1)]
      const lists: readonly (readonly Try[])[] = [
        [{ ...opened, later: 20 + late }],
        [opened, deliver(40 + late)],
        [opened, refund(60 + late)],
        [opened, at('dispute', 40 + late)],
        [opened, at('dispute', 60 + late)],
        [...delivered, at('dispute', 20 + late)],
        [...delivered, at('release', 20 + late)],
        [...disputed, ruled(60 + late)],
        [...disputed, at('split', 60 + late)]
      ]
      for (const list of lists) await play(await bench.agreement({}), list)
    }
  })

  it('agree on a fee that leaves nothing to round', async () => {
    const paid: Try = step('provider', { kind: 'acknowledge', amount: 10_000n, requesterSigned: true })
    const opened = step('requester', { kind: 'open', providerSigned: true })
    await play(await bench.agreement({ price: 10_000n }), [opened, paid])
  })

  it('agree on a fee that is rounded away, and on one that is not', async () => {
    const opened = step('requester', { kind: 'open', providerSigned: true })
    for (const price of [1n, 72n, 73n]) {
      const paid: Try = step('provider', { kind: 'acknowledge', amount: price, requesterSigned: true })
      await play(await bench.agreement({ price, bond: 0n }), [opened, paid])
    }
  })

  it('agree on the dispute bond', async () => {
    for (const [price, bond] of [
      [1n, 0n],
      [10n, 0n],
      [11n, 0n],
      [1_000n, 99n],
      [1_000n, 100n],
      [1_000n, 101n],
      [2n ** 128n - 1n, 0n]
    ] as const) {
      const a = await bench.agreement({ price, bond })
      expect(await bench.disputeBond(a), `${price} ${bond}`).to.equal(disputeBondOf(a))
    }
  })

  it('agree on terms that are refused, and on purses that are empty', async () => {
    const open = {
      caller: 'requester',
      later: 0,
      call: { kind: 'open', providerSigned: true }
    } as Try
    const zero = ('0x' + '0'.repeat(40)) as Address
    const good = await bench.agreement({})
    const bad: Partial<Agreement>[] = [
      { price: 0n },
      { arbiter: zero },
      { arbiter: good.requester },
      { arbiter: good.provider },
      { beneficiary: zero },
      ...bench.contracts.map(beneficiary => ({ beneficiary })),
      { deliverBy: good.openBy },
      { deliverBy: good.openBy + 367n * 86_400n },
      { challengeWindow: 4 },
      { challengeWindow: 366 * 86_400 + 1 },
      { arbitrationWindow: 59 },
      { arbitrationWindow: 366 * 86_400 + 1 },
      { splitBps: 1 },
      { splitBps: 10_001 },
      { price: 2n ** 128n - 1n },
      { price: 2n ** 127n, bond: 2n ** 127n },
      { price: 10n ** 30n },
      { bond: 10n ** 30n }
    ]
    for (const changes of bad) await play(await bench.agreement(changes), [open])
  })

  it('agree on what a revoked signature is worth', async () => {
    const a = await bench.agreement({})
    await bench.revoke(a, 'provider')
    await play(a, [{ caller: 'requester', later: 0, call: { kind: 'open', providerSigned: false } }])
  })
})
