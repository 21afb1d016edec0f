/** Stands before the DHT's server side: a budget of messages for each peer, and reports of those that are refused. */
import type { KadDHT } from '@libp2p/kad-dht'
import type { PeerId } from '@libp2p/interface'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { guardLimits } from './limits.ts'
import type { Offences } from './offences.ts'

/** The part of kad-dht 16.4.5 that is stood before; its type hides it. */
interface Inside {
  readonly rpc: { handleMessage(from: PeerId, message: unknown): Promise<unknown> }
}

/** Puts itself before an instance, once. */
export function guardDht(dht: KadDHT, offences: Offences): void {
  const { rpc } = dht as unknown as Inside
  const handle = rpc.handleMessage.bind(rpc)
  rpc.handleMessage = async (from, message) => {
    const peer = from.toString()
    if (!offences.within(peer, 'DHT messages', guardLimits.dht.messages))
      throw new ShoalError('QUOTA_EXCEEDED', 'Too many DHT messages.')
    try {
      return await handle(from, message)
    } catch (cause) {
      if (isShoalError(cause, 'SIGNATURE_INVALID', 'FRAME_TOO_LARGE')) offences.invalid(peer)
      else offences.within(peer, 'refused DHT messages', guardLimits.dht.refused)
      throw cause
    }
  }
}
