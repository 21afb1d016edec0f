/** The first step of every challenge: it is told, and the answer comes when the subject is done with it, or ready. */
import { ShoalError } from '../../../protocol/errors.ts'
import type { ExamParts, Step } from './exam.ts'

/** `rooted`: the answer commits to something. */
export const committing =
  ({ network }: ExamParts, rooted: boolean): Step =>
  async (p, signal) => {
    const { kind, size, steps } = p.task
    const body = { id: p.id, kind, seed: p.seed, size, steps }
    const { root, lanes, reason } = await network.request(p.to, 'challenge', body, signal)
    if (reason !== undefined || (rooted && root === undefined))
      throw new ShoalError('PEER_REFUSED', `not now: ${reason ?? 'no reason given'}`)
    p.root = root
    p.lanes = lanes
  }
