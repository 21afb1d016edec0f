/**
 * Telling a peer that it is banned, before its connection is cut and when it comes back while the ban holds: it is let in for this one
 * exchange, and nothing else of it is read meanwhile (ConnectionGuard). So an honest peer that our measure has wronged learns why
 * nobody answers, and an attacker gets a few hundred bytes a minute.
 */
import type { Connection } from '@libp2p/interface'
import { BoundedMap } from '../../protocol/bounded-map.ts'
import { encode } from '../../protocol/codec.ts'
import { asShoalError } from '../../protocol/errors.ts'
import { methods } from '../../protocol/methods.ts'
import type { Clock, Logger } from '../../protocol/ports/index.ts'
import { deadline, within } from '../../protocol/signals.ts'
import { encodeFrame } from '../engine/frames.ts'
import { endWriting, FrameReader, writeFrame } from '../engine/stream-io.ts'
import { decodeResponse } from '../engine/wire.ts'
import type { Names } from '../names.ts'
import { BANS_MAX, type Bans } from './bans.ts'

/** One exchange, ms: three round trips of half a second. */
const EXCHANGE_MS = 1_500
/** Until a banned peer is let in to be told again, ms: soon when it may not have heard, else seldom. */
const AGAIN_UNHEARD_MS = 60_000
const AGAIN_HEARD_MS = 10 * 60_000
/** Exchanges at the same time; more peers are cut without a word, and hear it when they come back. */
const AT_ONCE_MAX = 8

export interface FarewellParts {
  readonly clock: Clock
  readonly names: Names
  readonly bans: Bans
  readonly log: Logger
}

export class Farewell {
  readonly #parts: FarewellParts
  readonly #nextAt = new BoundedMap<string, number>(BANS_MAX)
  #open = 0

  constructor(parts: FarewellParts) {
    this.#parts = parts
  }

  /** Whether a banned peer that knocks may come in to be told. */
  mayTell(peer: string): boolean {
    if (this.#open >= AT_ONCE_MAX) return false
    return (this.#nextAt.get(peer) ?? 0) <= this.#parts.clock.monotonic()
  }

  /** Tells the peer at the other end for what it is banned, within bounded time. The caller cuts the connection. Never rejects. */
  async say(connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString()
    const ban = this.#parts.bans.of(peer)
    if (ban === undefined || !this.mayTell(peer)) return
    const { clock, log } = this.#parts
    this.#nextAt.set(peer, clock.monotonic() + AGAIN_UNHEARD_MS)
    this.#open++
    const scope = deadline(clock, EXCHANGE_MS, 'REQUEST_TIMEOUT', 'The banned peer does not listen.')
    try {
      await within(scope, signal => this.#exchange(connection, ban, signal))
      this.#nextAt.set(peer, clock.monotonic() + AGAIN_HEARD_MS)
    } catch (error) {
      const { message } = asShoalError(error, 'PEER_UNREACHABLE')
      log.debug({ peer, message }, 'a banned peer did not hear why')
    } finally {
      this.#open--
    }
  }

  /** It was forgiven: should it be banned anew, it is told at once. */
  forget(peer: string): void {
    this.#nextAt.delete(peer)
  }

  async #exchange(
    connection: Connection,
    { kind, seen, left, times }: NonNullable<ReturnType<Bans['of']>>,
    signal: AbortSignal
  ): Promise<void> {
    const { farewell } = methods
    const protocol = this.#parts.names.method(farewell.name, farewell.version)
    const body = encode({ kind, seen, left: Math.ceil(left), times: Math.min(times, 1_000) })
    const stream = await connection.newStream(protocol, { signal })
    const reader = new FrameReader(stream, farewell.responseMax)
    try {
      await writeFrame(stream, encodeFrame(body, farewell.requestMax), signal)
      await endWriting(stream, signal)
      const answer = await reader.next(signal)
      if (answer !== undefined) decodeResponse(farewell.response, answer, farewell.name, farewell.responseMax)
    } finally {
      reader.release()
    }
  }
}
