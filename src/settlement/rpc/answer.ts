/** What an RPC server answered, from its text. */
import { RpcRefused, RpcUnreachable } from './rpc.ts'

/** Error text may hold whole bytecode: cut it. */
const TEXT_CUT = 300
/** An answer nests its error data a few levels; a hostile one would nest until the stack ends. */
const DATA_DEPTH = 8

interface Answer {
  readonly result?: unknown
  readonly error?: unknown
}

const revertData = (data: unknown, left = DATA_DEPTH): string | undefined => {
  if (typeof data === 'string') return /^0x[0-9a-fA-F]*$/.test(data) ? data : undefined
  if (left > 0 && data !== null && typeof data === 'object' && 'data' in data)
    return revertData(data.data, left - 1)
  return undefined
}

const field = (error: unknown, name: string): unknown =>
  error !== null && typeof error === 'object' ? (Reflect.get(error, name) as unknown) : undefined

/** The result. RpcRefused for an error of the node, RpcUnreachable for what is no answer or passes by itself. */
export function readAnswer(text: string): unknown {
  let answer: Answer
  try {
    answer = JSON.parse(text) as Answer
  } catch (cause) {
    throw new RpcUnreachable('the RPC sent no JSON', cause)
  }
  if (answer === null || typeof answer !== 'object') throw new RpcUnreachable('the RPC sent no object')
  const { error } = answer
  if (error === undefined || error === null) return answer.result
  const code = field(error, 'code')
  const message = field(error, 'message')
  const said = typeof message === 'string' ? message.slice(0, TEXT_CUT) : 'refused'
  // -32005 (limit exceeded) and -32090 (our proxy: chain restarts) pass by themselves.
  if (code === -32005 || code === -32090) throw new RpcUnreachable(said)
  throw new RpcRefused(typeof code === 'number' ? code : 0, said, revertData(field(error, 'data')))
}
