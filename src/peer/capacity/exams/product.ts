/** `cpu` and `gpu`: time until the root of a product is there; then random rows of it are opened and checked. */
import { chainObjection, chainOf } from '../../../market/chain.ts'
import { answerObjection, matricesOf, questionOf } from '../../../market/product.ts'
import { ShoalError } from '../../../protocol/errors.ts'
import { committing } from './commit.ts'
import type { Exam, ExamParts, Step } from './exam.ts'

/** From asking for the opening to the answer, ms: it has been computed by then. */
const OPEN_MS = 8_000

/** Million multiply-adds a second. */
export const scoreOf = (n: number, ms: number, steps = 1): number =>
  Math.floor((steps * n ** 3) / Math.max(1, ms) / 1_000)

/** Asks at once, then checks; the checking takes our time, not the subject's. */
const opening =
  ({ clock, random, network }: ExamParts): Step =>
  async (p, signal) => {
    const { kind, size: n, steps = 1 } = p.task
    const seed = random.bytes(32)
    const begun = clock.monotonic()
    const answer = await network.request(p.to, 'reveal', { id: p.id, seed }, signal)
    if (clock.monotonic() - begun > OPEN_MS)
      throw new ShoalError('REQUEST_TIMEOUT', 'the opening came too late')
    if (p.root === undefined) throw new ShoalError('PEER_VIOLATION', 'nothing was committed to')
    const [question, pause] = [questionOf(seed, n), () => clock.sleep(0, signal)]
    const wrong =
      kind === 'gpu'
        ? await chainObjection(chainOf(p.seed, n, steps), p.root, question, answer, pause)
        : await answerObjection(matricesOf(p.seed, n), p.root, question, answer, pause)
    if (wrong !== undefined) throw new ShoalError('PEER_VIOLATION', wrong)
  }

export const productExam = (parts: ExamParts): Exam => ({
  steps: [committing(parts, true)],
  check: opening(parts),
  score: ([ms = Infinity], { size, steps }) => scoreOf(size, ms, steps)
})
