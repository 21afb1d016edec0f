/**
 * Watches each connection below the protocols: frames of the multiplexer and streams that are opened. yamux 8.0.3 buffers a frame of
 * any announced length until it is whole, answers every ping, and says nothing of streams that come to nothing. Of a banned peer only
 * what belongs to our own streams is read: the answer to our farewell.
 */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { ShoalError } from '../../protocol/errors.ts'
import { guardLimits } from './limits.ts'
import type { Offences } from './offences.ts'

interface Header {
  readonly type: number
  readonly flag: number
  readonly length: number
  readonly streamID: number
}

/** The parts of libp2p's connection and of yamux that are used here; their types hide them. */
interface Muxer {
  /** Whether we dialled: then our streams have odd numbers, else even ones. */
  readonly client: boolean
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
  readonly streams: readonly Stream[]
  onData(data: unknown): void
  handleFrame(frame: { readonly header: Header }): void
  addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void
}

const DATA = 0
const PING = 2
const SYN = 1

/**
 * yamux's errors over frames that no implementation sends: of an unknown kind or version, beyond the window that we gave, under a stream
 * number that is ours to give. Its other errors are everyday ones: a late answer to a ping that we gave up, a connection that is closing.
 */
const BROKEN = new Set([
  'InvalidFrameError',
  'ReceiveWindowExceededError',
  'BothClientsError',
  'DecodeInvalidVersionError'
])
const isBroken = (error: unknown): boolean =>
  error instanceof Error &&
  (BROKEN.has(error.name) || (error.name === 'InvalidParametersError' && error.message.includes('clients')))

const UNNAMED = 'streams without a protocol'

export interface ConnectionGuardParts {
  readonly libp2p: Libp2p
  readonly offences: Offences
  readonly banned: (peer: string) => boolean
  /** Protocols with budgets of their own: the request methods begin with it. */
  readonly requestPrefix: string
  /** Protocol of block exchange, which has one too. */
  readonly blocks: string
  readonly dht: string
  /** Protocol ids of this network's services that also begin with the prefix. */
  readonly services: readonly string[]
}

export class ConnectionGuard {
  readonly #parts: ConnectionGuardParts

  constructor(parts: ConnectionGuardParts) {
    this.#parts = parts
  }

  start(): void {
    this.#parts.libp2p.addEventListener('connection:open', this.#onOpen)
  }

  stop(): void {
    this.#parts.libp2p.removeEventListener('connection:open', this.#onOpen)
  }

  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    const { muxer } = connection as unknown as { muxer?: Muxer }
    if (muxer === undefined) return
    const peer = connection.remotePeer.toString()
    this.#watchFrames(muxer, peer)
    muxer.addEventListener('stream', ({ detail }) => this.#watchStream(muxer, peer, detail))
  }

  #watchFrames(muxer: Muxer, peer: string): void {
    const { offences, banned } = this.#parts
    const { frames } = guardLimits
    const onData = muxer.onData.bind(muxer)
    const handleFrame = muxer.handleFrame.bind(muxer)
    const ours = (id: number): boolean => id !== 0 && (id % 2 === 1) === muxer.client
    muxer.onData = data => {
      try {
        onData(data)
      } catch (error) {
        // yamux ends the connection, whatever it was
        if (isBroken(error)) offences.prove(peer, 'broken-frame', (error as Error).message)
        throw error
      }
      const { byteLength } = muxer.decoder.buffer
      if (byteLength > frames.bufferMax)
        offences.prove(peer, 'huge-frame', `a frame of more than ${byteLength} bytes`)
    }
    muxer.handleFrame = frame => {
      const { type, flag, length, streamID } = frame.header
      if (banned(peer) && !ours(streamID)) return
      const bare = type !== DATA || length === 0
      if (bare && !offences.within(peer, 'frames without data', frames.bare)) return
      if (type === PING && flag === SYN && !offences.within(peer, 'pings', frames.pings)) return
      handleFrame(frame)
    }
  }

  /** One inbound stream: what it was for is known when it ends. How it ends is nobody's offence: peers give up, restart and time out. */
  #watchStream(muxer: Muxer, peer: string, stream: Stream): void {
    const { offences } = this.#parts
    const { streams } = guardLimits
    if (muxer.streams.length > streams.unnamedMax) {
      const unnamed = muxer.streams.filter(s => s.protocol === '' && s.direction === 'inbound').length
      if (unnamed > streams.unnamedMax)
        return offences.prove(peer, 'stream-flood', `${unnamed} open streams without a protocol`)
    }
    if (offences.isSpent(peer, UNNAMED, streams.unnamed))
      stream.abort(new ShoalError('QUOTA_EXCEEDED', 'Too many streams without a protocol.'))
    stream.addEventListener('close', event => {
      const { protocol } = stream
      // above a protocol's number of streams libp2p resets without a word
      const tooMany = event.error?.name === 'TooManyInboundProtocolStreamsError'
      if (tooMany && this.#isCounted(protocol))
        offences.within(peer, 'streams above the number of their protocol', streams.aboveNumber)
      else if (this.#hasOwnBudget(protocol)) return
      else if (protocol === '') offences.within(peer, UNNAMED, streams.unnamed)
      else if (/\/id\/push\//.test(protocol)) offences.within(peer, 'identify pushes', streams.pushes)
      else if (protocol === this.#parts.dht) offences.within(peer, 'streams of the DHT', streams.dht)
      else offences.within(peer, 'streams of services', streams.services)
    })
  }

  /** Whether our own program never opens one too many: requests (engine/client.ts), DHT and blocks, whose two limits are the same. */
  #isCounted(protocol: string): boolean {
    return protocol === this.#parts.dht || this.#hasOwnBudget(protocol)
  }

  #hasOwnBudget(protocol: string): boolean {
    const { requestPrefix, services, blocks } = this.#parts
    return (
      protocol === blocks ||
      (protocol.startsWith(requestPrefix) && !services.some(s => protocol.startsWith(s)))
    )
  }
}
