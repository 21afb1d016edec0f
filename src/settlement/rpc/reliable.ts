/** The RPC with retries: a restart of the chain's process costs time, not work. */
import { ShoalError } from '../../protocol/errors.ts'
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Logger } from '../../protocol/ports/log.ts'
import type { Random } from '../../protocol/ports/random.ts'
import { RpcBusy, RpcUnreachable, type RpcTransport } from './rpc.ts'

/** First and longest pause between two tries, in milliseconds. */
const PAUSE_FIRST = 100
const PAUSE_MAX = 1500

export interface Rpc {
  /** False from a failed try until the next answer. */
  readonly reachable: boolean
  /** Retries until it answers, `patienceMs` are over (CHAIN_UNREACHABLE) or the signal aborts. Throws RpcRefused at once. */
  call(
    method: string,
    params: readonly unknown[],
    options?: { signal?: AbortSignal; patienceMs?: number }
  ): Promise<unknown>
  close(): Promise<void>
}

export interface RpcParts {
  readonly transport: RpcTransport
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Default patience of a call in milliseconds. */
  readonly patienceMs: number
}

export function reliableRpc(parts: RpcParts): Rpc {
  const { transport, clock, random, log } = parts
  let reachable = true
  const note = (now: boolean, reason: string): void => {
    if (now === reachable) return
    reachable = now
    if (now) log.info({}, 'the chain answers again')
    else log.warn({ reason }, 'the chain does not answer')
  }
  return {
    get reachable() {
      return reachable
    },
    call: async (method, params, options = {}) => {
      const end = clock.monotonic() + (options.patienceMs ?? parts.patienceMs)
      for (let pause = PAUSE_FIRST; ; pause = Math.min(pause * 2, PAUSE_MAX)) {
        try {
          const result = await transport.send({ method, params }, options.signal)
          note(true, '')
          return result
        } catch (e) {
          if (!(e instanceof RpcUnreachable)) {
            if (options.signal?.aborted !== true) note(true, '')
            throw e
          }
          note(false, e.message)
          const wait = e instanceof RpcBusy ? Math.max(pause, e.waitMs) : pause
          if (clock.monotonic() + wait >= end) {
            throw new ShoalError('CHAIN_UNREACHABLE', `the chain does not answer (${e.message})`, {
              data: { method },
              next: 'Check chain.rpcUrl, or start the chain with `shoal chain`.',
              cause: e
            })
          }
          // never sooner than the RPC asked for
          await clock.sleep(wait * (wait === pause ? 0.75 + random.fraction() / 2 : 1), options.signal)
        }
      }
    },
    close: async () => await transport.close()
  }
}
