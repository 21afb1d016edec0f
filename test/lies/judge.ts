/**
 * Whether a story ended fairly for everybody who did not lie. Work is counted by the machines' own meters and money by the chain's books; no
 * message is believed. The least that is lost, one interval between two checkpoints, is what whoever goes first must risk.
 */
import { priceOf } from '../../src/market/eligibility.ts'
import type { ExecutionEntry, ProviderEntry } from '../../src/peer/journal/entries.ts'
import { claimOf } from '../../src/protocol/machines/escrow.ts'
import { isTerminal } from '../../src/protocol/machines/machine.ts'
import { providerTable } from '../../src/protocol/machines/execution.ts'
import { SPEED } from '../support/world/engine.ts'
import type { Member } from '../support/world/member.ts'
import type { Scene, Who } from './scenes.ts'
import type { Told } from './stage.ts'

/** What checkpoints pay of their worth before the result is delivered (src/market/work.ts). */
const CHECKPOINT_BPS = 9_000n
const BPS = 10_000n
/** Work that goes on while a receipt is on its way, ms (src/peer/provider/pay-watch.ts). */
const HOLD_MS = 2_000n
/** Longest that a provider may keep a slot for an agreement that is never opened, seconds (src/peer/provider/agreements.ts, and a little). */
const SLOT_SECONDS = 150n

const worth = (gas: bigint, price: bigint, bought: bigint): bigint =>
  bought === 0n ? 0n : (price * gas) / bought
const sum = (list: Iterable<bigint>): bigint => [...list].reduce((a, b) => a + b, 0n)
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const atLeast0 = (n: bigint): bigint => (n > 0n ? n : 0n)

/** What may be at risk: the work of the largest piece of a scene's task, and what goes on until the task is held. */
const intervalOf = (scene: Scene): bigint =>
  BigInt(Math.max(...scene.script.pieces)) + (SPEED * HOLD_MS) / 1_000n

class Judge {
  readonly faults: string[] = []
  readonly #scene: Scene
  readonly #told: Told
  readonly #liar: Who | undefined

  constructor(scene: Scene, told: Told, liar: Who | undefined) {
    this.#scene = scene
    this.#told = told
    this.#liar = liar
  }

  #blame(what: string): void {
    this.faults.push(what)
  }

  /** Those who neither lie nor leave, nor give wrong results. */
  get #honest(): [Who, Member][] {
    const gone = new Set<Who | undefined>([this.#liar, this.#scene.wrong?.who])
    for (const e of this.#scene.events ?? []) if (e.what === 'leave') gone.add(e.who)
    return [...this.#told.members].filter(([who]) => !gone.has(who))
  }

  get #arbiterSpeaks(): boolean {
    return this.#liar !== 'arbiter' && !(this.#scene.events ?? []).some(e => e.who === 'arbiter')
  }

  #paid(entry: { readonly agreementId: string }): bigint {
    const moved = this.#told.world.ledger.books.get(entry.agreementId as never)?.moved
    return (moved?.get('beneficiary') ?? 0n) + (moved?.get('treasury') ?? 0n)
  }

  #disputed(entry: { readonly agreementId: string }): boolean {
    return (this.#told.world.ledger.books.get(entry.agreementId as never)?.slot.disputedAt ?? 0n) > 0n
  }

  /** What a silent arbiter left undecided: it costs both sides alike. */
  #burned(entry: { readonly agreementId: string }): bigint {
    return this.#told.world.ledger.books.get(entry.agreementId as never)?.moved.get('burned') ?? 0n
  }

  async all(): Promise<string[]> {
    for (const [who, member] of this.#honest) {
      const provisions = await member.ctx.journal.providers()
      if (member.provider !== undefined) this.#provider(who, member, provisions)
      this.#ends(who, provisions)
      await this.#slander(who, member)
    }
    const requester = this.#honest.find(([who]) => who === 'requester')?.[1]
    if (requester !== undefined) await this.#requester(requester)
    for (const [id, { slot, agreement }] of this.#told.world.ledger.books) {
      const parties = [agreement.requester, agreement.provider]
      const fair = this.#honest.some(([, m]) => parties.includes(m.ctx.operator.address))
      const burned = this.#burned({ agreementId: id })
      if (fair && burned > 0n && this.#arbiterSpeaks)
        this.#blame(`${burned} is nobody's, although the arbiter speaks`)
      if (fair && slot.state !== 'closed')
        this.#blame(`the escrow ${id.slice(0, 10)} never ended: ${slot.state}`)
    }
    return this.faults
  }

  /** No more work than was paid for, but for one interval of each agreement; no bond lost. */
  #provider(who: Who, member: Member, entries: readonly ProviderEntry[]): void {
    const metered = sum(member.meter.values())
    const paid = sum(entries.map(e => this.#paid(e) + this.#burned(e)))
    const [first] = entries.filter(e => e.bought > 0n)
    if (metered > 0n && first === undefined) this.#blame(`${who} worked without an agreement`)
    if (first === undefined) return
    const begun = BigInt(entries.filter(e => e.startedAt !== undefined).length)
    const sure = atLeast0(metered - begun * intervalOf(this.#scene))
    const due = (priceOf(sure, member.ctx.config.provider.ask) * CHECKPOINT_BPS) / BPS
    // rounding takes a unit of each receipt
    if (paid + 100n < due)
      this.#blame(`${who} metered ${metered}, worth at least ${due}, and was paid ${paid}`)
    for (const e of entries) this.#delivered(who, e)
    for (const e of entries) {
      const lost = this.#told.world.ledger.slashed(e.agreementId)
      if (lost > 0n) this.#blame(`${who} lost ${lost} of its bond`)
    }
  }

  /** What an honest provider has committed on chain is paid as claimed, or nobody has it. */
  #delivered(who: Who, e: ProviderEntry): void {
    const book = this.#told.world.ledger.books.get(e.agreementId)
    if (book?.slot.state !== 'closed' || book.slot.deliveredAt === 0n || this.#liar === 'arbiter') return
    const claimed = claimOf(book.slot, book.agreement)
    const got = this.#paid(e) + this.#burned(e)
    if (got < claimed) this.#blame(`${who} delivered for ${claimed} and got ${got}`)
  }

  #ends(who: Who, entries: readonly ProviderEntry[]): void {
    for (const e of entries) {
      if (!isTerminal(providerTable, e.state)) this.#blame(`${who} still waits, ${e.state}`)
      if (e.state === 'failed' && e.failure === undefined) this.#blame(`${who} failed without a reason`)
      const held = e.agreement.openBy - BigInt(Math.floor(e.created / 1_000))
      if (e.state === 'expired' && held > SLOT_SECONDS)
        this.#blame(`${who} kept a slot for ${held} s for nobody`)
    }
  }

  /** Nobody who is honest is reported, counted as unreliable or called a liar by another one. */
  async #slander(who: Who, member: Member): Promise<void> {
    const others = this.#honest.filter(([other]) => other !== who)
    for (const [other, { ctx }] of others) {
      const said = this.#told.reports.find(r => r.by === who && r.peer === ctx.identity.peerId && r.bad)
      if (said !== undefined) this.#blame(`${who} reports ${other}: ${said.what}`)
      if (await member.ctx.journal.lied(ctx.operator.address)) this.#blame(`${who} calls ${other} a liar`)
      const { failed } = await member.ctx.journal.work(ctx.operator.address)
      if (failed > 0) this.#blame(`${who} counts ${failed} failures of ${other}`)
    }
  }

  async #requester(member: Member): Promise<void> {
    const { job, ended } = this.#told
    const { journal, operator } = member.ctx
    const entry = job === undefined ? undefined : await journal.job(job)
    if (entry === undefined) return
    if (!ended) this.#blame(`the job never ended: ${entry.state}`)
    const executions = await journal.executions(entry.id)
    for (const e of executions) if (reasonless(e)) this.#blame(`${e.state} without a reason`)
    if (entry.state === 'failed' && entry.failure === undefined)
      this.#blame('the job failed without a reason')
    const lost = sum(executions.map(e => this.#netLoss(e)))
    const got = sum(executions.map(e => this.#got(e)))
    if (lost > got + 100n) this.#blame(`the requester paid ${lost} for what was worth ${got}`)
    const { locked } = this.#told.world.ledger.balance(operator.address)
    if (ended && locked !== 0n) this.#blame(`${locked} of the requester stays locked`)
  }

  /** What an execution has cost, less what was taken for it from a bond. */
  #netLoss(e: ExecutionEntry): bigint {
    // whom both sides trust with a dispute decides it
    if (this.#liar === 'arbiter' && this.#disputed(e)) return 0n
    return atLeast0(this.#paid(e) - this.#told.world.ledger.slashed(e.agreementId))
  }

  /** The most that it may have cost: the price for a result that was taken, else the work that was done for it, and one interval. */
  #got(e: ExecutionEntry): bigint {
    const { price } = e.agreement
    if (e.result !== undefined && (e.state === 'settled' || e.state === 'accepted')) return price
    const provider = [...this.#told.members.values()].find(
      m => m.ctx.operator.address === e.agreement.provider
    )
    const done = provider === undefined ? 0n : sum(provider.meter.values())
    return least(price, worth(done + intervalOf(this.#scene), price, e.bought))
  }
}

const REASONED = new Set<ExecutionEntry['state']>(['declined', 'withdrawn', 'lost', 'disputed'])
const reasonless = (e: ExecutionEntry): boolean => REASONED.has(e.state) && e.failure === undefined

/** What is unfair about how a story ended; nothing when all is well. */
export const judge = (scene: Scene, told: Told, liar: Who | undefined): Promise<string[]> =>
  new Judge(scene, told, liar).all()
