/** JSON-RPC over HTTP with kept-alive sockets. */
import http from 'node:http'
import https from 'node:https'
import { readAnswer } from '../answer.ts'
import { RpcUnreachable, type RpcRequest, type RpcTransport } from '../rpc.ts'

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

/** Opens nothing until the first request. */
export function httpRpc(url: string, options: HttpRpcOptions = {}): RpcTransport {
  const target = new URL(url)
  const library = target.protocol === 'https:' ? https : http
  const agent = new library.Agent({ keepAlive: true, maxSockets: options.sockets ?? 16 })
  const timeout = options.timeoutMs ?? 10_000
  const answerMax = options.answerMax ?? ANSWER_MAX
  let next = 0

  const exchange = async (body: string, signal?: AbortSignal): Promise<string> =>
    await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const fail = (cause: Error): void =>
        reject(signal?.aborted === true ? (signal.reason as Error) : new RpcUnreachable(cause.message, cause))
      const request = library.request(
        target,
        { method: 'POST', agent, headers, timeout, signal },
        response => {
          const chunks: Buffer[] = []
          let size = 0
          response.on('data', (chunk: Buffer) => {
            size += chunk.byteLength
            if (size > answerMax) response.destroy(new Error('answer too large'))
            else chunks.push(chunk)
          })
          response.on('error', fail)
          response.on('end', () => {
            const status = response.statusCode ?? 0
            if (status !== 200) fail(new Error(`HTTP ${status}`))
            else resolve(Buffer.concat(chunks).toString('utf8'))
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
      return readAnswer(
        await exchange(JSON.stringify({ jsonrpc: '2.0', id: ++next, method, params }), signal)
      )
    },
    close: async () => agent.destroy()
  }
}
