/**
 * Stands before the DHT's server side: a budget of messages for each peer, and what no DHT client sends. How a stream ends says
 * nothing: a client closes or resets its own when it has what it wanted, and kad-dht 16.4.5 takes that for an error.
 */
import type { KadDHT } from '@libp2p/kad-dht'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { isGarbage } from '../../protocol/codec.ts'
import { isShoalError, ShoalError } from '../../protocol/errors.ts'
import { guardLimits } from './limits.ts'
import type { Offences } from './offences.ts'

/** The parts of a message that are looked at (kad-dht's own type of it is not exported). */
interface Message {
  readonly type?: unknown
  readonly providers?: readonly { readonly id?: Uint8Array }[]
}

/** The parts of kad-dht 16.4.5 that are stood before; its type hides them. */
interface Inside {
  readonly rpc: {
    handleMessage(from: PeerId, message: Message): Promise<unknown>
    onIncomingStream(stream: Stream, connection: Connection): Promise<void>
  }
}

/** What the readers of lengths and protocol buffers throw over bytes, and over nothing else. */
const UNREADABLE =
  /^(index out of range|invalid wire type|invalid varint|Invalid message length|Message length)|^Could not decode varint/

/** Whether an error speaks of bytes that came and cannot be read. Streams that ended, were reset or timed out are not among them. */
const isUnreadable = (error: unknown): boolean => error instanceof Error && UNREADABLE.test(error.message)

/** kad-dht: the key has no namespace, or one that this network does not have. */
const isForeign = (error: unknown): boolean =>
  error instanceof Error &&
  (/^No validator available/.test(error.message) || /^Record key is missing/.test(error.message))

const isAnnouncement = ({ type }: Message): boolean => type === 'ADD_PROVIDER'

/** Puts itself before an instance, once and before it starts. */
export function guardDht(dht: KadDHT, offences: Offences): void {
  const { rpc } = dht as unknown as Inside
  const handle = rpc.handleMessage.bind(rpc)
  const serve = rpc.onIncomingStream.bind(rpc)
  rpc.handleMessage = async (from, message) => {
    const peer = from.toString()
    if (!offences.within(peer, 'DHT messages', guardLimits.dht.messages))
      throw new ShoalError('QUOTA_EXCEEDED', 'Too many DHT messages.')
    if (isAnnouncement(message)) checkProviders(from, message, offences)
    try {
      return await handle(from, message)
    } catch (cause) {
      judge(peer, cause, offences)
      throw cause
    }
  }
  rpc.onIncomingStream = async (stream, connection) => {
    try {
      await serve(stream, connection)
    } catch (cause) {
      if (isUnreadable(cause))
        offences.prove(connection.remotePeer.toString(), 'broken-dht-message', (cause as Error).message)
      throw cause
    }
  }
}

/** A refused message: forged and foreign records have no honest cause; outdated ones, and those of other versions, have many. */
function judge(peer: string, cause: unknown, offences: Offences): void {
  if (isShoalError(cause, 'SIGNATURE_INVALID', 'FRAME_TOO_LARGE') || isGarbage(cause))
    offences.prove(peer, 'forged-dht-record', (cause as Error).message)
  else if (isForeign(cause)) offences.prove(peer, 'foreign-dht-record', (cause as Error).message)
  else offences.within(peer, 'refused DHT messages', guardLimits.dht.refused)
}

/** Every peer announces itself and nobody else. */
function checkProviders(from: PeerId, { providers = [] }: Message, offences: Offences): void {
  const own = from.toMultihash().bytes
  const other = providers.find(({ id }) => id === undefined || Buffer.compare(id, own) !== 0)
  if (other !== undefined) offences.prove(from.toString(), 'foreign-provider', 'it announced another peer')
}
