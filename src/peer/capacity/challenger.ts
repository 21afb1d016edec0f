/**
 * Challenges a group of identities at the same instant and attests what it has seen. All that may share a machine are one group and
 * must answer in the same session: the slowest of each step counts for all, so one machine, disk or line cannot answer for three at full speed, one
 * after the other or in different sessions. No round trip is subtracted, since the subject could stretch it.
 */
import { reached, type ClassRule } from '../../market/classes.ts'
import { toHex } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { IdentityKey, Logger, PeerAddress, PeerNetwork } from '../../protocol/ports/index.ts'
import type { Attestation, AttestationBody, CapacityKind } from '../../protocol/records/attestation.ts'
import { signingBytes } from '../../protocol/signing.ts'
import type { Exam, ExamParts, Probe, Step, Task } from './exams/exam.ts'
import { networkExam } from './exams/flow.ts'
import { diskExam, memoryExam } from './exams/hoard.ts'
import { productExam } from './exams/product.ts'

/** An attestation is good for this long, ms. */
export const ATTESTATION_LIFE_MS = 6 * 60 * 60_000
/** Identities challenged at once; a larger group is challenged in part, and each of its attestations weighs that part. */
export const TOGETHER_MAX = 32

export interface ChallengerParts extends ExamParts {
  readonly log: Logger
  readonly network: Pick<PeerNetwork, 'request' | 'stream' | 'peerId'>
  readonly identity: IdentityKey
  readonly rules?: readonly ClassRule[]
}

/** What came of one identity: a score and its attestation, or why there is none. */
export interface Outcome {
  readonly peer: PeerAddress['peer']
  readonly attestation?: Attestation
  readonly reason?: string
}

export class Challenger {
  readonly #parts: ChallengerParts
  readonly #exams: Readonly<Record<CapacityKind, Exam>>

  constructor(parts: ChallengerParts) {
    this.#parts = parts
    const product = productExam(parts)
    this.#exams = {
      ...{ cpu: product, gpu: product, memory: memoryExam(parts) },
      ...{ disk: diskExam(parts), network: networkExam(parts) }
    }
  }

  /** One session. Never throws for what a subject does: its outcome says it. CANCELLED when aborted. */
  async challenge(group: readonly PeerAddress[], task: Task, signal: AbortSignal): Promise<Outcome[]> {
    const { random } = this.#parts
    const exam = this.#exams[task.kind]
    const probes = group.slice(0, TOGETHER_MAX).map((to): Probe => {
      const [id, seed] = [toHex(random.bytes(32)) as Hex32, random.bytes(32)]
      return { to, id, seed, task }
    })
    const slowest: number[] = []
    for (const step of [...exam.steps, ...(exam.check === undefined ? [] : [exam.check])]) {
      const taken = await Promise.all(probes.map(p => this.#take(p, step, signal)))
      signal.throwIfAborted()
      const reasons = new Map(taken.flatMap((t, i) => (typeof t === 'string' ? [[i, t] as const] : [])))
      // who fails while its siblings go on may be lending them its machine: nobody gets anything
      if (reasons.size > 0)
        return probes.map(({ to }, i) => ({
          peer: to.peer,
          reason: reasons.get(i) ?? 'another identity of this machine or operator did not answer'
        }))
      slowest.push(Math.max(...taken.map(Number)))
    }
    const score = exam.score(slowest, task)
    return await Promise.all(probes.map(p => this.#attest(p, score, probes.length, signal)))
  }

  /** The time that it took, ms, or why it was not taken. */
  async #take(p: Probe, step: Step, signal: AbortSignal): Promise<number | string> {
    const { clock } = this.#parts
    const begun = clock.monotonic()
    try {
      await step(p, signal)
      return clock.monotonic() - begun
    } catch (e) {
      return asShoalError(e, 'PEER_UNREACHABLE').message
    }
  }

  async #attest(p: Probe, score: number, together: number, signal: AbortSignal): Promise<Outcome> {
    const { clock, identity, network, log, rules } = this.#parts
    const { kind } = p.task
    const at = clock.now()
    const body: AttestationBody = {
      v: 1,
      subject: p.to.peer,
      challenger: network.peerId,
      kind,
      score,
      class: reached(kind, score, rules),
      lanes: p.lanes ?? 1,
      together,
      at,
      expires: at + ATTESTATION_LIFE_MS
    }
    const attestation = { ...body, signature: await identity.sign(signingBytes('attestation', body)) }
    try {
      await network.request(p.to, 'attest', { id: p.id, attestation }, signal)
    } catch (err) {
      log.debug({ err, peer: p.to.peer }, 'an attestation was not taken')
    }
    return { peer: p.to.peer, attestation }
  }
}
