/**
 * Paces what our own DHT client asks of each peer. kad-dht 16.4.5 walks as fast as its callers want: with dozens of jobs that look for
 * bids and providers that announce them it would exceed what others allow (limits.ts). What waits too long ends with its query.
 */
import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Clock } from '../../protocol/ports/index.ts'
import { Pacer } from '../engine/pacer.ts'
import { Places } from '../engine/places.ts'
import { guardLimits } from './limits.ts'

type Send = (
  to: PeerId,
  message: unknown,
  options: { readonly signal?: AbortSignal }
) => AsyncGenerator<unknown>

/** The part of kad-dht 16.4.5 that is stood before; its type hides it. */
interface Inside {
  readonly network: { sendRequest: Send; sendMessage: Send }
}

/** Open at one peer at the same time: half of the streams that it allows (host.ts), since libp2p counts them only when they are open. */
export const DHT_AT_ONCE = 32
/** Messages that may wait, over all peers: above it queries fail. */
const WAITING_MAX = 4_096

/** Puts itself before an instance, once. */
export function paceDht(dht: KadDHT, clock: Clock): void {
  const { network } = dht as unknown as Inside
  const pacer = new Pacer(clock)
  const places = new Places(WAITING_MAX)
  const never = new AbortController().signal
  /** Our turn, or undefined when the query was given up: what is sent then is told so in kad-dht's own way. */
  const turn = async (peer: string, signal: AbortSignal): Promise<(() => void) | undefined> => {
    try {
      await pacer.turn(peer, guardLimits.dht.messages, signal)
      return await places.enter(peer, DHT_AT_ONCE, signal)
    } catch (cause) {
      if (!signal.aborted) throw cause
      return undefined
    }
  }
  const paced = (send: Send): Send =>
    async function* (to, message, options) {
      const leave = await turn(to.toString(), options.signal ?? never)
      try {
        yield* send(to, message, options)
      } finally {
        leave?.()
      }
    }
  network.sendRequest = paced(network.sendRequest.bind(network))
  network.sendMessage = paced(network.sendMessage.bind(network))
}
