/** What the commands ask of the machine itself. */
import { connect } from 'node:net'

/** Whether something takes a TCP connection there within `ms`. */
export function listens(host: string, port: number, ms: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (answer: boolean) => (): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(ms, end(false))
    socket.once('connect', end(true))
    socket.once('error', end(false))
  })
}

export const nodeVersion = (): string => process.versions.node
