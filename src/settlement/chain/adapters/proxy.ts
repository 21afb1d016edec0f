/** The HTTP server in front of the chain: allow-listed JSON-RPC on loopback. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { ShoalError } from '../../../protocol/errors.ts'
import type { Logger } from '../../../protocol/ports/log.ts'
import { RpcRefused, RpcUnreachable } from '../../rpc/rpc.ts'
import {
  BATCH_MAX,
  BODY_MAX,
  checkCall,
  fault,
  isFault,
  refusal,
  type RpcCall,
  type RpcFault
} from '../filter.ts'

/** Open connections; more wait in the system's queue. */
const CONNECTIONS_MAX = 512
/** Calls of one batch that run at once. */
const BATCH_PARALLEL = 16
/** Answer while the node restarts; our client takes it as "try again". */
const RESTARTING = -32090

export interface ProxyParts {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Further Host headers to accept. */
  readonly hosts: readonly string[]
  readonly log: Logger
  answer(call: RpcCall): Promise<unknown>
}

export interface Proxy {
  readonly port: number
  close(): Promise<void>
}

type Reply = RpcFault | { readonly id: RpcCall['id']; readonly result: unknown }

/** Listens. PORT_IN_USE when the port is taken. */
export async function startProxy(parts: ProxyParts): Promise<Proxy> {
  const server = http.createServer((request, response) => {
    serve(parts, request, response).catch((e: unknown) => {
      parts.log.debug({ error: String(e) }, 'a chain request broke off')
      response.destroy()
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = 30_000
  server.headersTimeout = 10_000
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause)
      const next = 'Choose another port for the chain, or stop what uses this one.'
      reject(
        new ShoalError('PORT_IN_USE', `port ${parts.port} is in use`, {
          data: { port: parts.port },
          next,
          cause
        })
      )
    })
    server.listen(parts.port, parts.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: async () =>
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

async function serve(
  parts: ProxyParts,
  request: http.IncomingMessage,
  response: http.ServerResponse
): Promise<void> {
  const refused = refusal(request, parts.hosts)
  if (refused !== undefined) return end(response, refused.status, refused.reason)
  const body = await readBody(request)
  if (body === undefined) {
    response.setHeader('connection', 'close')
    return end(response, 413, 'request too large')
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return json(response, fault(null, -32700, 'not JSON')) // the sender learns it from the answer
  }
  if (!Array.isArray(parsed)) return json(response, await one(parts, parsed))
  if (parsed.length === 0 || parsed.length > BATCH_MAX) {
    return json(response, fault(null, -32600, `1 to ${BATCH_MAX} calls in a batch`))
  }
  json(response, await batch(parts, parsed))
}

/** In order of the request; transactions of a batch are sent in their order. */
async function batch(parts: ProxyParts, calls: readonly unknown[]): Promise<Reply[]> {
  const replies: Reply[] = []
  for (let i = 0; i < calls.length; i += BATCH_PARALLEL) {
    replies.push(
      ...(await Promise.all(calls.slice(i, i + BATCH_PARALLEL).map(async c => await one(parts, c))))
    )
  }
  return replies
}

async function one(parts: ProxyParts, value: unknown): Promise<Reply> {
  const call = checkCall(value)
  if (isFault(call)) return call
  try {
    return { id: call.id, result: (await parts.answer(call)) ?? null }
  } catch (e) {
    if (e instanceof RpcRefused) return fault(call.id, e.code, e.message, e.data)
    if (!(e instanceof RpcUnreachable)) parts.log.debug({ error: String(e) }, 'a chain request failed')
    return fault(call.id, RESTARTING, 'the chain restarts; try again')
  }
}

/** Undefined above the limit. */
async function readBody(request: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > BODY_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function end(response: http.ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(reason)
}

function json(response: http.ServerResponse, reply: Reply | readonly Reply[]): void {
  const spell = (r: Reply): object => ({ jsonrpc: '2.0', ...r })
  const text = JSON.stringify(Array.isArray(reply) ? reply.map(spell) : spell(reply as Reply))
  response.writeHead(200, { 'content-type': 'application/json' }).end(text)
}
