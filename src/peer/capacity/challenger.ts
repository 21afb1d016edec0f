/**
 * Challenges a group of identities at the same instant and attests what it has seen. All that may share a machine are one group and
 * must answer in the same session: the slowest commitment counts for all, so one machine cannot answer for three at full speed, one
 * after the other or in different sessions. No round trip is subtracted, since the subject could stretch it.
 */
import { classOf, type ClassRule } from '../../market/classes.ts'
import { answerObjection, matricesOf, questionOf } from '../../market/product.ts'
import { toHex } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type {
  Clock,
  IdentityKey,
  Logger,
  PeerAddress,
  PeerNetwork,
  Random
} from '../../protocol/ports/index.ts'
import type { Attestation, AttestationBody, CapacityKind } from '../../protocol/records/attestation.ts'
import { signingBytes } from '../../protocol/signing.ts'

/** An attestation is good for this long, ms. */
export const ATTESTATION_LIFE_MS = 6 * 60 * 60_000
/** Identities challenged at once; a larger group is challenged in part, and each of its attestations weighs that part. */
export const TOGETHER_MAX = 32
/** From asking for the opening to the answer, ms: it has been computed by then. */
const OPEN_MS = 8_000

export interface ChallengerParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly network: Pick<PeerNetwork, 'request' | 'peerId'>
  readonly identity: IdentityKey
  readonly rules?: readonly ClassRule[]
}

/** What came of one identity: a score and its attestation, or why there is none. */
export interface Outcome {
  readonly peer: PeerAddress['peer']
  readonly attestation?: Attestation
  readonly reason?: string
}

interface Probe {
  readonly to: PeerAddress
  readonly id: Hex32
  readonly seed: Uint8Array
}
interface Committed extends Probe {
  readonly root: Hex32
  readonly lanes: number
  readonly ms: number
}
interface Failure {
  readonly to: PeerAddress
  readonly reason: string
}
type Step = Committed | Failure

const failed = (s: Step): s is Failure => 'reason' in s

/** Million multiply-adds a second. */
export const scoreOf = (n: number, ms: number): number => Math.floor(n ** 3 / Math.max(1, ms) / 1_000)

export class Challenger {
  readonly #parts: ChallengerParts

  constructor(parts: ChallengerParts) {
    this.#parts = parts
  }

  /** One session. Never throws for what a subject does: its outcome says it. CANCELLED when aborted. */
  async challenge(
    group: readonly PeerAddress[],
    kind: CapacityKind,
    size: number,
    signal: AbortSignal
  ): Promise<Outcome[]> {
    const { random } = this.#parts
    const probes = group.slice(0, TOGETHER_MAX).map((to): Probe => {
      const [id, seed] = [toHex(random.bytes(32)) as Hex32, random.bytes(32)]
      return { to, id, seed }
    })
    const committed = await Promise.all(probes.map(p => this.#commit(p, kind, size, signal)))
    const opened = await Promise.all(
      committed.map(async c => (failed(c) ? c : await this.#opening(c, size, signal)))
    )
    signal.throwIfAborted()
    const answers = opened.flatMap(o => (failed(o) ? [] : [o]))
    if (answers.length < opened.length) return this.#void(opened)
    const slowest = Math.max(...answers.map(a => a.ms))
    return await Promise.all(answers.map(a => this.#attest(a, kind, size, slowest, answers.length, signal)))
  }

  async #commit(p: Probe, kind: CapacityKind, size: number, signal: AbortSignal): Promise<Step> {
    const { clock, network } = this.#parts
    const begun = clock.monotonic()
    try {
      const body = { id: p.id, kind, seed: p.seed, size }
      const { root, lanes, reason } = await network.request(p.to, 'challenge', body, signal)
      const ms = clock.monotonic() - begun
      if (root === undefined) return { to: p.to, reason: `not now: ${reason ?? 'no reason given'}` }
      return { ...p, root, lanes: lanes ?? 1, ms }
    } catch (e) {
      return { to: p.to, reason: asShoalError(e, 'PEER_UNREACHABLE').message }
    }
  }

  /** Asks for the opening at once, then checks it; the checking takes our time, not the subject's. */
  async #opening(c: Committed, n: number, signal: AbortSignal): Promise<Step> {
    const { clock, random, network } = this.#parts
    const seed = random.bytes(32)
    const begun = clock.monotonic()
    try {
      const answer = await network.request(c.to, 'reveal', { id: c.id, seed }, signal)
      if (clock.monotonic() - begun > OPEN_MS) return { to: c.to, reason: 'the opening came too late' }
      const wrong = await answerObjection(matricesOf(c.seed, n), c.root, questionOf(seed, n), answer, () =>
        clock.sleep(0, signal)
      )
      return wrong === undefined ? c : { to: c.to, reason: wrong }
    } catch (e) {
      return { to: c.to, reason: asShoalError(e, 'PEER_UNREACHABLE').message }
    }
  }

  /** Who stays silent while its siblings answer may be lending them its machine: nobody gets anything. */
  #void(opened: readonly Step[]): Outcome[] {
    return opened.map(o => ({
      peer: o.to.peer,
      reason: failed(o) ? o.reason : 'another identity of this machine or operator did not answer'
    }))
  }

  async #attest(
    a: Committed,
    kind: CapacityKind,
    size: number,
    ms: number,
    together: number,
    signal: AbortSignal
  ): Promise<Outcome> {
    const { clock, identity, network, log, rules } = this.#parts
    const score = scoreOf(size, ms)
    const at = clock.now()
    const body: AttestationBody = {
      v: 1,
      subject: a.to.peer,
      challenger: network.peerId,
      kind,
      score,
      class: classOf({ cpu: 0, gpu: 0, [kind]: score }, undefined, rules),
      lanes: a.lanes,
      together,
      at,
      expires: at + ATTESTATION_LIFE_MS
    }
    const attestation = { ...body, signature: await identity.sign(signingBytes('attestation', body)) }
    try {
      await network.request(a.to, 'attest', { id: a.id, attestation }, signal)
    } catch (err) {
      log.debug({ err, peer: a.to.peer }, 'an attestation was not taken')
    }
    return { peer: a.to.peer, attestation }
  }
}
