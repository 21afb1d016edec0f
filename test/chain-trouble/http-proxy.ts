/** A JSON-RPC proxy over HTTP that makes trouble on demand, between real processes and their chain. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../src/peer/adapters/system-clock.ts'
import { httpRpc } from '../../src/settlement/rpc/adapters/http-rpc.ts'
import { RpcBusy, RpcRefused, type RpcTransport } from '../../src/settlement/rpc/rpc.ts'
import type { Trouble } from './rpcs.ts'

export const httpTroubles = ['refuse', '503', 'hang', 'nonsense', 'huge', 'slow', 'other chain'] as const
export type HttpTrouble = (typeof httpTroubles)[number]

const SLOW_MS = 3_000
const HUGE_BYTES = 80 * 1024 * 1024
const CHUNK = Buffer.alloc(1024 * 1024, 0x20)

export interface TroubleProxy {
  readonly url: string
  trouble: HttpTrouble | undefined
  /** How it answers single questions, instead of making trouble with all of them. */
  habit: Trouble | undefined
  /** Requests that met trouble. */
  readonly troubled: number
  stop(): Promise<void>
}

async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

async function forward(target: string, body: Buffer): Promise<string> {
  const answer = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new Uint8Array(body)
  })
  return await answer.text()
}

/** Resolves when more can be written, or the client is gone. */
const writable = (response: http.ServerResponse): Promise<void> =>
  new Promise(resolve => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })

/** More than any client should read; ends when the client has had enough. */
async function pour(response: http.ServerResponse): Promise<void> {
  for (let sent = 0; sent < HUGE_BYTES && !response.destroyed; sent += CHUNK.byteLength)
    if (!response.write(CHUNK)) await writable(response)
  response.end('{}')
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

interface Question {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** As a node writes down what a habit answers. */
async function answerOf(ask: Question, habit: Trouble, real: RpcTransport) {
  const { id, method, params } = ask
  try {
    const result = (await habit({ method, params }, real, systemClock)) ?? null
    return { status: 200, headers: {}, body: { jsonrpc: '2.0', id, result } }
  } catch (e) {
    if (e instanceof RpcBusy)
      return { status: 429, headers: { 'retry-after': `${e.waitMs / 1000}` }, body: {} }
    if (!(e instanceof RpcRefused)) throw e
    const { code, message, data } = e
    return { status: 200, headers: {}, body: { jsonrpc: '2.0', id, error: { code, message, data } } }
  }
}

class Proxy {
  readonly #target: string
  readonly #real: RpcTransport
  trouble: HttpTrouble | undefined
  habit: Trouble | undefined
  troubled = 0

  constructor(target: string) {
    this.#target = target
    this.#real = httpRpc(target)
  }

  close = (): Promise<void> => this.#real.close()

  async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const { habit, trouble } = this
    if (habit !== undefined || trouble !== undefined) this.troubled++
    if (habit !== undefined) {
      const {
        status,
        headers,
        body: said
      } = await answerOf(JSON.parse(body.toString()) as Question, habit, this.#real)
      return void response.writeHead(status, headers).end(JSON.stringify(said))
    }
    if (trouble === 'refuse') return void request.socket.destroy()
    if (trouble === '503') return void response.writeHead(503).end('try later')
    if (trouble === 'hang') return
    if (trouble === 'huge') return await pour(response.writeHead(200))
    if (trouble === 'nonsense') return void response.writeHead(200).end('<html>it works</html>')
    if (trouble === 'slow') await pause(SLOW_MS)
    const text = await forward(this.#target, body)
    const answer = trouble === 'other chain' && body.includes('eth_chainId') ? otherChain(body) : text
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
  }
}

const otherChain = (body: Buffer): string =>
  JSON.stringify({ jsonrpc: '2.0', id: (JSON.parse(body.toString()) as { id: unknown }).id, result: '0x1' })

/** On a free loopback port. */
export async function startTroubleProxy(target: string): Promise<TroubleProxy> {
  const proxy = new Proxy(target)
  const server = http.createServer((request, response) => {
    proxy.handle(request, response).catch(() => response.destroy()) // the chain itself may be away
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get trouble() {
      return proxy.trouble
    },
    set trouble(t) {
      proxy.trouble = t
    },
    get habit() {
      return proxy.habit
    },
    set habit(h) {
      proxy.habit = h
    },
    get troubled() {
      return proxy.troubled
    },
    stop: async () => {
      await proxy.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
