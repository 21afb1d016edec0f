/** Answers capacity challenges: computes the product on the engine that runs tasks, commits to it, then opens what is asked. */
import { merkleProofs, merkleRoot } from '../../market/merkle.ts'
import { matricesOf, productTimes, questionOf, rowLeaf, type OpenedRow } from '../../market/product.ts'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Hex32, PeerIdString } from '../../protocol/ids.ts'
import type { RequestOf, ResponseOf } from '../../protocol/methods.ts'
import type { Multiplier } from '../../protocol/ports/capacity.ts'
import type { Clock, Logger, PeerNetwork, RequestContext, Startable } from '../../protocol/ports/index.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'

/** How long a product is kept for its opening, ms: a challenger asks at once. */
const KEEP_MS = 15_000
/** Share of this peer's time that challenges may take, and the most that may be saved up, ms. */
const SHARE = 0.05
const SAVED_MS = 120_000
/** Answered challenges whose attestation may still come. */
const ANSWERED_MAX = 64

export interface ProverParts {
  readonly clock: Clock
  readonly log: Logger
  readonly network: Pick<PeerNetwork, 'handle'>
  readonly multipliers: ReadonlyMap<CapacityKind, Multiplier>
  /** Why this is no moment to be measured, or undefined: a peer that works for others would be taken for a slow one. */
  readonly busy: () => string | undefined
}

interface Held {
  readonly from: PeerIdString
  readonly id: Hex32
  readonly n: number
  readonly c: Int32Array
  readonly leaves: readonly Hex32[]
}

const rowBytes = (c: Int32Array, n: number, i: number): Uint8Array =>
  new Uint8Array(c.buffer, c.byteOffset + 4 * i * n, 4 * n)

export class Prover implements Startable {
  readonly #parts: ProverParts
  readonly #answered = new BoundedMap<string, true>(ANSWERED_MAX)
  #held: Held | undefined
  #running = false
  #saved = SAVED_MS
  #savedAt = 0
  #drop = (): void => undefined
  #undo: (() => void)[] = []

  constructor(parts: ProverParts) {
    this.#parts = parts
  }

  async start(): Promise<void> {
    if (this.#undo.length > 0) return
    const { network, clock } = this.#parts
    this.#savedAt = clock.monotonic()
    this.#undo = [
      network.handle('challenge', (request, context) => this.#commit(request, context)),
      network.handle('reveal', async (request, { from }) => this.#open(request, from))
    ]
  }

  async stop(): Promise<void> {
    for (const f of this.#undo) f()
    this.#undo = []
    this.#forget()
  }

  /** Whether this peer has just answered that challenge of that challenger; true once. */
  claimAnswered(from: PeerIdString, id: Hex32): boolean {
    return this.#answered.delete(`${from} ${id}`)
  }

  async #commit(r: RequestOf<'challenge'>, context: RequestContext): Promise<ResponseOf<'challenge'>> {
    const multiplier = this.#parts.multipliers.get(r.kind)
    if (multiplier === undefined) return { reason: `no ${r.kind} to show` }
    const reason = this.#parts.busy() ?? this.#tired()
    if (reason !== undefined) return { reason }
    this.#running = true
    const begun = this.#parts.clock.monotonic()
    try {
      const { size: n } = r
      const c = await multiplier.multiply(matricesOf(r.seed, n), context.signal)
      const leaves = Array.from({ length: n }, (_, i) => rowLeaf(i, rowBytes(c, n, i)))
      this.#hold({ from: context.from, id: r.id, n, c, leaves })
      return { root: merkleRoot(leaves), lanes: multiplier.lanes }
    } catch (err) {
      if (!context.signal.aborted) this.#parts.log.warn({ err }, 'a challenge could not be answered')
      throw err
    } finally {
      this.#running = false
      this.#saved -= this.#parts.clock.monotonic() - begun
    }
  }

  /** One at a time: two at once would each see half of this machine. */
  #tired(): string | undefined {
    if (this.#running || this.#held !== undefined) return 'another challenge is under way'
    const now = this.#parts.clock.monotonic()
    this.#saved = Math.min(SAVED_MS, this.#saved + SHARE * (now - this.#savedAt))
    this.#savedAt = now
    return this.#saved <= 0 ? 'challenged often enough for now' : undefined
  }

  #hold(held: Held): void {
    this.#held = held
    this.#drop = this.#parts.clock.timer(KEEP_MS, () => this.#forget())
  }

  #forget(): void {
    this.#drop()
    this.#held = undefined
  }

  #open(r: RequestOf<'reveal'>, from: PeerIdString): ResponseOf<'reveal'> {
    const held = this.#held
    if (held?.id !== r.id || held.from !== from) throw new ShoalError('NOT_FOUND', 'no such challenge')
    this.#forget() // a second question about the same product is not answered
    this.#answered.set(`${from} ${r.id}`, true)
    const { n, c, leaves } = held
    const { vectors, rows } = questionOf(r.seed, n)
    const products = new Uint8Array(8 * n * vectors.length)
    const view = new DataView(products.buffer)
    for (const [t, vector] of vectors.entries())
      productTimes(c, vector, n).forEach((x, i) => view.setFloat64(8 * (t * n + i), x, true))
    const proofs = merkleProofs(
      leaves,
      rows.map(i => leaves[i] as Hex32)
    )
    const opened: OpenedRow[] = rows.map((i, at) => ({ row: rowBytes(c, n, i), proof: proofs[at] ?? [] }))
    return { products, rows: opened.map(o => ({ row: o.row, proof: [...o.proof] })) }
  }
}
