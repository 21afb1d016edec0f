/** What an RPC server answered, from its text. */
import { RpcBusy, RpcRefused, RpcUnreachable } from './rpc.ts'

/** Error text may hold whole bytecode: cut it. */
const TEXT_CUT = 300
/** An answer nests its error data a few levels; a hostile one would nest until the stack ends. */
const DATA_DEPTH = 8

interface Answer {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

/** The question: number of the request, and its method. */
export interface Asked {
  readonly id: number
  readonly method: string
}

/** -32005 (limit exceeded) stands for a rate or for the size of an answer; 429 is the status of HTTP, which some put here. */
const LIMIT = -32005
const TOO_MANY = 429
/** Of a call that reverted. */
const REVERTED = 3
/** Our proxy: the chain restarts. */
const RESTARTS = -32090
const RATE =
  /rate.?limit|too many requests|requests? (per|\/|a) ?(second|minute|day|s\b)|throttl|compute units|daily|quota|capacity|credits/i

const revertData = (data: unknown, left = DATA_DEPTH): string | undefined => {
  if (typeof data === 'string') return /^0x[0-9a-fA-F]*$/.test(data) ? data : undefined
  if (left > 0 && data !== null && typeof data === 'object' && 'data' in data)
    return revertData(data.data, left - 1)
  return undefined
}

const field = (error: unknown, name: string): unknown =>
  error !== null && typeof error === 'object' ? (Reflect.get(error, name) as unknown) : undefined

function failure(error: unknown, method: string): Error {
  const code = field(error, 'code')
  const message = field(error, 'message')
  const said = typeof message === 'string' ? message.slice(0, TEXT_CUT) : 'refused'
  if (code === RESTARTS) return new RpcUnreachable(said)
  // without a word of a rate, a limit on events is one of their number or range
  const limit = code === LIMIT && method !== 'eth_getLogs'
  const data = revertData(field(error, 'data'))
  // a contract may revert with any words
  const reverted = code === REVERTED || data !== undefined || /revert/i.test(said)
  if (limit || code === TOO_MANY || (!reverted && RATE.test(said))) return new RpcBusy(said)
  return new RpcRefused(typeof code === 'number' ? code : 0, said, data)
}

/**
 * The result. RpcRefused for an error of the node, RpcBusy where it wants fewer requests, RpcUnreachable for what is no answer to this
 * question or passes by itself.
 */
export function readAnswer(text: string, { id, method }: Asked): unknown {
  let answer: Answer
  try {
    answer = JSON.parse(text) as Answer
  } catch (cause) {
    throw new RpcUnreachable('the RPC sent no JSON', cause)
  }
  if (answer === null || typeof answer !== 'object') throw new RpcUnreachable('the RPC sent no object')
  const { error } = answer
  // errors may come without a number, results may not: one of another question would be taken for ours
  if (answer.id !== id && (answer.id !== null || error === undefined))
    throw new RpcUnreachable('the RPC answered another question')
  if (error === undefined || error === null) return answer.result
  throw failure(error, method)
}
