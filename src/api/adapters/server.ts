/** Serves the API on loopback and writes down where, for the commands of the same user. */
import { serve, type ServerType } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import { ShoalError } from '../../protocol/errors.ts'
import type { Files } from '../../protocol/ports/files.ts'
import type { Random } from '../../protocol/ports/random.ts'
import { createApi } from '../app.ts'
import type { Service } from '../service.ts'

export interface ApiServer {
  readonly url: string
  readonly token: string
  stop(): Promise<void>
}

export interface ApiServerParts {
  readonly service: Service
  readonly port: number
  /** Receives `{ url, token, pid, peer }`, readable by its owner only. */
  readonly file: string
  readonly files: Files
  readonly random: Random
  readonly version: string
}

/** Slow clients are cut off: a request must arrive within this many ms, its headers (or the first byte at all) much sooner. */
const REQUEST_MS = 15_000
const HEADERS_MS = 5_000
/** How often Node looks for slow ones; its default of 30 s would let a header trickle in for 45 s. */
const LOOK_MS = 1_000
/** Connections at most: far above all streams and commands, far below the limit of open files. */
const CONNECTIONS_MAX = 2_048

async function listen(server: ServerType, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new ShoalError('PORT_IN_USE', `port ${port} is in use`, {
              next: 'Give the API another port with --api-port, or 0 for any.',
              cause
            })
          : cause
      )
    )
  })
  return (server.address() as AddressInfo).port
}

/** PORT_IN_USE when the port is taken. */
export async function startApi(parts: ApiServerParts): Promise<ApiServer> {
  const token = Buffer.from(parts.random.bytes(32)).toString('hex')
  const app = createApi(parts.service, token, parts.version)
  const server = serve({
    fetch: app.fetch,
    hostname: '127.0.0.1',
    port: parts.port,
    serverOptions: {
      requestTimeout: REQUEST_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: LOOK_MS,
      maxHeaderSize: 16_384
    }
  })
  server.maxConnections = CONNECTIONS_MAX
  const url = `http://127.0.0.1:${await listen(server, parts.port)}`
  await parts.files.write(
    parts.file,
    new TextEncoder().encode(JSON.stringify({ url, token, pid: process.pid, peer: parts.service.id }))
  )
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await parts.files.remove(parts.file)
    await new Promise<void>(resolve => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    })
  }
  return { url, token, stop: async () => await (stopped ??= stop()) }
}
