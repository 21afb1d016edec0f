/** Answers: quota first, then the request under its limits, then the handler, then response frames at the reader's pace. */
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { decode } from '../../protocol/codec.ts'
import { asShoalError, isShoalError, ShoalError } from '../../protocol/errors.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Method } from '../../protocol/methods.ts'
import type { Clock, Logger, RequestContext } from '../../protocol/ports/index.ts'
import { abortable, deadline, linked, within } from '../../protocol/signals.ts'
import { guardLimits } from '../guards/limits.ts'
import type { Offences } from '../guards/offences.ts'
import type { Names } from '../names.ts'
import { encodeFrame } from './frames.ts'
import type { EngineLimits } from './limits.ts'
import { OpenCount } from './quota.ts'
import { discardRest, endWriting, FrameReader, writeFrame } from './stream-io.ts'
import { encodeEnd, encodeError, encodeOk } from './wire.ts'

/** A handler without its types; the table of methods has checked what goes in. */
export type AnyHandler = (
  request: unknown,
  context: RequestContext
) => Promise<unknown> | AsyncIterable<unknown>

export interface ServerParts {
  readonly clock: Clock
  readonly names: Names
  readonly limits: EngineLimits
  readonly libp2p: Pick<Libp2p, 'handle' | 'unhandle'>
  readonly log: Logger
  readonly offences: Pick<Offences, 'within' | 'prove'>
}

type AnyMethod = Method<unknown, unknown>

export class RequestServer {
  readonly #parts: ServerParts
  readonly #open = new OpenCount()
  readonly #handlers = new Map<string, { method: AnyMethod; handler: AnyHandler }>()
  #stopping = new AbortController()
  #started = false

  constructor(parts: ServerParts) {
    this.#parts = parts
  }

  /** Requests open now, over all peers and methods with at least one. */
  get openKeys(): number {
    return this.#open.size
  }

  /** One handler per method; a second is our mistake. Returns how to remove it. */
  handle(method: AnyMethod, handler: AnyHandler): () => void {
    if (this.#handlers.has(method.name)) throw new Error(`a handler for ${method.name} exists already`)
    const entry = { method, handler }
    this.#handlers.set(method.name, entry)
    if (this.#started) this.#register(method)
    return () => {
      if (this.#handlers.get(method.name) !== entry) return
      this.#handlers.delete(method.name)
      if (this.#started) this.#unregister(method)
    }
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#stopping = new AbortController()
    for (const { method } of this.#handlers.values()) this.#register(method)
  }

  stop(): void {
    if (!this.#started) return
    this.#started = false
    this.#stopping.abort(new ShoalError('CANCELLED', 'This peer stops.'))
    for (const { method } of this.#handlers.values()) this.#unregister(method)
  }

  #register(method: AnyMethod): void {
    const most = method.concurrent + this.#parts.limits.refusals
    const protocol = this.#parts.names.method(method.name, method.version)
    const onStream = (stream: Stream, connection: Connection) => this.#serve(method, stream, connection)
    const options = { maxInboundStreams: most, maxOutboundStreams: most }
    this.#parts.libp2p.handle(protocol, onStream, options).catch((error: unknown) => {
      this.#parts.log.error({ error, method: method.name }, 'could not register a request handler')
    })
  }

  #unregister(method: AnyMethod): void {
    const protocol = this.#parts.names.method(method.name, method.version)
    this.#parts.libp2p.unhandle(protocol).catch((error: unknown) => {
      this.#parts.log.error({ error, method: method.name }, 'could not remove a request handler')
    })
  }

  /** One inbound stream, from opening to close. Never rejects. */
  async #serve(method: AnyMethod, stream: Stream, connection: Connection): Promise<void> {
    const from = connection.remotePeer.toString() as PeerIdString
    const scope = linked(this.#stopping.signal)
    const onClose = (): void => scope.abort(new ShoalError('CANCELLED', 'The other side went away.'))
    stream.addEventListener('close', onClose)
    const leave = this.#open.enter(`${from} ${method.name}`, method.concurrent)
    try {
      if (!this.#admit(method, from) || leave === undefined)
        throw new ShoalError('QUOTA_EXCEEDED', `Too many ${method.name} requests.`)
      await this.#answer(method, stream, { from, signal: scope.signal })
      await this.#end(stream, scope.signal)
      await this.#rest(method, stream, scope.signal)
    } catch (cause) {
      await this.#refuse(method, stream, from, cause, scope.signal)
    } finally {
      leave?.()
      scope[Symbol.dispose]()
      stream.removeEventListener('close', onClose)
      if (stream.status === 'open') stream.abort(new ShoalError('CANCELLED', 'This side is done.'))
    }
  }

  /** A request above the quota is refused, no more: what the sender is busy with is its own affair. Many times as many are a flood. */
  #admit({ name, quota }: AnyMethod, from: string): boolean {
    const flood = quota.count * guardLimits.requests.floodFactor
    return this.#parts.offences.within(from, `${name} requests`, { ...quota, flood, kind: 'request-flood' })
  }

  async #answer(method: AnyMethod, stream: Stream, context: RequestContext): Promise<void> {
    const request = await this.#request(method, stream, context)
    const entry = this.#handlers.get(method.name)
    if (entry === undefined) throw new ShoalError('PEER_REFUSED', 'The peer does not serve this method now.')
    if (method.kind === 'unary') {
      const scope = deadline(
        this.#parts.clock,
        method.firstByteMs,
        'REQUEST_TIMEOUT',
        `The handler of ${method.name} took too long.`,
        context.signal
      )
      const run = (signal: AbortSignal): Promise<unknown> =>
        abortable(entry.handler(request, { from: context.from, signal }) as Promise<unknown>, signal)
      const value = await within(scope, run)
      return await this.#write(stream, encodeFrame(encodeOk(value), method.responseMax), context.signal)
    }
    await this.#stream(
      method,
      stream,
      entry.handler(request, context) as AsyncIterable<unknown>,
      context.signal
    )
  }

  /** Ends with the signal even when the handler does not look at it. */
  async #stream(
    method: AnyMethod,
    stream: Stream,
    values: AsyncIterable<unknown>,
    signal: AbortSignal
  ): Promise<void> {
    const frames = values[Symbol.asyncIterator]()
    let ended = false
    try {
      for (;;) {
        const { done, value } = await abortable(frames.next(), signal)
        ended = done === true
        if (ended) return await this.#write(stream, encodeFrame(encodeEnd(), method.responseMax), signal)
        await this.#write(stream, encodeFrame(encodeOk(value), method.responseMax), signal)
      }
    } finally {
      if (!ended) this.#leave(method, frames)
    }
  }

  /** Tells a handler that nobody wants its frames; not awaited, since it may be waiting itself. */
  #leave(method: AnyMethod, frames: AsyncIterator<unknown>): void {
    const left = frames.return?.()
    left?.catch((error: unknown) => {
      this.#parts.log.debug({ error, method: method.name }, 'a stream handler failed while it was left')
    })
  }

  async #request(method: AnyMethod, stream: Stream, { from, signal }: RequestContext): Promise<unknown> {
    const { clock, limits, offences } = this.#parts
    const { silent, piecesMax } = guardLimits.requests
    const reader = new FrameReader(stream, method.requestMax, piecesMax)
    // slow lines and busy askers are refused, and that is all
    const scope = deadline(clock, limits.requestMs, 'PEER_REFUSED', 'The request did not come.', signal)
    try {
      const frame = await within(scope, s => reader.next(s))
      if (frame === undefined) {
        offences.within(from, 'streams without a request', silent)
        throw new ShoalError('PEER_REFUSED', 'A stream without a request.')
      }
      return decode(method.request, frame, method.name, method.requestMax)
    } catch (cause) {
      if (isShoalError(cause, 'RECORD_INVALID', 'FRAME_TOO_LARGE')) {
        const kind = cause.data['crumbs'] === true ? 'crumbled-request' : 'broken-request'
        offences.prove(from, kind, `${method.name}: ${cause.message}`)
      }
      throw cause
    } finally {
      reader.release() // the stream stays paused: what comes after the request is held by the window and never read
    }
  }

  /** The next frame is asked of the handler only when this one is taken. */
  async #write(stream: Stream, frame: Uint8Array, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#parts
    const scope = deadline(clock, limits.stallMs, 'REQUEST_TIMEOUT', 'The reader takes nothing.', signal)
    await within(scope, s => writeFrame(stream, frame, s))
  }

  async #end(stream: Stream, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#parts
    const scope = deadline(clock, limits.writeMs, 'REQUEST_TIMEOUT', 'The reader takes nothing.', signal)
    await within(scope, s => endWriting(stream, s))
  }

  /** Until the asker has ended its request: a reset before that would overtake what we have written. */
  async #rest(method: AnyMethod, stream: Stream, signal: AbortSignal): Promise<void> {
    if (stream.remoteWriteStatus === 'closed') return
    const { clock, limits } = this.#parts
    const scope = deadline(clock, limits.refusedMs, 'REQUEST_TIMEOUT', 'The asker goes on.', signal)
    await within(scope, s => discardRest(stream, method.requestMax, s))
  }

  /** Says why, if anybody listens. */
  async #refuse(
    method: AnyMethod,
    stream: Stream,
    from: PeerIdString,
    cause: unknown,
    signal: AbortSignal
  ): Promise<void> {
    if (!isShoalError(cause)) {
      this.#parts.log.error({ error: cause, method: method.name, peer: from }, 'a request handler failed')
    }
    if (signal.aborted || stream.writeStatus !== 'writable') return
    try {
      await this.#write(stream, encodeFrame(encodeError(cause), method.responseMax), signal)
      await this.#end(stream, signal)
      await this.#rest(method, stream, signal)
    } catch (error) {
      const { message } = asShoalError(error, 'PEER_UNREACHABLE')
      this.#parts.log.debug({ method: method.name, peer: from, message }, 'a refusal did not arrive')
    }
  }
}
