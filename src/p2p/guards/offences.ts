/** Budgets of peers and what happens above them: `spam` for a little too much, a ban for what no honest program does. */
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Clock, Conduct } from '../../protocol/ports/index.ts'
import { Quotas, type Quota } from '../engine/quota.ts'

export interface OffenceParts {
  readonly clock: Clock
  readonly report: (peer: PeerIdString, conduct: Conduct) => void
  readonly ban: (peer: PeerIdString, why: string) => void
}

/** One for a small thing; a packet that would use up a good part of a whole budget counts for more. */
const reportsFor = (cost: number, quota: Quota): number =>
  cost === 1 ? 1 : Math.min(10, 1 + Math.floor((20 * cost) / quota.count))

export class Offences {
  readonly #parts: OffenceParts
  readonly #quotas: Quotas

  constructor(parts: OffenceParts) {
    this.#parts = parts
    this.#quotas = new Quotas(parts.clock)
  }

  /** Takes `cost` from a budget; above it the peer is reported for spam and the answer is false. */
  within(peer: string, what: string, quota: Quota, cost = 1): boolean {
    if (cost === 0 || this.#quotas.take(peer, what, quota, cost)) return true
    for (let n = 0; n < reportsFor(cost, quota); n++) this.#parts.report(peer as PeerIdString, 'spam')
    return false
  }

  /** The same for what only an attacker exceeds. */
  withinOrBanned(peer: string, what: string, quota: Quota): boolean {
    if (this.#quotas.take(peer, what, quota)) return true
    this.ban(peer, `too many ${what}`)
    return false
  }

  invalid(peer: string): void {
    this.#parts.report(peer as PeerIdString, 'invalid')
  }

  ban(peer: string, why: string): void {
    this.#parts.ban(peer as PeerIdString, why)
  }

  forgetIdle(): void {
    this.#quotas.forgetIdle()
  }
}
