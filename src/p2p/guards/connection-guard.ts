/**
 * Watches each connection below the protocols: frames of the multiplexer and streams that are opened. yamux 8.0.3 buffers a frame of
 * any announced length until it is whole, answers every ping, and says nothing of streams that come to nothing.
 */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { guardLimits } from './limits.ts'
import type { Offences } from './offences.ts'

interface Header {
  readonly type: number
  readonly flag: number
  readonly length: number
}

/** The parts of libp2p's connection and of yamux that are used here; their types hide them. */
interface Muxer {
  readonly decoder: { readonly buffer: { readonly byteLength: number } }
  readonly streams: readonly Stream[]
  onData(data: unknown): void
  handleFrame(frame: { readonly header: Header }): void
  addEventListener(type: 'stream', listener: (event: CustomEvent<Stream>) => void): void
}

const DATA = 0
const PING = 2
const SYN = 1

export interface ConnectionGuardParts {
  readonly libp2p: Libp2p
  readonly offences: Offences
  /** Protocols with budgets of their own: the request methods begin with it. */
  readonly requestPrefix: string
  /** Protocol of block exchange, which has one too. */
  readonly blocks: string
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
    const { offences } = this.#parts
    const { frames } = guardLimits
    const onData = muxer.onData.bind(muxer)
    const handleFrame = muxer.handleFrame.bind(muxer)
    muxer.onData = data => {
      try {
        onData(data)
      } catch (error) {
        offences.invalid(peer) // frames that break the rules; yamux ends the connection
        throw error
      }
      if (muxer.decoder.buffer.byteLength > frames.bufferMax) offences.ban(peer, 'a frame above every window')
    }
    muxer.handleFrame = frame => {
      const { type, flag, length } = frame.header
      const bare = type !== DATA || length === 0
      if (bare && !offences.withinOrBanned(peer, 'frames without data', frames.bare)) return
      if (type === PING && flag === SYN && !offences.within(peer, 'pings', frames.pings)) return
      handleFrame(frame)
    }
  }

  /** One inbound stream: what it was for is known when it ends. */
  #watchStream(muxer: Muxer, peer: string, stream: Stream): void {
    const { offences } = this.#parts
    const { streams } = guardLimits
    if (muxer.streams.length > streams.unnamedMax) {
      const unnamed = muxer.streams.filter(s => s.protocol === '' && s.direction === 'inbound').length
      if (unnamed > streams.unnamedMax) return offences.ban(peer, 'too many streams without a protocol')
    }
    stream.addEventListener('close', event => {
      const { protocol } = stream
      // above a protocol's number of streams libp2p resets without a word
      const tooMany = event.error?.name === 'TooManyInboundProtocolStreamsError'
      if (this.#hasOwnBudget(protocol) && !tooMany) return
      const brokenOff = event.local === true && event.error !== undefined
      if (protocol === '' || brokenOff) {
        // one that we waited for in vain may be slow; one whose bytes we could not read is not
        const cost = brokenOff && !tooMany && !/Timeout|Abort/.test(event.error?.name ?? '') ? 2 : 1
        offences.within(peer, 'failed streams', streams.failed, cost)
      } else if (/\/id\/push\//.test(protocol)) offences.within(peer, 'identify pushes', streams.pushes)
      else offences.within(peer, 'streams', streams.services)
    })
  }

  #hasOwnBudget(protocol: string): boolean {
    const { requestPrefix, services, blocks } = this.#parts
    return (
      protocol === blocks ||
      (protocol.startsWith(requestPrefix) && !services.some(s => protocol.startsWith(s)))
    )
  }
}
