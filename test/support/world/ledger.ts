/**
 * The chain of a small world: the escrow and the vault by the program's own tables, which a test holds against the contracts. A call takes
 * as long as a transaction would; the events of its effect reach every watcher.
 */
import type { Agreement, Receipt, Release } from '../../../src/protocol/eip712.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import type { Address, AgreementId, HexBytes } from '../../../src/protocol/ids.ts'
import {
  applyCall,
  termsProblem,
  type Account as Party,
  type Caller,
  type EscrowCall,
  type Move
} from '../../../src/protocol/machines/escrow-rules.ts'
import { emptySlot, type Slot } from '../../../src/protocol/machines/escrow.ts'
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import type {
  NetworkParameters,
  Settlement,
  SettlementEvent
} from '../../../src/protocol/ports/settlement.ts'
import { addressOf, typedDigestOf, type Notary } from './notary.ts'

/** From a call to its effect, ms. */
const INCLUSION_MS = 1_000
const FEE_BPS = 100n

const fixed = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}` as Address

export const TREASURY = fixed(0xfee)
export const BURNED = fixed(0xdead)

interface Balance {
  free: bigint
  locked: bigint
}

interface Book {
  slot: Slot
  readonly agreement: Agreement
  /** Who deposited how much of it, for the judge: what an escrow has moved to whom. */
  readonly moved: Map<string, bigint>
}

/** Rules of the chain that can be taken away again, to see whether their loss is noticed. */
export interface Faults {
  /** A receipt of an account that has delegated its code is void (EIP-7702): code is asked before the signature. */
  codeFirst?: boolean
}

export class Ledger {
  readonly network: NetworkParameters
  readonly books = new Map<AgreementId, Book>()
  readonly faults: Faults = {}
  /** Accounts that run code now: their signatures are still theirs. */
  readonly delegated = new Set<string>()
  /** Calls that were made, by method. */
  readonly calls = new Map<string, number>()
  readonly #balances = new Map<string, Balance>()
  readonly #watchers = new Set<(e: SettlementEvent) => void>()
  readonly #events: SettlementEvent[] = []
  readonly #clock: Clock
  readonly #notary: Notary
  #block = 1

  constructor(clock: Clock, notary: Notary, arbiter: Address) {
    this.#clock = clock
    this.#notary = notary
    this.network = {
      ...{ chainId: 31_337n, token: fixed(1), vault: fixed(2), escrow: fixed(3), registry: fixed(4) },
      ...{ arbiter, feeBps: Number(FEE_BPS), fromBlock: 0 }
    }
  }

  fund(address: Address, amount: bigint): void {
    this.#balance(address).free += amount
  }

  balance(address: Address): Readonly<Balance> {
    return { ...this.#balance(address) }
  }

  get allClosed(): boolean {
    return [...this.books.values()].every(b => b.slot.state === 'closed')
  }

  get now(): bigint {
    return BigInt(Math.floor(this.#clock.now() / 1000))
  }

  #balance(address: Address): Balance {
    const key = address.toLowerCase()
    let found = this.#balances.get(key)
    if (found === undefined) this.#balances.set(key, (found = { free: 0n, locked: 0n }))
    return found
  }

  #addressFor(party: Party, a: Agreement): Address {
    return { ...a, treasury: TREASURY, burned: BURNED }[party]
  }

  /** FUNDS_LOW names the side that lacks money; nothing has moved then. */
  #settle(book: Book, moves: readonly Move[]): void {
    const { agreement } = book
    for (const m of moves) {
      const owner = this.#addressFor(m.who, agreement)
      if (m.op === 'lock' && this.#balance(owner).free < m.amount)
        throw new ShoalError('FUNDS_LOW', `${owner} has too little`, { data: { owner } })
    }
    for (const m of moves) {
      const owner = this.#addressFor(m.who, agreement)
      const b = this.#balance(owner)
      if (m.op === 'lock') {
        b.free -= m.amount
        b.locked += m.amount
      } else if (m.op === 'unlock') {
        b.locked -= m.amount
        b.free += m.amount
      } else if (m.op === 'pay') {
        b.locked -= m.amount
        this.#balance(this.#addressFor(m.to, agreement)).free += m.amount
        book.moved.set(m.to, (book.moved.get(m.to) ?? 0n) + m.amount)
        book.moved.set(m.who, (book.moved.get(m.who) ?? 0n) - m.amount)
      }
    }
  }

  #emit(agreement: AgreementId, body: Record<string, unknown>): void {
    const cursor = { block: ++this.#block, index: 0 }
    const txHash = `0x${this.#block.toString(16).padStart(64, '0')}`
    const event = { cursor, agreement, txHash, ...body } as unknown as SettlementEvent
    this.#events.push(event)
    for (const hear of this.#watchers) hear(event)
  }

  #valid(
    signer: Address,
    name: 'Agreement' | 'Receipt' | 'Release',
    value: never,
    signature: HexBytes
  ): boolean {
    if (this.faults.codeFirst === true && this.delegated.has(signer.toLowerCase())) return false
    const deed = this.#notary.deed(signature)
    return (
      deed !== undefined &&
      addressOf(deed.owner).toLowerCase() === signer.toLowerCase() &&
      deed.what === `typed ${typedDigestOf(name, value)}`
    )
  }

  #idOf(a: Agreement): AgreementId {
    return typedDigestOf('Agreement', a)
  }

  /** What the contract does with one call of `sender`, at once. CHAIN_REVERTED, FUNDS_LOW. */
  apply(sender: Address, a: Agreement, call: EscrowCall, told: Record<string, unknown> = {}): void {
    const id = this.#idOf(a)
    this.calls.set(call.kind, (this.calls.get(call.kind) ?? 0) + 1)
    const book = this.books.get(id) ?? { slot: emptySlot, agreement: a, moved: new Map() }
    const same = (x: Address): boolean => x.toLowerCase() === sender.toLowerCase()
    const caller: Caller = same(a.requester)
      ? 'requester'
      : same(a.provider)
        ? 'provider'
        : same(a.arbiter)
          ? 'arbiter'
          : 'other'
    const { token, vault, escrow, registry } = this.network
    const problem =
      call.kind === 'open' ? termsProblem(a, this.now, [token, vault, escrow, registry]) : undefined
    const verdict = applyCall({ ...a, feeBps: FEE_BPS }, book.slot, caller, call, this.now)
    if ('refused' in verdict || problem !== undefined)
      throw new ShoalError(
        'CHAIN_REVERTED',
        `${call.kind} was refused: ${problem ?? ('refused' in verdict ? verdict.refused : '')}`
      )
    this.#settle(book, verdict.moves)
    const before = book.slot
    book.slot = verdict.slot
    this.books.set(id, book)
    this.#tell(id, book, before, call, told)
  }

  #tell(id: AgreementId, book: Book, before: Slot, call: EscrowCall, told: Record<string, unknown>): void {
    const { slot, moved } = book
    if (call.kind === 'open') this.#emit(id, { kind: 'opened' })
    if (call.kind === 'acknowledge') this.#emit(id, { kind: 'acknowledged', amount: slot.acknowledged })
    if (slot.state === 'delivered' && before.state === 'open') this.#emit(id, { kind: 'delivered', ...told })
    if (slot.state === 'disputed' && before.state !== 'disputed') this.#emit(id, { kind: 'disputed' })
    if (slot.state !== 'closed') return
    const paid = moved.get('beneficiary') ?? 0n
    const fee = moved.get('treasury') ?? 0n
    const burned = moved.get('burned') ?? 0n
    const { price } = book.agreement
    this.#emit(id, {
      kind: 'closed',
      outcome: slot.outcome,
      ...{ paid, fee, refunded: price - paid - fee - burned, bondSlashed: this.slashed(id) }
    })
  }

  /** What the provider's own account has lost of its bond. */
  slashed(id: AgreementId): bigint {
    const lost = -(this.books.get(id)?.moved.get('provider') ?? 0n)
    return lost > 0n ? lost : 0n
  }

  /** The Settlement port of one member. `stopped`: its calls and news end with it. */
  settlement(address: Address, stopped: AbortSignal): Settlement {
    const sent = async (): Promise<void> => {
      await this.#clock.sleep(INCLUSION_MS, stopped)
    }
    const standing = (a: Agreement): Slot => this.books.get(this.#idOf(a))?.slot ?? emptySlot
    /** As the real client: an action whose effect is there already is done. */
    const act = async (
      a: Agreement,
      call: EscrowCall,
      done: (s: Slot) => boolean,
      told?: Record<string, unknown>
    ): Promise<void> => {
      if (done(standing(a))) return
      await sent()
      if (done(standing(a))) return
      this.apply(address, a, call, told)
    }
    const ended =
      (...outcomes: (Slot['outcome'] | 'any')[]) =>
      (s: Slot): boolean =>
        s.state === 'closed' && (outcomes.includes('any') || outcomes.includes(s.outcome))
    const unused = async (): Promise<never> => {
      throw new Error('this world has no such call')
    }
    return {
      network: this.network,
      address,
      reachable: true,
      generation: 2,
      blindness: undefined,
      underWay: () => [],
      clock: {
        now: () => ({ seconds: this.#clock.now() / 1_000, error: 0 }),
        behind: () => ({ seconds: 0, error: 0 })
      },
      guard: async () => undefined,
      protect: unused,
      start: async () => undefined,
      stop: async () => undefined,
      account: async (of = address) => {
        const { free, locked } = this.#balance(of)
        return { address: of, gas: 10n ** 18n, wallet: 0n, free, locked, staked: 0n }
      },
      time: async () => this.now,
      inclusionMs: () => INCLUSION_MS,
      escrow: async id => {
        const { outcome: _, ...escrow } = this.books.get(id)?.slot ?? emptySlot
        return escrow
      },
      open: (a, providerSignature) =>
        act(
          a,
          {
            kind: 'open',
            providerSigned: this.#valid(a.provider, 'Agreement', a as never, providerSignature)
          },
          s => s.state !== 'none'
        ),
      deliver: (a, result, amount) =>
        act(a, { kind: 'deliver', amount }, s => s.deliveredAt > 0n || s.outcome === 'accepted', {
          result,
          amount
        }),
      acknowledge: (a, receipt: Receipt, signature) =>
        act(
          a,
          {
            kind: 'acknowledge',
            amount: receipt.amount,
            requesterSigned:
              receipt.agreement === typedDigestOf('Agreement', a) &&
              this.#valid(a.requester, 'Receipt', receipt as never, signature)
          },
          s => s.acknowledged >= receipt.amount || ended('accepted', 'released')(s)
        ),
      release: a => act(a, { kind: 'release' }, ended('released', 'accepted')),
      refund: (a, acknowledged) => act(a, { kind: 'refund', acknowledged }, ended('refunded')),
      cancel: (a, release: Release, signature) =>
        act(
          a,
          {
            kind: 'cancel',
            amount: release.amount,
            requesterSigned: false,
            providerSigned:
              release.agreement === typedDigestOf('Agreement', a) &&
              this.#valid(a.provider, 'Release', release as never, signature)
          },
          ended('cancelled')
        ),
      dispute: a => act(a, { kind: 'dispute' }, s => s.disputedAt > 0n),
      rule: (a, providerBps, slashBps) =>
        act(
          a,
          { kind: 'rule', providerBps: BigInt(providerBps), bondSlashBps: BigInt(slashBps) },
          ended('ruled')
        ),
      split: a => act(a, { kind: 'split' }, ended('split')),
      history: async id => this.#events.filter(e => e.agreement === id),
      watch: async (_from, onEvent, signal) => await this.#watch(onEvent, AbortSignal.any([signal, stopped])),
      ...{ deposit: unused, withdraw: unused, register: unused, stake: unused, unstake: unused },
      ...{ claimStake: unused, stakeOf: async () => 0n }
    }
  }

  /** Hands the events on, one after another, until the signal. */
  async #watch(onEvent: (e: SettlementEvent) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    let tail: Promise<void> = Promise.resolve()
    const failed = Promise.withResolvers<void>()
    const hear = (e: SettlementEvent): void => {
      tail = tail.then(() => (signal.aborted ? undefined : onEvent(e))).catch(failed.reject)
    }
    this.#watchers.add(hear)
    signal.addEventListener('abort', () => failed.resolve(), { once: true })
    try {
      await failed.promise
    } finally {
      this.#watchers.delete(hear)
    }
  }
}
