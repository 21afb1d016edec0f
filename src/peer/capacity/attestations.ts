/** What others attest of this peer: the best of each challenger, kept over restarts, shown in the advert. */
import { decode, encode } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { record } from '../../protocol/fields.ts'
import type { Clock, Logger, PeerNetwork, Startable } from '../../protocol/ports/index.ts'
import type { IdentityVerifier } from '../../protocol/ports/keys.ts'
import { attestation, ATTESTATIONS_MAX, type Attestation } from '../../protocol/records/attestation.ts'
import { z } from 'zod'
import type { Journal } from '../journal/journal.ts'
import { verifyAttestation } from '../records.ts'
import type { Prover } from './prover.ts'

const KEY = 'attestations'
/** More than an advert shows, so that another takes the place of one that expires. */
const KEPT_MAX = 4 * ATTESTATIONS_MAX
const kept = record({ list: z.array(attestation).max(KEPT_MAX) })

/** The best of each kind first, then the second of each: an advert has room for some, and every kind needs a quorum. */
function bestOfEach(list: readonly Attestation[]): Attestation[] {
  const count = new Map<string, number>()
  const ranked = [...list]
    .sort((x, y) => y.score - x.score)
    .map(a => {
      const rank = count.get(a.kind) ?? 0
      count.set(a.kind, rank + 1)
      return { a, rank }
    })
  return ranked.sort((x, y) => x.rank - y.rank).map(({ a }) => a)
}

export interface AttestationParts {
  readonly clock: Clock
  readonly log: Logger
  readonly journal: Pick<Journal, 'meta' | 'putMeta'>
  readonly identities: IdentityVerifier
  readonly network: Pick<PeerNetwork, 'handle' | 'peerId'>
  readonly prover: Pick<Prover, 'claimAnswered'>
  readonly changed: () => void
}

export class Attestations implements Startable {
  readonly #parts: AttestationParts
  #list: Attestation[] = []
  #unhandle: (() => void) | undefined

  constructor(parts: AttestationParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#unhandle !== undefined) return
    const { journal, network, prover, log } = this.#parts
    const bytes = await journal.meta(KEY)
    try {
      if (bytes !== undefined) this.#list = decode(kept, bytes, KEY, 64 * 1024).list
    } catch (err) {
      log.warn({ err }, 'kept attestations cannot be read; new ones will come')
    }
    this.#unhandle = network.handle('attest', async ({ id, attestation: a }, { from }) => {
      if (a.challenger !== from || !prover.claimAnswered(from, id))
        throw new ShoalError('NOT_FOUND', 'no such challenge')
      await this.#take(a)
      return {}
    })
  }

  async stop(): Promise<void> {
    this.#unhandle?.()
    this.#unhandle = undefined
  }

  /** Those that are still good: the best of each kind, then the second of each, and so on. */
  all(): readonly Attestation[] {
    const now = this.#parts.clock.now()
    return this.#list.filter(a => a.expires > now)
  }

  /** What fits an advert. */
  shown(): Attestation[] {
    return this.all().slice(0, ATTESTATIONS_MAX)
  }

  async #take(a: Attestation): Promise<void> {
    const { network, journal, changed } = this.#parts
    await verifyAttestation(a, network.peerId, this.#parts)
    const same = (o: Attestation) => o.challenger === a.challenger && o.kind === a.kind
    const old = this.all().filter(o => !same(o) || (o.score > a.score && o.together >= a.together))
    // the newest of a challenger stands, unless an older one is better in every way
    const list = old.some(same) ? old : [...old, a]
    this.#list = bestOfEach(list).slice(0, KEPT_MAX)
    await journal.putMeta(KEY, encode({ list: this.#list }))
    changed()
  }
}
