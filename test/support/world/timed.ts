/** The network's patience, which a network in memory lacks: who does not answer in a method's time has not answered. */
import type { Clock } from '../../../src/protocol/ports/clock.ts'
import type { PeerNetwork } from '../../../src/protocol/ports/network.ts'
import { abortable, deadline, within } from '../../../src/protocol/signals.ts'
import { rowOf } from '../sim/hub.ts'

export function timedNetwork(plain: PeerNetwork, clock: Clock): PeerNetwork {
  const timed: Pick<PeerNetwork, 'request' | 'stream'> = {
    request: async (to, method, body, signal) => {
      const { firstByteMs } = rowOf(method)
      const limit = deadline(clock, firstByteMs, 'REQUEST_TIMEOUT', `No answer to ${method}.`, signal)
      return await within(limit, s => abortable(plain.request(to, method, body, s), s))
    },
    stream: async function* (to, method, body, signal) {
      const { firstByteMs, frameMs } = rowOf(method)
      const frames = plain.stream(to, method, body, signal)[Symbol.asyncIterator]()
      try {
        for (let ms = firstByteMs; ; ms = frameMs) {
          const limit = deadline(clock, ms, 'REQUEST_TIMEOUT', `No frame of ${method}.`, signal)
          const next = await within(limit, s => abortable(frames.next(), s))
          if (next.done === true) return
          yield next.value
        }
      } finally {
        // a source that hangs is not waited for
        void frames.return?.(undefined).catch(() => undefined)
      }
    }
  }
  return new Proxy(plain, {
    get: (target, key) => {
      if (key === 'request' || key === 'stream') return timed[key]
      const value = Reflect.get(target, key, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })
}
