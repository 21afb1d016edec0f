/** One dispute while it lives: evidence in, the task run again, the ruling on the chain. Taken up again after a restart. */
import { arbitrationEnds } from '../../protocol/machines/escrow.ts'
import type { Escrow } from '../../protocol/ports/settlement.ts'
import type { Evidence, Handed } from '../../protocol/records/evidence.ts'
import { contexts } from '../contexts.ts'
import type { PeerContext } from '../context.ts'
import type { DisputeEntry } from '../journal/entries.ts'
import { Mutex } from '../mutex.ts'
import { Waiter } from '../waiter.ts'
import type { Party } from './hearing.ts'
import { Inspector } from './inspect.ts'
import { runAgain } from './rerun.ts'
import { caseStep, type Again, type Ruling } from './verdict.ts'

const LOOK_MS = 5_000
/** Between two tries to fetch what a side names, ms. */
const FETCH_AGAIN_MS = 15_000
/** Longest time in which evidence is waited for, seconds; half of the arbitration window when that is shorter. */
const EVIDENCE_SECONDS = 600n
/** How long a requester has to take the result from the arbiter and pay, seconds; a third of what is left when that is less. */
const TAKE_SECONDS = 60n

export class Case {
  readonly #ctx: PeerContext
  readonly #judging: Mutex
  readonly #mutex = new Mutex()
  readonly #waiter: Waiter
  #entry: DisputeEntry
  #again: Again | undefined
  /** When the evidence was last looked at, and what it was then. */
  #looked: { readonly at: number; readonly entry: DisputeEntry; readonly late: boolean } | undefined

  constructor(ctx: PeerContext, entry: DisputeEntry, judging: Mutex) {
    this.#ctx = ctx
    this.#entry = entry
    this.#judging = judging
    this.#waiter = new Waiter(ctx.clock)
  }

  static isOver = ({ state }: DisputeEntry): boolean => state === 'ruled' || state === 'left'

  get entry(): DisputeEntry {
    return this.#entry
  }

  /** The first that a side brings stands: what comes later could answer to what the other side has shown. */
  async bring(party: Party, e: Evidence): Promise<DisputeEntry> {
    if (this.#entry[party] === undefined)
      await this.#write(
        entry => ({ ...entry, [party]: entry[party] ?? e }),
        `the ${party} brought its evidence`
      )
    return this.#entry
  }

  /**
   * False when it is decided already: the first ruling stands. One for the provider goes to the chain a while later (`after`, the chain's
   * time): the requester may never have got the result, and may take it from us and pay.
   */
  async decide(ruling: Ruling, after?: bigint): Promise<boolean> {
    if (this.#entry.ruling !== undefined) return false
    const wait = ruling.providerBps > 0 && this.#entry.provider?.result !== undefined ? after : undefined
    const decided = {
      ...({ state: 'decided', ruling, reason: undefined } as const),
      after: wait === undefined ? undefined : Number(wait)
    }
    const change = (entry: DisputeEntry): DisputeEntry =>
      entry.ruling === undefined ? { ...entry, ...decided } : entry
    await this.#write(change, 'decided', ruling.reason)
    return this.#entry.ruling === ruling
  }

  /** The result for a requester that did not get it, when it is right and the ruling waits for that. */
  async handed(requester: Evidence): Promise<Handed | undefined> {
    const { id, ruling, provider, after } = this.#entry
    if (ruling === undefined || after === undefined || provider?.result === undefined) return undefined
    const { result, wrapped } = provider.result
    const context = contexts.evidence(id)
    const key = await this.#ctx.recipient.unwrap(wrapped, context)
    return { result, wrapped: await this.#ctx.wrap(key, requester.card.recipient, context) }
  }

  /** Ends when the escrow is closed, when the time is over, or with the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !Case.isOver(this.#entry)) {
      try {
        await this.#step(signal)
      } catch (err) {
        if (signal.aborted) return
        this.#ctx.log.warn({ err, dispute: this.#entry.id }, 'a step of a dispute failed; trying again')
      }
      if (!Case.isOver(this.#entry)) await this.#waiter.pause(LOOK_MS, signal)
    }
  }

  async #write(change: (e: DisputeEntry) => DisputeEntry, what: string, detail?: string): Promise<void> {
    await this.#mutex.run(async () => {
      const changed = change(this.#entry)
      await this.#ctx.journal.putDispute(changed, what, detail)
      this.#entry = changed
    })
    this.#waiter.wake()
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { settlement } = this.#ctx
    const { id, agreement, ruling, after } = this.#entry
    const escrow = await settlement.escrow(id, { signal })
    if (escrow.state === 'closed') return await this.#ended()
    if (escrow.state !== 'disputed') return // the chain went back; the dispute comes again, or its escrow closes
    const now = await settlement.time({ signal })
    if (now > arbitrationEnds(escrow, agreement)) return await this.#leave('the time for a ruling is over')
    if (ruling !== undefined) {
      if (after !== undefined && now <= BigInt(after)) return
      return await settlement.rule(agreement, ruling.providerBps, ruling.slashBps, { signal })
    }
    await this.#consider(escrow, now, signal)
  }

  async #consider(escrow: Escrow, now: bigint, signal: AbortSignal): Promise<void> {
    const half = BigInt(this.#entry.agreement.arbitrationWindow) / 2n
    const late = now >= escrow.disputedAt + (half < EVIDENCE_SECONDS ? half : EVIDENCE_SECONDS)
    if (!this.#worthLooking(late)) return
    await this.#judging.run(async () => {
      const { disputed, ...brought } = await new Inspector(this.#ctx, this.#entry, escrow).inspect(signal)
      let step = caseStep({ ...brought, late, again: this.#again })
      if (step.kind === 'run' && disputed !== undefined) {
        await this.#state('judging', 'the task is run again')
        this.#again = await runAgain(this.#ctx, disputed, signal)
        step = caseStep({ ...brought, late, again: this.#again })
      }
      if (step.kind === 'rule') await this.decide(step.ruling, await this.#patience(escrow, signal))
      else if (step.kind === 'leave') await this.#state('waiting', `left to a person: ${step.reason}`)
      else if (step.kind === 'wait') await this.#state('waiting', step.reason)
    })
  }

  /** Until when a ruling waits, so that there is still time for it. */
  async #patience(escrow: Escrow, signal: AbortSignal): Promise<bigint> {
    const now = await this.#ctx.settlement.time({ signal })
    const left = arbitrationEnds(escrow, this.#entry.agreement) - now
    return now + (left / 3n < TAKE_SECONDS ? left / 3n : TAKE_SECONDS)
  }

  /** Fetching costs both sides: only when something has changed, or may be there now that was missing. */
  #worthLooking(late: boolean): boolean {
    if (this.#again?.kind === 'impossible') return false // a person decides, or nobody
    const { requester, provider } = this.#entry
    const last = this.#looked
    const now = this.#ctx.clock.monotonic()
    const brought = last?.entry.requester === requester && last?.entry.provider === provider
    if (last !== undefined && brought && last.late === late && now - last.at < FETCH_AGAIN_MS) return false
    this.#looked = { at: now, entry: this.#entry, late }
    return true
  }

  /** Written when it changes. */
  async #state(state: DisputeEntry['state'], reason: string): Promise<void> {
    const said = reason.slice(0, 1000)
    if (this.#entry.state === state && this.#entry.reason === said) return
    await this.#write(entry => ({ ...entry, state, reason: said }), state, said)
  }

  async #ended(): Promise<void> {
    await this.#letGo()
    if (this.#entry.ruling === undefined) return await this.#leave('the two sides ended it themselves')
    await this.#write(entry => ({ ...entry, state: 'ruled' }), 'the escrow is closed')
  }

  /** The result that was kept for the requester; what fails here the next start does (leftovers.ts). */
  async #letGo(): Promise<void> {
    const { provider } = this.#entry
    if (provider?.result === undefined) return
    await this.#ctx.content
      .forget(provider.result.result.object)
      .catch(err => this.#ctx.log.debug({ err }, 'content of a dispute was not let go'))
  }

  async #leave(reason: string): Promise<void> {
    await this.#letGo()
    await this.#write(entry => ({ ...entry, state: 'left', reason }), 'left undecided', reason)
  }
}
