/**
 * `memory` and `disk`: a data set is filled; `disk` writes it again under a mask, whose time is its score; then random blocks are
 * asked for, sooner than they could be made again.
 */
import { hoardOf, samplesOf, shownObjection } from '../../../market/hoard.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { KiB } from '../../../protocol/limits.ts'
import { committing } from './commit.ts'
import type { Exam, ExamParts, Step } from './exam.ts'

/** From asking for blocks to all of them, ms, 400 KiB of answer in it: making them again takes at least 2.1 s (AESENC at 3 cycles, 5.7 GHz). */
export const SHOW_MS = 1_500

const rewriting =
  ({ random, network }: ExamParts): Step =>
  async (p, signal) => {
    const seed = random.bytes(32)
    const { root } = await network.request(p.to, 'rewrite', { id: p.id, seed }, signal)
    p.rewritten = { seed, root }
  }

const showing =
  ({ clock, random, network, work }: ExamParts): Step =>
  async (p, signal) => {
    const seed = random.bytes(32)
    const begun = clock.monotonic()
    const shown = await network.request(p.to, 'show', { id: p.id, seed }, signal)
    if (clock.monotonic() - begun > SHOW_MS)
      throw new ShoalError('REQUEST_TIMEOUT', 'the blocks came so late that they may have been made anew')
    if (p.root === undefined) throw new ShoalError('PEER_VIOLATION', 'nothing was committed to')
    const spec = hoardOf(p.seed, p.task.size, work)
    const samples = samplesOf(seed, spec.blocks)
    const wrong = shownObjection(spec, { root: p.root, rewritten: p.rewritten }, samples, shown)
    if (wrong !== undefined) throw new ShoalError('PEER_VIOLATION', wrong)
  }

/** MiB that were held, all at the same time by all of a group. */
export const memoryExam = (parts: ExamParts): Exam => ({
  steps: [committing(parts, true)],
  check: showing(parts),
  score: (_, { size }) => size
})

/** KiB a second of `rewrite`. */
export const diskExam = (parts: ExamParts): Exam => ({
  steps: [committing(parts, true), rewriting(parts)],
  check: showing(parts),
  score: ([, ms = Infinity], { size }) => Math.floor((size * KiB * 1_000) / Math.max(1, ms))
})
