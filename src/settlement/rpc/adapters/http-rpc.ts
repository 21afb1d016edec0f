/** JSON-RPC over HTTP with kept-alive sockets. */
import http from 'node:http'
import https from 'node:https'
import { readAnswer, type Asked } from '../answer.ts'
import { RpcBusy, RpcRefused, RpcUnreachable, tooLarge, type RpcRequest, type RpcTransport } from '../rpc.ts'

/** Default for the largest answer that is read; a page of logs is far below. */
const ANSWER_MAX = 64 * 1024 * 1024

export interface HttpRpcOptions {
  /** Longest wait for one answer in milliseconds; default 10 s. */
  readonly timeoutMs?: number
  /** Open sockets at once; default 16. */
  readonly sockets?: number
  /** Bytes of the largest answer; default 64 MiB. */
  readonly answerMax?: number
}

const OK = 200
const PAYLOAD_TOO_LARGE = 413
const TOO_MANY = 429
const UNAVAILABLE = 503

/** `Retry-After` in milliseconds: seconds, or a date. 0 when there is none. */
function retryAfter(header: string | undefined): number {
  if (header === undefined) return 0
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

/** What a status other than 200 means. */
function statusError({ statusCode = 0, headers }: http.IncomingMessage, text: string, asked: Asked): Error {
  const said = `HTTP ${statusCode}`
  const wait = retryAfter(headers['retry-after'])
  if (statusCode === TOO_MANY || (statusCode === UNAVAILABLE && wait > 0)) return new RpcBusy(said, wait)
  if (statusCode === PAYLOAD_TOO_LARGE) return tooLarge(asked.method, said)
  // some say in the body why they refuse events; for all else such a status is no answer
  if (asked.method === 'eth_getLogs' && text.trimStart().startsWith('{')) {
    try {
      readAnswer(text, asked)
    } catch (e) {
      if (e instanceof Error) return e
    }
  }
  return new RpcUnreachable(said)
}

/** Opens nothing until the first request. */
export function httpRpc(url: string, options: HttpRpcOptions = {}): RpcTransport {
  const target = new URL(url)
  const library = target.protocol === 'https:' ? https : http
  const agent = new library.Agent({ keepAlive: true, maxSockets: options.sockets ?? 16 })
  const timeout = options.timeoutMs ?? 10_000
  const answerMax = options.answerMax ?? ANSWER_MAX
  let next = 0

  const exchange = async (body: string, asked: Asked, signal?: AbortSignal): Promise<string> =>
    await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const fail = (cause: Error): void => {
        const known = cause instanceof RpcUnreachable || cause instanceof RpcRefused
        const error = known ? cause : new RpcUnreachable(cause.message, cause)
        reject(signal?.aborted === true ? (signal.reason as Error) : error)
      }
      const request = library.request(
        target,
        { method: 'POST', agent, headers, timeout, signal },
        response => {
          const chunks: Buffer[] = []
          let size = 0
          response.on('data', (chunk: Buffer) => {
            size += chunk.byteLength
            if (size > answerMax) response.destroy(tooLarge(asked.method, 'answer too large'))
            else chunks.push(chunk)
          })
          response.on('error', fail)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            if (response.statusCode === OK) resolve(text)
            else fail(statusError(response, text, asked))
          })
        }
      )
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeout} ms`)))
      request.on('error', fail)
      request.end(body)
    })

  return {
    send: async ({ method, params }: RpcRequest, signal) => {
      signal?.throwIfAborted()
      const id = ++next
      const asked = { id, method }
      return readAnswer(
        await exchange(JSON.stringify({ jsonrpc: '2.0', id, method, params }), asked, signal),
        asked
      )
    },
    close: async () => agent.destroy()
  }
}
