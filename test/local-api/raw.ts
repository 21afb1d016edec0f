/** HTTP by hand over a bare socket: what no client library would send. */
import { connect, type Socket } from 'node:net'

export interface Answer {
  /** Of the first response; 0 when the connection ended without one. */
  readonly status: number
  /** All that came back, also of further responses. */
  readonly text: string
  /** Whether the server has closed. */
  readonly closed: boolean
  readonly ms: number
}

export interface Door {
  readonly host: string
  readonly port: number
}

const TEXT_MAX = 1024 * 1024

export function open(door: Door, onError: () => void = () => undefined): Socket {
  const socket = connect(door)
  socket.on('error', onError)
  return socket
}

/** Sends bytes and reads until the server closes or is silent for `ms`. `send` may write in its own time. */
export function talk(
  door: Door,
  send: string | Buffer | ((socket: Socket) => void),
  ms = 1_500
): Promise<Answer> {
  return new Promise(resolve => {
    const begun = performance.now()
    let text = ''
    let closed = false
    const socket = open(door)
    const end = (): void => {
      clearTimeout(timer)
      socket.destroy()
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0)
      resolve({ status, text, closed, ms: performance.now() - begun })
    }
    let timer = setTimeout(end, ms)
    socket.on('data', chunk => {
      if (text.length < TEXT_MAX) text += chunk.toString('latin1')
      clearTimeout(timer)
      timer = setTimeout(end, Math.min(ms, 400))
    })
    socket.on('close', () => {
      closed = true
      end()
    })
    socket.on('connect', () => (typeof send === 'function' ? send(socket) : void socket.write(send)))
  })
}

/** Number of responses in what came back. */
export const responses = (a: Answer): number => a.text.match(/HTTP\/1\.[01] \d{3}/g)?.length ?? 0
