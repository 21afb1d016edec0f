/**
 * Frames over a libp2p stream with back-pressure both ways. Reading: the stream is paused except while somebody waits for a
 * frame. Writing: the next frame is taken only after the stream says that it has room. (`stream.onDrain()` of @libp2p/utils
 * 7.4.1 blocks only once and `for await` over a stream buffers without bound; neither is used.)
 */
import type { Stream } from '@libp2p/interface'
import { asShoalError, ShoalError } from '../../protocol/errors.ts'
import { KiB } from '../../protocol/limits.ts'
import { abortReason } from '../../protocol/signals.ts'
import { FrameDecoder } from './frames.ts'

/** Resolves when the stream takes more; rejects when it ends or the signal aborts. */
function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  if (!stream.writableNeedsDrain) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
      signal.removeEventListener('abort', onAbort)
      then()
    }
    const onDrain = settle(resolve)
    const onClose = settle(() =>
      reject(new ShoalError('PEER_UNREACHABLE', 'The stream ended while writing.'))
    )
    const onAbort = settle(() => reject(abortReason(signal)))
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}

/** Sends one frame and waits for room for the next. PEER_UNREACHABLE when the stream is gone; the signal's reason. */
export async function writeFrame(stream: Stream, frame: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let room: boolean
  try {
    room = stream.send(frame)
  } catch (cause) {
    throw asShoalError(cause, 'PEER_UNREACHABLE')
  }
  if (!room) await drained(stream, signal)
}

/** Closes our writing end; reading goes on. */
export async function endWriting(stream: Stream, signal: AbortSignal): Promise<void> {
  try {
    await stream.close({ signal })
  } catch (cause) {
    if (signal.aborted) throw abortReason(signal)
    throw asShoalError(cause, 'PEER_UNREACHABLE')
  }
}

/** Reads and drops what still comes until the other side ends: at most `max` bytes, until the signal aborts. Never rejects. */
export function discardRest(stream: Stream, max: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    let dropped = 0
    const done = (): void => {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('remoteCloseWrite', done)
      stream.removeEventListener('close', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const onMessage = (event: { data: { byteLength: number } }): void => {
      dropped += event.data.byteLength
      if (dropped > 2 * max) done()
    }
    stream.addEventListener('message', onMessage)
    stream.addEventListener('remoteCloseWrite', done)
    stream.addEventListener('close', done)
    signal.addEventListener('abort', done)
    if (stream.readStatus === 'paused') stream.resume()
    if (stream.remoteWriteStatus === 'closed' || stream.status !== 'open' || signal.aborted) done()
  })
}

/** Reads frames one at a time. Call `release` when done: it removes the listeners. */
export class FrameReader {
  readonly #stream: Stream
  readonly #decoder: FrameDecoder
  readonly #piecesMax: number
  #pieces = 0
  #bytes = 0
  #ended = false
  #failure: Error | undefined
  #wake: () => void = () => undefined

  /**
   * `max`: largest frame body in bytes. `piecesMax`: messages of the stream in which frames may come, and one more for each KiB. The
   * stream is paused until the first `next`.
   */
  constructor(stream: Stream, max: number, piecesMax = Infinity) {
    this.#stream = stream
    this.#piecesMax = piecesMax
    this.#decoder = new FrameDecoder(max)
    this.#pause()
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('remoteCloseWrite', this.#onEnd)
    stream.addEventListener('close', this.#onClose)
    if (stream.remoteWriteStatus === 'closed') this.#ended = true
  }

  /** Bytes held here; at most one frame and one message of the stream. */
  get buffered(): number {
    return this.#decoder.buffered
  }

  /**
   * The next frame; undefined at the end. FRAME_TOO_LARGE, RECORD_INVALID (`data.crumbs`: in too many pieces), PEER_UNREACHABLE (broken
   * off); the signal's reason.
   */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const onAbort = (): void => this.#wake()
    signal.addEventListener('abort', onAbort)
    try {
      for (;;) {
        signal.throwIfAborted()
        const frame = this.#decoder.next()
        if (frame !== undefined) return frame
        if (this.#pieces > this.#piecesMax + this.#bytes / KiB)
          throw new ShoalError('RECORD_INVALID', 'A frame in crumbs.', { data: { crumbs: true } })
        if (this.#stream.readBufferLength === 0 || this.#stream.readStatus === 'closed') {
          if (this.#failure !== undefined) throw this.#failure
          if (this.#ended) return this.#atEnd()
        }
        await this.#more()
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#pause()
    }
  }

  release(): void {
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onEnd)
    this.#stream.removeEventListener('close', this.#onClose)
  }

  #atEnd(): undefined {
    if (this.#decoder.buffered > 0)
      throw new ShoalError('PEER_UNREACHABLE', 'The peer broke off inside a frame.')
    return undefined
  }

  /** Lets the stream run until something happens. */
  async #more(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#wake = resolve
      if (this.#stream.readStatus === 'paused') this.#stream.resume()
    })
    this.#wake = () => undefined
  }

  #pause(): void {
    if (this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  readonly #onMessage = (event: { data: { subarray(): Uint8Array } }): void => {
    const bytes = event.data.subarray()
    this.#pieces++
    this.#bytes += bytes.byteLength
    this.#decoder.push(bytes)
    this.#pause()
    this.#wake()
  }

  readonly #onEnd = (): void => {
    this.#ended = true
    this.#wake()
  }

  readonly #onClose = (event: { error?: Error }): void => {
    this.#ended = true
    if (event.error !== undefined) {
      this.#failure = new ShoalError('PEER_UNREACHABLE', 'The peer broke off.', { cause: event.error })
    }
    this.#wake()
  }
}
