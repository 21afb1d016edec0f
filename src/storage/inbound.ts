/** An inbound stream of the block exchange, as bitswap gets it: metered, and let go of when it has closed. */
import type { AbortOptions, Stream } from '@libp2p/interface'

type Listener = (event: never) => void

/**
 * What bitswap (4.0.19) uses of an inbound stream. It hangs a listener that holds the stream on a timer of two minutes and leaves it
 * there when the stream has ended: a peer that opens one after another would fill our memory with dead ones, 12 KiB each. So the
 * timer gets this handle, which forgets the stream with its end.
 */
export class InboundStream {
  readonly id: string
  readonly protocol: string
  readonly #onMessage: (bytes: number) => boolean
  #stream: Stream | undefined
  /** A stream may have closed before bitswap listens, with messages that it still holds: it is kept until then. */
  readonly #ends = { closed: false, heard: false }

  /** `onMessage` is told of each message's bytes before bitswap is; false drops the message. */
  constructor(stream: Stream, onMessage: (bytes: number) => boolean) {
    this.#stream = stream
    this.#onMessage = onMessage
    this.id = stream.id
    this.protocol = stream.protocol
    stream.addEventListener('close', () => this.#letGo('closed'), { once: true })
  }

  #letGo(end: 'closed' | 'heard'): void {
    this.#ends[end] = true
    if (this.#ends.closed && this.#ends.heard) this.#stream = undefined
  }

  get status(): Stream['status'] {
    return this.#stream?.status ?? 'closed'
  }

  async close(options?: AbortOptions): Promise<void> {
    await this.#stream?.close(options)
  }

  abort(error: Error): void {
    this.#stream?.abort(error)
  }

  /** bitswap listens to `message` first and to `close` last. */
  addEventListener(type: string, listener: Listener): void {
    const add = this.#stream?.addEventListener.bind(this.#stream) as
      ((type: string, listener: Listener) => void) | undefined
    if (type === 'message') add?.(type, this.#counted(listener))
    else add?.(type, listener)
    if (type === 'close') this.#letGo('heard')
  }

  #counted(listener: Listener): Listener {
    const onMessage = this.#onMessage
    return (event: { readonly data: { readonly byteLength: number } }) => {
      if (onMessage(event.data.byteLength)) listener(event as never)
    }
  }
}
