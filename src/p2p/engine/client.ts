/** Calls: dial, open a stream, write the request, half-close, read the response frames. Each wait has its own deadline. */
import type { Connection, Stream } from '@libp2p/interface'
import { encode } from '../../protocol/codec.ts'
import { asShoalError, isShoalError, ShoalError, type ErrorCode } from '../../protocol/errors.ts'
import type { PeerIdString } from '../../protocol/ids.ts'
import type { Method } from '../../protocol/methods.ts'
import type { Clock, Conduct, PeerAddress } from '../../protocol/ports/index.ts'
import { abortReason, deadline, within } from '../../protocol/signals.ts'
import type { Offences } from '../guards/offences.ts'
import type { OwnTroubles } from '../guards/own-troubles.ts'
import type { Names } from '../names.ts'
import { encodeFrame } from './frames.ts'
import type { EngineLimits } from './limits.ts'
import { Pacer } from './pacer.ts'
import { Places } from './places.ts'
import { endWriting, FrameReader, writeFrame } from './stream-io.ts'
import { decodeResponse, isRemote } from './wire.ts'

export interface ClientParts {
  readonly clock: Clock
  readonly names: Names
  readonly limits: EngineLimits
  /** An open connection to the peer: an existing one, whoever dialled it, or a new one; `fresh` asks for a new one. */
  readonly connect: (to: PeerAddress, signal: AbortSignal, fresh: boolean) => Promise<Connection>
  readonly report: (peer: PeerIdString, conduct: Conduct) => void
  readonly offences: Pick<Offences, 'prove'>
  readonly troubles: Pick<OwnTroubles, 'note' | 'excuses'>
}

/** Quotas of windows up to this are paced, ms: longer ones would be waited for in vain. */
const PACED_MS = 10_000

/** A method without its schemas. */
type Row = Omit<Method<unknown, unknown>, 'request' | 'response'>

interface Call {
  readonly stream: Stream
  readonly reader: FrameReader
}

export class RequestClient {
  readonly #parts: ClientParts
  readonly #places: Places
  readonly #pacer: Pacer

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#pacer = new Pacer(parts.clock)
    this.#places = new Places(parts.limits.waitingMax)
  }

  /** One request, one response. Errors as PeerNetwork.request says. */
  async unary<Req, Res>(
    to: PeerAddress,
    method: Method<Req, Res>,
    body: Req,
    signal: AbortSignal
  ): Promise<Res> {
    let answer: { readonly value: Res } | undefined
    for await (const value of this.frames(to, method, body, signal)) {
      if (answer !== undefined) throw this.#violation(to, `More than one answer to ${method.name}.`)
      answer = { value }
    }
    if (answer === undefined) throw this.#failed(to, `No answer to ${method.name}.`, method.firstByteMs)
    this.#parts.report(to.peer, 'useful')
    return answer.value
  }

  /** One request, frames until the other side ends. Leaving the loop resets the stream. */
  async *frames<Req, Res>(
    to: PeerAddress,
    method: Method<Req, Res>,
    body: Req,
    signal: AbortSignal
  ): AsyncGenerator<Res> {
    const frame = encodeFrame(encode(body), method.requestMax)
    const leave = await this.#place(to, method, signal)
    try {
      const call = await this.#open(to, method, frame, signal)
      try {
        yield* this.#read(to, method, call, signal)
        call.stream.abort(new ShoalError('CANCELLED', 'done')) // harmless when both ends have closed
      } catch (cause) {
        throw this.#judged(to, method, cause)
      } finally {
        call.reader.release()
        call.stream.abort(new ShoalError('CANCELLED', 'The caller left.'))
      }
    } finally {
      leave()
    }
  }

  /** A place among those that are open at this peer, and our turn in its quota. */
  async #place(to: PeerAddress, method: Row, signal: AbortSignal): Promise<() => void> {
    const message = `Too many ${method.name} requests are open to this peer.`
    const scope = deadline(this.#parts.clock, method.firstByteMs, 'QUOTA_EXCEEDED', message, signal)
    const key = `${to.peer} ${method.name}`
    return await within(scope, async s => {
      const leave = await this.#places.enter(key, method.concurrent, s)
      try {
        // what may be asked a few times in ten minutes is asked by who counts for itself (src/peer/capacity)
        if (method.quota.windowMs <= PACED_MS) await this.#pacer.turn(key, method.quota, s)
        return leave
      } catch (cause) {
        leave()
        throw cause
      }
    })
  }

  /** Up to the half-close after the request. */
  async #open(to: PeerAddress, method: Row, frame: Uint8Array, signal: AbortSignal): Promise<Call> {
    const { limits } = this.#parts
    const stream = await this.#stream(to, method, signal)
    const reader = new FrameReader(stream, method.responseMax)
    try {
      await this.#wait(to, 'write', limits.writeMs, signal, async s => {
        await writeFrame(stream, frame, s)
        await endWriting(stream, s)
      })
    } catch (cause) {
      // A peer that refuses early may reset the stream before it has read us: its answer still counts.
      if (signal.aborted || stream.readBufferLength === 0) {
        reader.release()
        stream.abort(asShoalError(cause, 'PEER_UNREACHABLE'))
        throw cause
      }
    }
    return { stream, reader }
  }

  /** A stream. A connection that turns out to be dead (its peer restarts) is replaced once: nothing was sent over it. */
  async #stream(to: PeerAddress, method: Row, signal: AbortSignal): Promise<Stream> {
    const { connect, limits, names } = this.#parts
    const protocol = names.method(method.name, method.version)
    const maxOutboundStreams = method.concurrent + limits.refusals
    for (const fresh of [false, true]) {
      const connection = await this.#wait(to, 'dial', limits.dialMs, signal, s => connect(to, s, fresh))
      try {
        return await this.#wait(to, 'open', limits.openMs, signal, s =>
          connection.newStream(protocol, { signal: s, maxOutboundStreams })
        )
      } catch (cause) {
        if (fresh || to.addresses.length === 0 || !isShoalError(cause, 'PEER_UNREACHABLE')) throw cause
      }
    }
    throw new Error('the second attempt returns or throws')
  }

  async *#read<Res>(
    to: PeerAddress,
    method: Row & Pick<Method<unknown, Res>, 'response'>,
    { reader }: Call,
    signal: AbortSignal
  ): AsyncGenerator<Res> {
    let wait: Wait = 'first byte'
    for (;;) {
      const ms = wait === 'first byte' ? method.firstByteMs : method.frameMs
      const frame = await this.#wait(to, wait, ms, signal, s => reader.next(s))
      if (frame === undefined) {
        if (method.kind === 'unary') return
        throw new ShoalError('PEER_UNREACHABLE', 'The peer broke off before the end.')
      }
      const answer = decodeResponse(method.response, frame, method.name, method.responseMax)
      if (answer === undefined) return
      yield answer.value
      wait = 'frame'
    }
  }

  /** One named wait: its timeout, its error. */
  async #wait<T>(
    to: PeerAddress,
    wait: Wait,
    ms: number,
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const code: ErrorCode = wait === 'dial' ? 'DIAL_TIMEOUT' : 'REQUEST_TIMEOUT'
    const scope = deadline(this.#parts.clock, ms, code, `Waited ${ms} ms in vain: ${wait}.`, signal)
    try {
      return await within(scope, run)
    } catch (cause) {
      if (signal.aborted) throw abortReason(signal)
      if (wait === 'first byte' || wait === 'frame')
        throw scope.signal.aborted ? timedOut(scope.signal, wait) : cause
      const error = scope.signal.aborted ? timedOut(scope.signal, wait) : unreachable(cause)
      this.#fell(to, cause, error, ms)
      throw error
    }
  }

  /** What a failure while reading says about the peer. */
  #judged(to: PeerAddress, method: Row, cause: unknown): unknown {
    if (!isShoalError(cause) || isRemote(cause)) return cause
    if (cause.code === 'RECORD_INVALID' || cause.code === 'FRAME_TOO_LARGE') {
      return this.#violation(to, `A wrong answer to ${method.name}: ${cause.message}`, cause)
    }
    this.#fell(to, cause, cause, method.firstByteMs)
    return cause
  }

  /**
   * A request came to nothing. It counts against the peer's reliability only where the peer may be the cause: not a refusal, and not
   * what our own troubles within the last `ms` may explain.
   */
  #fell(to: PeerAddress, cause: unknown, { code }: ShoalError, ms: number): void {
    const { troubles, report } = this.#parts
    if (troubles.note(cause) || troubles.excuses(ms)) return
    if (code === 'REQUEST_TIMEOUT' || code === 'DIAL_TIMEOUT' || code === 'PEER_UNREACHABLE')
      report(to.peer, 'failed')
  }

  #violation(to: PeerAddress, message: string, cause?: unknown): ShoalError {
    this.#parts.offences.prove(to.peer, 'broken-answer', message)
    return new ShoalError('PEER_VIOLATION', message, { data: { peer: to.peer }, cause })
  }

  #failed(to: PeerAddress, message: string, ms: number): ShoalError {
    const error = new ShoalError('PEER_UNREACHABLE', message, { data: { peer: to.peer } })
    this.#fell(to, undefined, error, ms)
    return error
  }
}

type Wait = 'dial' | 'open' | 'write' | 'first byte' | 'frame'

function timedOut(signal: AbortSignal, wait: Wait): ShoalError {
  const reason = abortReason(signal)
  const code = wait === 'dial' ? 'DIAL_TIMEOUT' : 'REQUEST_TIMEOUT'
  return new ShoalError(code, reason.message, { data: { wait } })
}

/** libp2p's errors by what the caller can do. */
function unreachable(cause: unknown): ShoalError {
  if (isShoalError(cause)) return cause
  if (cause instanceof Error && cause.name === 'UnsupportedProtocolError') {
    return new ShoalError('PEER_REFUSED', 'The peer does not serve this method.', { cause })
  }
  return asShoalError(cause, 'PEER_UNREACHABLE')
}
