/** `network`: a stream of the subject, then one to it; the slower direction counts. What comes is bounded in bytes and in time. */
import { flowOf } from '../../../market/flow.ts'
import { digestOf } from '../../../protocol/codec.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { KiB, MiB } from '../../../protocol/limits.ts'
import { deadline, within } from '../../../protocol/signals.ts'
import { committing } from './commit.ts'
import type { Exam, ExamParts, Probe, Step } from './exam.ts'

/** Longest for one direction, ms: who has not come through by then gets nothing. */
const FLOW_MS = 20_000
/** Pieces on their way at the same time: half of what the method allows, since the other end lets go of one a little later than we do. */
const AHEAD = 4

const limited =
  ({ clock }: ExamParts, step: Step): Step =>
  async (p, signal) => {
    const message = `the stream took longer than ${FLOW_MS / 1_000} s`
    await within(deadline(clock, FLOW_MS, 'REQUEST_TIMEOUT', message, signal), s => step(p, s))
  }

const size = (p: Probe): number => p.task.size * MiB
const wrong = (message: string): ShoalError => new ShoalError('PEER_VIOLATION', message)

/** What the subject sends: exactly the seeded bytes. Leaving the loop ends the stream. */
const receiving =
  ({ network }: ExamParts): Step =>
  async (p, signal) => {
    const expected = flowOf(p.seed, size(p))
    for await (const { data } of network.stream(p.to, 'flow', { id: p.id }, signal)) {
      const { value, done } = expected.next()
      if (done === true) throw wrong('more came than was asked for')
      if (Buffer.compare(value, data) !== 0) throw wrong('the stream is not the seeded one')
    }
    if (expected.next().done !== true) throw wrong('the stream ended too early')
  }

/** What the subject takes: bytes that it cannot know before, so that their digests show that they came. */
const sending =
  ({ network, random }: ExamParts): Step =>
  async (p, signal) => {
    const pieces = flowOf(random.bytes(32), size(p))
    const worker = async (): Promise<void> => {
      for (const data of pieces) {
        const { digest } = await network.request(p.to, 'pour', { id: p.id, data }, signal)
        if (digest !== digestOf(data)) throw wrong('a piece did not come')
      }
    }
    await Promise.all(Array.from({ length: AHEAD }, worker))
  }

/** KiB a second. */
export const networkExam = (parts: ExamParts): Exam => ({
  steps: [committing(parts, false), limited(parts, receiving(parts)), limited(parts, sending(parts))],
  score: ([, up = Infinity, down = Infinity], p) => Math.floor((p.size * KiB * 1_000) / Math.max(1, up, down))
})
