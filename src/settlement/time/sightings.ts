/** Block numbers and headers that pass by in answers of the RPC, with the moments between which they were asked for and answered. */
import type { Clock } from '../../protocol/ports/clock.ts'
import type { Rpc } from '../rpc/reliable.ts'

/** A number below 2^53 in hex. */
const NUMBER = /^0x[0-9a-fA-F]{1,13}$/

const numberOf = (v: unknown): number | undefined =>
  typeof v === 'string' && NUMBER.test(v) ? Number(v) : undefined

/** Monotonic milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Witness {
  /** The newest block was this one at some moment of the span. */
  sawHead(block: number, span: Span): void
  /** A block bears this time, seconds since 1970. */
  sawTime(block: number, seconds: number): void
}

/** The same RPC, whose answers the witness sees pass by. What is malformed passes unseen. */
export function watched(rpc: Rpc, clock: Clock, witness: Witness): Rpc {
  const note = (method: string, params: readonly unknown[], answer: unknown, span: Span): void => {
    if (method === 'eth_blockNumber') {
      const head = numberOf(answer)
      if (head !== undefined) witness.sawHead(head, span)
    }
    if (method !== 'eth_getBlockByNumber' || answer === null || typeof answer !== 'object') return
    const block = 'number' in answer ? numberOf(answer.number) : undefined
    const seconds = 'timestamp' in answer ? numberOf(answer.timestamp) : undefined
    if (block === undefined || seconds === undefined) return
    if (params[0] === 'latest') witness.sawHead(block, span)
    witness.sawTime(block, seconds)
  }
  return {
    get reachable() {
      return rpc.reachable
    },
    call: async (method, params, options) => {
      const from = clock.monotonic()
      const answer = await rpc.call(method, params, options)
      note(method, params, answer, { from, to: clock.monotonic() })
      return answer
    },
    close: () => rpc.close()
  }
}
