/** How a kind of challenge is put: steps that all of a group take at the same instant and whose slowest counts, then a check. */
import type { Hex32 } from '../../../protocol/ids.ts'
import type { Clock, PeerAddress, PeerNetwork, Random } from '../../../protocol/ports/index.ts'
import type { CapacityKind } from '../../../protocol/records/attestation.ts'

/** What is asked of everyone in a session. */
export interface Task {
  readonly kind: CapacityKind
  /** Rows of a matrix, or MiB. */
  readonly size: number
  /** Products in a row, of `gpu`. */
  readonly steps?: number
}

export interface ExamParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Pick<PeerNetwork, 'request' | 'stream'>
  /** As of `hoardOf`; for tests. */
  readonly work?: number
}

/** One identity in a session, with what it has answered so far. */
export interface Probe {
  readonly to: PeerAddress
  readonly id: Hex32
  readonly seed: Uint8Array
  readonly task: Task
  root?: Hex32
  lanes?: number
  rewritten?: { readonly seed: Uint8Array; readonly root: Hex32 }
}

/** Throws an error whose message says what the identity did not do. */
export type Step = (probe: Probe, signal: AbortSignal) => Promise<void>

export interface Exam {
  /** One after the other, all identities together in each; each is timed from the same instant. */
  readonly steps: readonly Step[]
  /** Not timed, except by its own limits. */
  readonly check?: Step
  /** From the slowest time of each step, ms. */
  readonly score: (slowest: readonly number[], task: Task) => number
}
