/** A data set in memory: shows that so much of it can be had at once. */
import { ShoalError } from '../../../protocol/errors.ts'
import type { Hoarder } from '../../../protocol/ports/capacity.ts'
import type { Clock } from '../../../protocol/ports/clock.ts'
import { blockAt, fill } from './fill.ts'

/** `max`: what the owner offers, bytes; asked anew each time. */
export const memoryHoarder = (clock: Clock, max: () => number): Hoarder => ({
  max,
  async fill(spec, signal) {
    const filled = await fill(spec, clock, signal)
    let data: Uint8Array | undefined = filled.data
    return {
      root: filled.tree.root,
      block: async index => {
        if (data === undefined) throw new ShoalError('NOT_FOUND', 'the data set is gone')
        return blockAt(data, index)
      },
      path: index => filled.tree.path(index),
      rewrite: async () => {
        throw new ShoalError('RECORD_INVALID', 'memory is not written again')
      },
      drop: async () => {
        data = undefined
      }
    }
  }
})
