/**
 * One or several RPCs of one chain as one transport: the first that is well is asked, and one that fails rests. Before an RPC is asked
 * for the first time, and after every failure, it must say that it serves our chain.
 */
import { ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import {
  RpcBusy,
  RpcRefused,
  RpcUnreachable,
  toNumber,
  toQuantity,
  type RpcRequest,
  type RpcTransport
} from './rpc.ts'

/** Shortest and longest rest of an RPC that failed, in milliseconds; it doubles with every failure. */
const REST_FIRST = 1_000
const REST_MAX = 30_000
/** An RPC whose head is this many blocks behind another's is passed over. */
const BEHIND_MAX = 5

export interface Endpoint {
  /** For the log. */
  readonly name: string
  readonly transport: RpcTransport
}

export interface SeveralParts {
  readonly clock: Clock
  readonly log: Logger
  readonly chainId: bigint
}

/** One RPC and how it has been lately. */
class Way {
  readonly endpoint: Endpoint
  readonly #parts: SeveralParts
  #known = false
  #rest = REST_FIRST
  restsUntil = -Infinity
  /** It asked not to be asked until then. */
  #busyUntil = -Infinity
  head = 0

  constructor(endpoint: Endpoint, parts: SeveralParts) {
    this.endpoint = endpoint
    this.#parts = parts
  }

  async ask(request: RpcRequest, signal: AbortSignal | undefined): Promise<unknown> {
    if (!this.#known) await this.#check(signal)
    const answer = await this.endpoint.transport.send(request, signal)
    if (request.method === 'eth_blockNumber') this.head = toNumber(answer, 'block number')
    return answer
  }

  /** Milliseconds for which it asked not to be asked. */
  get pause(): number {
    return Math.max(0, this.#busyUntil - this.#parts.clock.monotonic())
  }

  well(): void {
    this.#rest = REST_FIRST
    this.restsUntil = -Infinity
  }

  failed(e: unknown): void {
    const { clock, log } = this.#parts
    const reason = e instanceof Error ? e.message : String(e)
    if (this.restsUntil === -Infinity) log.debug({ rpc: this.endpoint.name, reason }, 'an RPC rests')
    const wait = e instanceof RpcBusy ? e.waitMs : 0
    // one that only wants fewer requests serves the same chain as before
    if (!(e instanceof RpcBusy)) this.#known = false
    if (wait > 0) this.#busyUntil = clock.monotonic() + wait
    this.restsUntil = clock.monotonic() + Math.max(this.#rest, wait)
    this.#rest = Math.min(REST_MAX, this.#rest * 2)
  }

  /** CHAIN_WRONG_NETWORK when it serves another chain. */
  async #check(signal: AbortSignal | undefined): Promise<void> {
    const { chainId } = this.#parts
    const answer = await this.endpoint.transport.send({ method: 'eth_chainId', params: [] }, signal)
    const actual = toQuantity(answer, 'chain id')
    if (actual !== chainId)
      throw new ShoalError('CHAIN_WRONG_NETWORK', `this is chain ${actual}, not ${chainId}`, {
        data: { actual: `${actual}`, wanted: `${chainId}` },
        next: 'Check chain.rpcUrl and network.json: they must belong together.'
      })
    this.#known = true
  }
}

/** At least one endpoint. Throws what the last one that was asked threw. */
export function severalRpcs(endpoints: readonly Endpoint[], parts: SeveralParts): RpcTransport {
  const ways = endpoints.map(e => new Way(e, parts))
  const order = (): Way[] => {
    const now = parts.clock.monotonic()
    const turn = (w: Way): number => (w.restsUntil <= now ? -Infinity : w.restsUntil)
    return [...ways].sort((a, b) => (turn(a) === turn(b) ? 0 : turn(a) - turn(b)))
  }
  const behind = (way: Way): boolean =>
    ways.some(w => w !== way && w.restsUntil === -Infinity && w.head > way.head + BEHIND_MAX)
  const tryOne = async (way: Way, request: RpcRequest, signal?: AbortSignal): Promise<unknown> => {
    const answer = await way.ask(request, signal)
    if (request.method === 'eth_blockNumber' && behind(way))
      throw new RpcUnreachable('it is behind the others')
    way.well()
    return answer
  }
  return {
    send: async (request, signal) => {
      let last: unknown = new RpcUnreachable('no RPC is configured')
      let failed = false
      for (const way of order()) {
        if (way.pause > 0) {
          last = new RpcBusy('it asked for a pause', way.pause)
          continue
        }
        try {
          return await tryOne(way, request, signal)
        } catch (e) {
          if (e instanceof RpcRefused) throw failed ? new RpcRefused(e.code, e.message, e.data, true) : e
          if (signal?.aborted === true) throw e
          failed = true
          way.failed(e)
          last = e
        }
      }
      throw last
    },
    close: async () => void (await Promise.all(ways.map(w => w.endpoint.transport.close())))
  }
}
