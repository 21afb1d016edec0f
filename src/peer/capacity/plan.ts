/** What a group is asked for in one session: each kind that it can show, sized so that it takes about as long as is aimed at. Pure. */
import { BASE_MEMORY } from '../../market/weighed.ts'
import { FLOW_MAX, HOARD_MAX, MATRIX_MAX, MiB, STEPS_MAX } from '../../protocol/limits.ts'
import type { CapacityAdvert } from '../../protocol/records/advert.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'
import type { Task } from './exams/exam.ts'

/** What a product or a stream should take, ms: so long that starting the engine and the way of the answer hardly count. */
const AIM_MS = 2_000
const SIZES = [512, 768, 1024, 1536] as const
/** With nothing known. */
const FIRST_SIZE = 1024
const STEPS = [16, 64] as const
/** MiB. */
const DISK = 32
const FLOWS = [1, 2, 4, 8, 16] as const
const FIRST_FLOW = 4
/** Of all streams of a session together, in each direction: what the challenger itself takes and sends. */
const FLOWS_MAX = 128

/** The smallest product that takes a peer of this score (million multiply-adds a second) the time that is aimed at. */
export const sizeFor = (score: number): number =>
  score <= 0 ? FIRST_SIZE : (SIZES.find(n => n ** 3 / 1_000 / score >= AIM_MS) ?? MATRIX_MAX)

/** Products in a row, likewise. */
export const stepsFor = (score: number): number =>
  score <= 0 ? STEPS[0] : (STEPS.find(k => (k * MATRIX_MAX ** 3) / 1_000 / score >= AIM_MS) ?? STEPS_MAX)

/** MiB for a line of so many KiB a second that `count` identities share. */
export function flowFor(score: number, count: number): number {
  const one = score <= 0 ? FIRST_FLOW : (FLOWS.find(n => (n * 1024 * 1_000) / score >= AIM_MS) ?? FLOW_MAX)
  return Math.max(1, Math.min(one, Math.floor(FLOWS_MAX / count)))
}

/** MiB that all of a group claim to have; none where the claim counts unproven. */
const memoryFor = (bytes: number): number =>
  bytes <= BASE_MEMORY ? 0 : Math.min(HOARD_MAX, Math.floor(bytes / MiB))

type Claim = Pick<CapacityAdvert, 'memoryBytes' | 'diskBytes' | 'gpus' | 'attestations'>

/** The quick ones first. */
export function tasksFor(group: readonly Claim[]): Task[] {
  const best = (kind: CapacityKind): number =>
    Math.max(0, ...group.flatMap(a => a.attestations ?? []).flatMap(a => (a.kind === kind ? [a.score] : [])))
  const tasks: Task[] = [
    { kind: 'cpu', size: sizeFor(best('cpu')) },
    { kind: 'network', size: flowFor(best('network'), group.length) }
  ]
  const memory = memoryFor(Math.min(...group.map(a => a.memoryBytes)))
  if (group.every(a => (a.gpus ?? []).length > 0))
    tasks.push({ kind: 'gpu', size: MATRIX_MAX, steps: stepsFor(best('gpu')) })
  if (memory > 0) tasks.push({ kind: 'memory', size: memory })
  // two files of that size
  if (group.every(a => a.diskBytes >= 2 * DISK * MiB)) tasks.push({ kind: 'disk', size: DISK })
  return tasks
}
